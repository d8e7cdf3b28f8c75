//! Packs the weights of a linear layer into blocks, in the order in which the kernels read them.

use super::{Activation, MAX_INPUTS, OFFSET, PackedLinear, WEIGHT_LIMIT, Weights};
use crate::quantize::SMALLEST;
use crate::simd::{CHANNELS, F32x4, INPUTS, LANES, SCALED_INPUTS, interleave_channels, load_eight, store_eight};

impl PackedLinear {
    /// Packs integer weights with one scale per output, or finite f32 weights if `scales` is `None`. An output whose integers are all
    /// within ±[`WEIGHT_LIMIT`] keeps them; the weights of any other output are quantised to that range, and its scale is changed
    /// accordingly. `row(input, first)` returns an input's weights for the eight outputs from `first` on, with zeros after the last
    /// output.
    ///
    /// # Panics
    /// If there are more than [`MAX_INPUTS`] inputs, or not one scale per output.
    pub fn pack(
        inputs: usize,
        outputs: usize,
        scales: Option<&[f32]>,
        row: impl Fn(usize, usize) -> [F32x4; CHANNELS / LANES],
    ) -> Self {
        assert!(scales.is_none_or(|scales| scales.len() == outputs) && inputs <= MAX_INPUTS);
        let (blocks, block_len) = (outputs.div_ceil(CHANNELS), inputs.next_multiple_of(INPUTS) * CHANNELS);
        let mut packed = vec![0; blocks * block_len];
        let mut all_scales = scales.map_or_else(|| vec![1.0; outputs], <[f32]>::to_vec);
        all_scales.resize(blocks * CHANNELS, 0.0);
        for (block, packed) in packed.chunks_exact_mut(block_len.max(1)).enumerate() {
            let first = block * CHANNELS;
            let row = |input: usize| row(input, first);
            // The factor for the weights of each output that brings them within the limit.
            let mut ratios = [0.0; CHANNELS];
            for ((ratio, scale), largest) in
                ratios.iter_mut().zip(&mut all_scales[first..]).zip(largest_magnitudes(inputs, &row))
            {
                if scales.is_some() && largest <= WEIGHT_LIMIT {
                    *ratio = 1.0;
                    continue;
                }
                *scale *= largest / WEIGHT_LIMIT;
                *ratio = if largest < SMALLEST { 0.0 } else { WEIGHT_LIMIT / largest };
            }
            pack_block(inputs, &row, load_eight(&ratios), packed);
        }
        Self::from_int8(inputs, outputs, packed, all_scales)
    }

    /// Like [`pack`](Self::pack) without scales, for f32 weights in any order: `weight(input, output)` returns a weight.
    pub fn quantize(inputs: usize, outputs: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        Self::pack(inputs, outputs, None, |input, first| {
            let one = |i| if i < outputs { weight(input, i) } else { 0.0 };
            [first, first + LANES].map(|first| F32x4::load(&std::array::from_fn(|i| one(first + i))))
        })
    }

