//! The dot products with 4-bit weights: rows in tiles, blocks of weights, and the dot products in plain Rust.
//!
//! A 4-bit weight is `(nibble − 8) · multiple · scale`: 32 weights of an output share a multiple, an integer, and all of them the
//! scale. So the products of 32 inputs are summed in i16, multiplied by the multiple, and added up in i32, which takes fewer
//! instructions than sums in i32 alone. Each i16 sum has 16 products. It starts at −8 times the sum of their inputs, so that it
//! becomes Σ x · (nibble − 8), and is never beyond ±16 · 8 · 127 = ±16,256.

use super::layout::{CHANNELS, INPUTS, SCALED_INPUTS};

/// Rows of a tile.
pub const TILE_ROWS: usize = 4;
/// The nibble of the weight 0.
pub const ZERO_POINT: i8 = 8;

/// Rows in tiles of [`TILE_ROWS`]; or a single row, as a tile of its own.
#[derive(Clone, Copy)]
pub struct Tiles<'a> {
    /// `[tile][stride / INPUTS][row of the tile][INPUTS]`, each value from −127 to 127.
    pub values: &'a [i8],
    /// Zero-point corrections, the initial values of the i16 sums: `[tile][stride / SCALED_INPUTS][row of the tile]`, each −8
    /// times the sum of the first two of every four inputs, and −8 times that of the other two.
    pub corrections: &'a [[i16; 2]],
    /// The number of values of a row, a positive multiple of [`SCALED_INPUTS`].
    pub stride: usize,
}

/// The 4-bit weights of [`CHANNELS`] outputs.
#[derive(Clone, Copy)]
pub struct FourBitBlock<'a> {
    /// `[stride / INPUTS][CHANNELS][INPUTS]`, one nibble per byte, from 0 to 15.
    pub nibbles: &'a [i8],
    /// `[stride / SCALED_INPUTS][CHANNELS]`, each from −7 to 7.
    pub multiples: &'a [i8],
}

/// Computes the dot products of rows with the channels of a block. The last argument has one array of sums per row, for 1 row or a
/// multiple of [`TILE_ROWS`]; they are overwritten. Panics if the lengths do not match.
pub type FourBitDotProducts = fn(Tiles, FourBitBlock, &mut [[i32; CHANNELS]]);

impl Tiles<'_> {
    /// The rows of each tile.
    fn tile_rows(self) -> usize {
        if self.values.len() == self.stride { 1 } else { TILE_ROWS }
    }

    /// Panics unless the lengths match those of `block` and of so many sums.
    pub(super) fn assert_lengths(self, block: FourBitBlock, sums: usize) {
        let (stride, groups) = (self.stride, self.stride / SCALED_INPUTS);
        assert!(stride > 0 && stride.is_multiple_of(SCALED_INPUTS) && sums.is_multiple_of(self.tile_rows()));
        // Divided rather than multiplied: products could overflow.
        assert!(self.values.len().is_multiple_of(stride) && self.values.len() / stride == sums);
        assert!(block.nibbles.len().is_multiple_of(CHANNELS) && block.nibbles.len() / CHANNELS == stride);
        assert!(self.corrections.len() == sums * groups && block.multiples.len() == CHANNELS * groups);
    }
}

/// [`FourBitDotProducts`] in plain Rust, for kernels that have none of their own.
pub fn four_bit_dot_products(rows: Tiles, block: FourBitBlock, sums: &mut [[i32; CHANNELS]]) {
    rows.assert_lengths(block, sums.len());
    let tile_rows = rows.tile_rows();
    for (row, sums) in sums.iter_mut().enumerate() {
        let (tile, in_tile) = (row / tile_rows, row % tile_rows);
        *sums = [0; CHANNELS];
        for (scaled, multiples) in block.multiples.chunks_exact(CHANNELS).enumerate() {
            let [even, odd] = rows.corrections[(tile * rows.stride / SCALED_INPUTS + scaled) * tile_rows + in_tile];
            for (channel, sum) in sums.iter_mut().enumerate() {
                let mut products = i32::from(even) + i32::from(odd);
                for input in scaled * SCALED_INPUTS..(scaled + 1) * SCALED_INPUTS {
                    let (group, in_group) = (input / INPUTS, input % INPUTS);
                    let group_of_row = (tile * rows.stride / INPUTS + group) * tile_rows + in_tile;
                    let nibble = block.nibbles[(group * CHANNELS + channel) * INPUTS + in_group];
                    products += i32::from(rows.values[group_of_row * INPUTS + in_group]) * i32::from(nibble);
                }
                *sum += products * i32::from(multiples[channel]);
            }
        }
    }
}
