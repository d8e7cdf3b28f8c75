//! 4-bit weights: requantised ones are within half a step of their exact values, and layers that keep them give the same bits.

use super::kernels::four_bit::{BLOCK, FourBit};
use super::kernels::linear::PackedLinear;
use super::kernels::simd::{FourBitBlock, FourBitDotProducts, Tiles, four_bit_dot_products};
use super::linear::{extreme_values, rows, run};
use super::{NOT_FINITE, Random, STEP, assert_near, bits, with_each_kernel};

/// The limits of linear layers and of embedding tables.
const LIMITS: [f32; 2] = [63.0, 127.0];

/// The integers and scales of rows of `blocks` blocks.
pub(super) fn requantize(packed: &[u8], scales: &[f32], blocks: usize, limit: f32) -> (Vec<i8>, Vec<f32>) {
    let weights = FourBit::new(packed.to_vec(), scales.to_vec());
    // Whatever was in the memory before is overwritten.
    let mut values = vec![99; weights.count()];
    let rows = values.chunks_mut((blocks * BLOCK).max(1)).enumerate();
    let scales = rows.map(|(row, to)| weights.requantize_row(row * blocks * BLOCK, limit, to)).collect();
    (values, scales)
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_weight_is_close() {
    let random = &mut Random(1);
    for limit in LIMITS {
        for blocks in [2, 3, 12] {
            for rows in 1..=9 {
                let packed: Vec<u8> = (0..rows * blocks * BLOCK / 2).map(|_| random.bits() as u8).collect();
                let mut scales = random.values(rows * blocks, 0.1);
                scales[0] *= 1e3;
                let (values, row_scales) = requantize(&packed, &scales, blocks, limit);
                let exact = FourBit::new(packed.clone(), scales.clone());
                for (i, &value) in values.iter().enumerate() {
                    let nibble = i32::from(packed[i / 2] >> (4 * (i % 2)) & 15);
                    assert_eq!(exact.value(i), (nibble - 8) as f32 * scales[i / BLOCK]);
                    let (row, scale) = (i / (blocks * BLOCK), f64::from(scales[i / BLOCK]));
                    let row_scale = f64::from(row_scales[row]);
                    let actual = f32::from(value) * row_scales[row];
                    assert_near(actual, f64::from(nibble - 8) * scale, row_scale * STEP, (limit, blocks, rows, i));
                }
                for row in values.chunks(blocks * BLOCK) {
                    assert_eq!(row.iter().map(|value| value.unsigned_abs()).max(), Some(limit as u8));
                }
            }
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn scales_with_a_common_unit_are_exact() {
    let random = &mut Random(2);
    for limit in LIMITS {
        for blocks in [1, 2, 12, 48] {
            let max_multiple = limit as u64 / 8;
            let unit = f32::from_bits(random.values(1, 0.1)[0].abs().to_bits() & 0xffff_0000);
            let mut multiples: Vec<f32> = (0..blocks).map(|_| (1 + random.bits() % max_multiple) as f32).collect();
            // So that no larger unit divides all multiples.
            multiples[0] = 1.0;
            let sign = |random: &mut Random| if random.bits() & 1 == 0 { 1.0 } else { -1.0 };
            let scales: Vec<f32> = multiples.iter().map(|multiple| multiple * unit * sign(random)).collect();
            let packed: Vec<u8> = (0..blocks * BLOCK / 2).map(|_| random.bits() as u8).collect();
            let (values, row_scales) = requantize(&packed, &scales, blocks, limit);
            assert_eq!(row_scales, [unit]);
            for (i, &value) in values.iter().enumerate() {
                let nibble = i32::from(packed[i / 2] >> (4 * (i % 2)) & 15);
                assert_eq!(f32::from(value) * unit, (nibble - 8) as f32 * scales[i / BLOCK], "{limit} {blocks} {i}");
            }
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn zeros_stay_zeros() {
    // The nibble 8 is the weight 0 with any scale; with the scale 0 every nibble is.
    for (byte, scale) in [(0x88, 3.0), (0x3f, 0.0), (0x88, 0.0), (0x0f, 1e-42)] {
        let (values, scales) = requantize(&[byte; BLOCK], &[scale; 2], 2, 63.0);
        assert_eq!(values, vec![0; 2 * BLOCK]);
        assert!(scales.len() == 1 && scales[0].is_finite(), "{scales:?}");
    }
    assert_eq!(requantize(&[], &[], 0, 63.0), (vec![], vec![]));
}

/// A layer packed from 4-bit weights is the one packed from the integers that they become.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn packed_layers_have_the_requantised_weights() {
    let random = &mut Random(3);
    for (blocks, outputs) in
        [1, 2, 3, 12].into_iter().flat_map(|blocks| [1, 7, 8, 9, 24].map(|outputs| (blocks, outputs)))
    {
        let inputs = blocks * BLOCK;
        let packed: Vec<u8> = (0..outputs * inputs / 2).map(|_| random.bits() as u8).collect();
        let block_scales = random.values(outputs * blocks, 0.1);
        let (values, scales) = requantize(&packed, &block_scales, blocks, 63.0);
        let weights = FourBit::new(packed, block_scales);
        let from_rows = PackedLinear::pack_rows(inputs, &scales, |output| &values[output * inputs..][..inputs]);
        let from_blocks =
            PackedLinear::pack_outputs(inputs, outputs, |output, to| weights.requantize_row(output * inputs, 63.0, to));
        let x = random.values(5 * inputs, 3.0);
        assert_eq!(bits(&run(&from_blocks, &x)), bits(&run(&from_rows, &x)), "{inputs} inputs, {outputs} outputs");
    }
}

/// A layer that keeps its 4-bit weights gives the same bits as one with the integers that they become, by every kernel.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn layers_of_four_bit_weights_give_the_same_bits() {
    let random = &mut Random(4);
    for (blocks, outputs) in
        [1, 2, 3, 12, 48].into_iter().flat_map(|blocks| [1, 7, 8, 9, 24].map(|outputs| (blocks, outputs)))
    {
        let inputs = blocks * BLOCK;
        // Random nibbles, and outputs whose sums are the largest.
        let mut packed: Vec<u8> = (0..outputs * inputs / 2).map(|_| random.bits() as u8).collect();
        packed[..inputs / 2].fill([0x00, 0xff, 0x0f][outputs % 3]);
        // Powers of two, so that all multiples are exact; 0 for the last output.
        let unit = |output: usize| if output == outputs - 1 && outputs > 1 { 0.0 } else { 2f32.powi(-(output as i32)) };
        let scale = |i: usize, multiple: u64| (multiple as f32 - 7.0) * unit(i / blocks);
        let scales: Vec<f32> = (0..outputs * blocks).map(|i| scale(i, random.bits() % 15)).collect();
        let weights = FourBit::new(packed, scales);
        let pack = |output: usize, nibbles: &mut [i8], multiples: &mut [i8]| {
            weights.write_nibbles(output * inputs, 63.0, nibbles, multiples)
        };
        let four_bit = PackedLinear::pack_four_bit(inputs, outputs, pack).expect("the scales have a common unit");
        let integers =
            PackedLinear::pack_outputs(inputs, outputs, |output, to| weights.requantize_row(output * inputs, 63.0, to));
        // With 1,536 inputs, 84 rows are a panel: 85 rows leave a panel of one.
        for count in (0..=9).chain([84, 85, 130]) {
            let mut x = rows(random, inputs, count);
            // The largest values.
            x.iter_mut().take(inputs).for_each(|value| *value = 1.0);
            if count == 9 {
                x[inputs] = NOT_FINITE[outputs % 3];
            }
            with_each_kernel(|kernel| {
                let expected = bits(&run(&integers, &x));
                assert_eq!(bits(&run(&four_bit, &x)), expected, "{kernel}: {count} rows, {inputs} by {outputs}");
            });
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn scales_without_a_common_unit_are_not_kept() {
    for scales in [[0.1, 0.17], [1.0, 8.0], [1e-42, 1e-42]] {
        let weights = FourBit::new(vec![0x5a; BLOCK], scales.to_vec());
        let [mut nibbles, mut multiples] = [vec![0; 2 * BLOCK], vec![0; 2]];
        assert_eq!(weights.write_nibbles(0, 63.0, &mut nibbles, &mut multiples), None, "{scales:?}");
    }
    assert!(PackedLinear::pack_four_bit(0, 8, |_, _, _| Some(1.0)).is_none());
}

/// The dot products themselves, with the extremes of all values.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_kernel_computes_the_integers_of_four_bit_weights() {
    let random = &mut Random(5);
    let own: Vec<FourBitDotProducts> = super::available().filter_map(|kernel| kernel.four_bit_dot_products).collect();
    assert_eq!(own.is_empty(), super::available().all(|kernel| kernel.name != "relaxed-dot-i16x8"));
    for (blocks, count) in [1, 2, 12].into_iter().flat_map(|blocks| [1, 4, 8].map(|count| (blocks, count))) {
        let (stride, tile) = (blocks * BLOCK, if count == 1 { 1 } else { 4 });
        for kinds in 0..16 {
            let values = extreme_values(random, count * stride, [-127, 127], kinds / 4);
            let nibbles = extreme_values(random, 8 * stride, [0, 15], kinds % 4);
            let multiples = extreme_values(random, 8 * blocks, [-7, 7], kinds % 4);
            let x = |row: usize, k: usize| {
                i32::from(values[((row / tile * stride / 4 + k / 4) * tile + row % tile) * 4 + k % 4])
            };
            let weight = |channel: usize, k: usize| {
                (i32::from(nibbles[k / 4 * 32 + channel * 4 + k % 4]) - 8) * i32::from(multiples[k / 32 * 8 + channel])
            };
            let mut corrections = vec![[0i16; 2]; count * blocks];
            for (row, k) in (0..count).flat_map(|row| (0..stride).map(move |k| (row, k))) {
                corrections[(row / tile * blocks + k / 32) * tile + row % tile][k % 4 / 2] -= 8 * x(row, k) as i16;
            }
            let sum = |row: usize, channel: usize| (0..stride).map(|k| x(row, k) * weight(channel, k)).sum();
            let expected: Vec<[i32; 8]> =
                (0..count).map(|row| std::array::from_fn(|channel| sum(row, channel))).collect();
            for dot_products in own.iter().copied().chain([four_bit_dot_products as FourBitDotProducts]) {
                let mut sums = vec![[7; 8]; count];
                let rows = Tiles { values: &values, corrections: &corrections, stride };
                dot_products(rows, FourBitBlock { nibbles: &nibbles, multiples: &multiples }, &mut sums);
                assert!(sums == expected, "{count} rows of {stride}, {kinds}");
            }
        }
    }
}
