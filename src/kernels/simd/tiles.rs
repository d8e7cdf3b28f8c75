//! The dot products with 4-bit weights: rows in tiles, blocks of weights, and the dot products in plain Rust.
//!
//! A 4-bit weight is `(nibble − 8) · multiple · scale`: 32 weights of an output share a multiple, an integer, and all of them the
//! scale. So the products of 32 inputs with nibbles can be summed in i16, which takes fewer instructions than in i32. Each sum
//! is then multiplied by its multiple and added in i32.

use super::layout::{CHANNELS, INPUTS, SCALED_INPUTS};

/// Rows of a tile.
pub const TILE_ROWS: usize = 4;
/// The nibble of the weight 0.
pub const ZERO_NIBBLE: i8 = 8;

/// Rows in tiles of [`TILE_ROWS`]; or a single row, as a tile of its own.
#[derive(Clone, Copy)]
pub struct Tiles<'a> {
    /// A tile has, for every [`INPUTS`] inputs, those of each row in turn. Each value is from −127 to 127.
    pub values: &'a [i8],
    /// What the sums of a row start at: for every [`SCALED_INPUTS`] inputs of a tile, two values of each row in turn: −8 times the sum of
    /// the first two of every four inputs, and −8 times that of the other two. They make up for the nibbles, which are too large by 8.
    pub starts: &'a [[i16; 2]],
    /// The number of values of a row, a multiple of [`SCALED_INPUTS`].
    pub stride: usize,
}

/// The 4-bit weights of [`CHANNELS`] outputs.
#[derive(Clone, Copy)]
pub struct FourBitBlock<'a> {
    /// A nibble per byte, from 0 to 15, in the order that [`INPUTS`] describes.
    pub nibbles: &'a [i8],
    /// For every [`SCALED_INPUTS`] inputs, a multiple of each channel in turn, from −15 to 15.
    pub multiples: &'a [i8],
}

/// Computes the dot products of each row with each channel of a block. The last argument has a row of sums for each row, which
/// are overwritten. Panics if the lengths do not match.
pub type FourBitDotProducts = fn(Tiles, FourBitBlock, &mut [[i32; CHANNELS]]);

impl Tiles<'_> {
    /// The rows of each tile.
    pub fn tile_rows(self) -> usize {
        if self.values.len() == self.stride { 1 } else { TILE_ROWS }
    }

    /// Panics unless the lengths match those of `block` and of so many sums.
    pub(super) fn assert_lengths(self, block: FourBitBlock, sums: usize) {
        let scaled = self.stride / SCALED_INPUTS;
        assert!(self.stride.is_multiple_of(SCALED_INPUTS) && sums.is_multiple_of(self.tile_rows()));
        assert!(self.values.len() == sums * self.stride && self.starts.len() == sums * scaled);
        assert!(block.nibbles.len() == CHANNELS * self.stride && block.multiples.len() == CHANNELS * scaled);
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
            let start = rows.starts[(tile * rows.stride / SCALED_INPUTS + scaled) * tile_rows + in_tile];
            for (channel, sum) in sums.iter_mut().enumerate() {
                let mut products = i32::from(start[0]) + i32::from(start[1]);
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