    /// Like [`pack`](Self::pack) with scales, for integer weights that are stored output by output: `row(output)` returns the weights of
    /// an output, one per input.
    ///
    /// # Panics
    /// If there are more than [`MAX_INPUTS`] inputs, or if a row has another length.
    pub fn pack_rows<'a>(inputs: usize, scales: &[f32], row: impl Fn(usize) -> &'a [i8]) -> Self {
        Self::pack_outputs(inputs, scales.len(), |output, to| scales[output] * fit_to_limit(row(output), to))
    }

    /// Packs integer weights: `write(output, to)` writes the weights of an output to `to`, one per input and within
    /// ±[`WEIGHT_LIMIT`], and returns their scale.
    ///
    /// # Panics
    /// If there are more than [`MAX_INPUTS`] inputs.
    pub fn pack_outputs(inputs: usize, outputs: usize, mut write: impl FnMut(usize, &mut [i8]) -> f32) -> Self {
        assert!(inputs <= MAX_INPUTS);
        let (stride, blocks) = (inputs.next_multiple_of(INPUTS), outputs.div_ceil(CHANNELS));
        let mut packed = vec![0; blocks * CHANNELS * stride];
        let mut scales = vec![0.0; blocks * CHANNELS];
        let mut rows = vec![0; CHANNELS * stride];
        for (block, packed) in packed.chunks_exact_mut((CHANNELS * stride).max(1)).enumerate() {
            let channels = block * CHANNELS..outputs.min((block + 1) * CHANNELS);
            rows[channels.len() * stride..].fill(0);
            for (channel, row) in channels.zip(rows.chunks_exact_mut(stride)) {
                scales[channel] = write(channel, &mut row[..inputs]);
            }
            interleave_channels(&rows, OFFSET as i8, packed);
        }
        Self::from_int8(inputs, outputs, packed, scales)
    }

    /// Packs 4-bit weights as they are: `write(output, nibbles, multiples)` writes the nibbles of an output, one per input, and the
    /// multiple of every [`SCALED_INPUTS`] inputs, from −7 to 7, and returns the scale of the output. `None` if `write` returns
    /// `None`, or if there are no inputs.
    ///
    /// # Panics
    /// If there are more than [`MAX_INPUTS`] inputs, or if their number is not a multiple of [`SCALED_INPUTS`].
    pub fn pack_four_bit(
        inputs: usize,
        outputs: usize,
        mut write: impl FnMut(usize, &mut [i8], &mut [i8]) -> Option<f32>,
    ) -> Option<Self> {
        assert!(inputs <= MAX_INPUTS && inputs.is_multiple_of(SCALED_INPUTS));
        if inputs == 0 {
            return None;
        }
        let (blocks, groups) = (outputs.div_ceil(CHANNELS), inputs / SCALED_INPUTS);
        let mut nibbles = vec![0; blocks * CHANNELS * inputs];
        let mut multiples = vec![0; blocks * CHANNELS * groups];
        let mut scales = vec![0.0; blocks * CHANNELS];
        let (mut rows, mut multiples_of_output) = (vec![0; CHANNELS * inputs], vec![0; groups]);
        for (block, nibbles) in nibbles.chunks_exact_mut(CHANNELS * inputs).enumerate() {
            let multiples = &mut multiples[block * CHANNELS * groups..][..CHANNELS * groups];
            let channels = block * CHANNELS..outputs.min((block + 1) * CHANNELS);
            for (i, channel) in channels.enumerate() {
                scales[channel] = write(channel, &mut rows[i * inputs..][..inputs], &mut multiples_of_output)?;
                for (to, multiple) in multiples[i..].iter_mut().step_by(CHANNELS).zip(&multiples_of_output) {
                    *to = *multiple;
                }
            }
            // Missing outputs of the last block keep nibbles of the block before: their multiples and scales are 0.
            interleave_channels(&rows, 0, nibbles);
        }
        let weights = Weights::FourBit { nibbles: nibbles.into(), multiples: multiples.into(), scales: scales.into() };
        Some(Self::without_bias(inputs, outputs, weights))
    }

    /// Packs f32 weights as they are, for a layer that computes in f32: `weight(input, output)` returns a weight.
    pub fn float32(inputs: usize, outputs: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        let mut packed = vec![0.0; outputs.next_multiple_of(CHANNELS) * inputs];
        for (block, packed) in packed.chunks_exact_mut((CHANNELS * inputs).max(1)).enumerate() {
            let (eights, _) = packed.as_chunks_mut::<CHANNELS>();
            for (input, eight) in eights.iter_mut().enumerate() {
                for (output, to) in (block * CHANNELS..outputs).zip(eight) {
                    *to = weight(input, output);
                }
            }
        }
        Self::without_bias(inputs, outputs, Weights::Float32(packed.into()))
    }

    /// A layer with packed integer weights, without an activation, whose bias is 0.
    fn from_int8(inputs: usize, outputs: usize, packed: Vec<i8>, scales: Vec<f32>) -> Self {
        Self::without_bias(inputs, outputs, Weights::Int8 { packed: packed.into(), scales: scales.into() })
    }

    /// A layer without an activation whose bias is 0.
    fn without_bias(inputs: usize, outputs: usize, weights: Weights) -> Self {
        let bias = vec![0.0; outputs.next_multiple_of(CHANNELS)];
        Self { inputs, outputs, weights, bias, activation: Activation::None }
    }
}

/// The largest magnitude of the weights of each of eight outputs. `row(input)` returns the weights of an input for these outputs.
#[inline(always)]
fn largest_magnitudes(inputs: usize, row: &impl Fn(usize) -> [F32x4; CHANNELS / LANES]) -> [f32; CHANNELS] {
    let mut largest = [F32x4::splat(0.0); CHANNELS / LANES];
    for input in 0..inputs {
        for (largest, weights) in largest.iter_mut().zip(row(input)) {
            *largest = largest.max(weights.abs());
        }
    }
    let mut eight = [0.0; CHANNELS];
    store_eight(largest[0], largest[1], &mut eight);
    eight
}

/// Packs one block: the weights of eight outputs, times `ratios`, rounded to integers, and plus [`OFFSET`].
#[inline(always)]
fn pack_block(
    inputs: usize,
    row: &impl Fn(usize) -> [F32x4; CHANNELS / LANES],
    ratios: [F32x4; CHANNELS / LANES],
    packed: &mut [i8],
) {
    let offset = F32x4::splat(OFFSET as f32);
    let (groups, _) = packed.as_chunks_mut::<{ CHANNELS * INPUTS }>();
    for (group, to) in groups.iter_mut().enumerate() {
        let mut rows = [[OFFSET as i8; CHANNELS]; INPUTS];
        for (input, quantized) in (group * INPUTS..inputs).zip(&mut rows) {
            let weights = row(input);
            let quantize = |half: usize| (weights[half] * ratios[half]).nearest() + offset;
            F32x4::store_i8(quantize(0), quantize(1), quantized);
        }
        for channel in 0..CHANNELS {
            for input in 0..INPUTS {
                to[channel * INPUTS + input] = rows[input][channel];
            }
        }
    }
}

/// Writes the weights of one output, quantised again if they are not all within ±[`WEIGHT_LIMIT`]. Returns the factor by which their
/// scale grows.
///
/// Not inlined, so that browsers optimise it while a model is loaded: see the documentation of the crate.
#[inline(never)]
fn fit_to_limit(row: &[i8], to: &mut [i8]) -> f32 {
    let largest = f32::from(row.iter().fold(0, |largest, value| value.unsigned_abs().max(largest)));
    if largest <= WEIGHT_LIMIT {
        to.copy_from_slice(row);
        return 1.0;
    }
    for (to, value) in to.iter_mut().zip(row) {
        *to = (f32::from(*value) * (WEIGHT_LIMIT / largest)).round_ties_even() as i8;
    }
    largest / WEIGHT_LIMIT
}
