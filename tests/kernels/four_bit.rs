//! 4-bit weights: each is within half a step of its exact value.

use super::kernels::four_bit::{BLOCK, FourBit};
use super::kernels::linear::PackedLinear;
use super::linear::run;
use super::{Random, STEP, assert_near, bits};

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
