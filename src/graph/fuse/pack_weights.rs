//! Weights of the file in the packed form of the kernels of linear layers.

use crate::graph::weights::{Base, Int8, Values, Weight};
use crate::kernels::four_bit::{BLOCK, FourBit};
use crate::kernels::linear::{PackedLinear, WEIGHT_LIMIT};
use crate::kernels::simd::{CHANNELS, F32x4, kernel, load_eight};

/// Packs a weight for a linear layer, in integers or in f32. `inputs` are the axes of the weight that the layer sums
/// over, and `outputs` its other axes, both in the order of the layer, the last axis fastest. `None` if a float weight
/// is not finite.
pub(super) fn pack(weight: &Weight, inputs: &[usize], outputs: &[usize], float32: bool) -> Option<PackedLinear> {
    let outputs = weight.offsets(outputs).into_iter().map(|offset| weight.first + offset);
    let offsets = Offsets { inputs: weight.offsets(inputs), outputs: outputs.collect() };
    match &weight.base {
        Base::Quantized(tensor) if float32 => Some(offsets.float32(|offset| tensor.value(offset))),
        Base::Quantized(tensor) => Some(match &tensor.values {
            Values::FourBit(weights) => offsets.pack_four_bit(weights),
            Values::Int8(int8) => offsets.pack_int8(int8),
        }),
        Base::Float(tensor) => {
            let plain = tensor.try_as_plain_ram().ok()?;
            let values = plain.as_slice::<f32>().ok()?;
            if values.iter().any(|value| !value.is_finite()) {
                return None;
            }
            Some(if float32 { offsets.float32(|offset| values[offset]) } else { offsets.pack_floats(values) })
        }
    }
}

/// Where the weights of a layer are stored: that of input `i` for output `o` at the offset `inputs[i] + outputs[o]`.
struct Offsets {
    inputs: Vec<usize>,
    outputs: Vec<usize>,
}

impl Offsets {
    fn at(&self, input: usize, output: usize) -> usize {
        self.inputs[input] + self.outputs[output]
    }

    /// The layer in f32, of the weights that `value` returns for their offsets.
    fn float32(&self, value: impl Fn(usize) -> f32) -> PackedLinear {
        PackedLinear::float32(self.inputs.len(), self.outputs.len(), |i, o| value(self.at(i, o)))
    }

    /// The layer in integers, of the weights that `value` returns for their offsets. For any layout, but slow.
    fn quantize(&self, value: impl Fn(usize) -> f32) -> PackedLinear {
        PackedLinear::quantize(self.inputs.len(), self.outputs.len(), |i, o| value(self.at(i, o)))
    }

    fn pack_four_bit(&self, weights: &FourBit) -> PackedLinear {
        let (inputs, outputs) = (self.inputs.len(), self.outputs.len());
        let starts_block = |output| self.at(0, output).is_multiple_of(BLOCK);
        if !is_contiguous(&self.inputs) || !inputs.is_multiple_of(BLOCK) || !(0..outputs).all(starts_block) {
            return self.quantize(|offset| weights.value(offset));
        }
        if kernel().four_bit_dot_products.is_some()
            && let Some(layer) = PackedLinear::pack_four_bit(inputs, outputs, |output, nibbles, multiples| {
                weights.write_nibbles(self.at(0, output), WEIGHT_LIMIT, nibbles, multiples)
            })
        {
            return layer;
        }
        PackedLinear::pack_outputs(inputs, outputs, |output, to| {
            weights.requantize_row(self.at(0, output), WEIGHT_LIMIT, to)
        })
    }

    fn pack_int8(&self, int8: &Int8) -> PackedLinear {
        let (inputs, outputs) = (self.inputs.len(), self.outputs.len());
        let Some(scales) = self.scales_of_outputs(int8) else { return self.quantize(|offset| int8.value(offset)) };
        if is_contiguous(&self.inputs) {
            return PackedLinear::pack_rows(inputs, &scales, |output| &int8.values[self.at(0, output)..][..inputs]);
        }
        let output_offsets = OutputOffsets::new(&self.outputs);
        PackedLinear::pack(inputs, outputs, Some(&scales), |input, first| {
            let eight = output_offsets.load_eight(&int8.values[self.inputs[input]..], first);
            [[0, 1, 2, 3], [4, 5, 6, 7]].map(|lanes| F32x4::load_i8(&lanes.map(|lane| eight[lane])))
        })
    }

    /// The scale of each output, if it is that of the output's weights for all inputs. The scales of a tensor vary
    /// along one axis, so the weights of the first output and those of the last input show whether that axis is one of
    /// the outputs.
    fn scales_of_outputs(&self, int8: &Int8) -> Option<Vec<f32>> {
        let (inputs, outputs) = (self.inputs.len(), self.outputs.len());
        let last = inputs.checked_sub(1).filter(|_| outputs > 0)?;
        let scales: Vec<f32> = (0..outputs).map(|output| int8.scale(self.at(0, output))).collect();
        let first_output = (0..inputs).all(|input| int8.scale(self.at(input, 0)) == scales[0]);
        let last_input = (0..outputs).all(|output| int8.scale(self.at(last, output)) == scales[output]);
        (first_output && last_input).then_some(scales)
    }

    fn pack_floats(&self, values: &[f32]) -> PackedLinear {
        let output_offsets = OutputOffsets::new(&self.outputs);
        PackedLinear::pack(self.inputs.len(), self.outputs.len(), None, |input, first| {
            let eight = output_offsets.load_eight(&values[self.inputs[input]..], first);
            load_eight(&eight)
        })
    }
}

/// The offsets of outputs, of which eight are loaded at once where they lie side by side, as most exporters store them.
struct OutputOffsets<'a> {
    offsets: &'a [usize],
    contiguous: bool,
}

impl<'a> OutputOffsets<'a> {
    fn new(offsets: &'a [usize]) -> Self {
        Self { offsets, contiguous: is_contiguous(offsets) }
    }

    /// The weights of eight outputs from `first` on, with zeros after the last output.
    #[inline(always)]
    fn load_eight<T: Copy + Default>(&self, weights: &[T], first: usize) -> [T; CHANNELS] {
        match weights[self.offsets[first]..].first_chunk() {
            Some(eight) if self.contiguous && first + CHANNELS <= self.offsets.len() => *eight,
            _ => std::array::from_fn(|i| self.offsets.get(first + i).map_or(T::default(), |&offset| weights[offset])),
        }
    }
}

fn is_contiguous(offsets: &[usize]) -> bool {
    offsets.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::weights::QuantTensor;

    /// A slice of a weight whose scales vary along the inputs. Only the scale in the middle of the slice differs.
    #[test]
    fn the_scales_of_a_slice_are_those_at_its_own_offsets() {
        let scales = vec![1.0, 1.0, 1.0, 1.0, 9.0, 1.0];
        let values = Values::Int8(Int8 { values: vec![2; 6].into(), scales, run: 1 });
        let tensor = QuantTensor { axes: [(6, 1), (1, 1)].into_iter().collect(), values };
        let axes = [(3, 1), (1, 1)].into_iter().collect();
        let slice = Weight { base: Base::Quantized(tensor.into()), axes, first: 3 };
        let mut y = [0.0];
        pack(&slice, &[0], &[1], false).unwrap().run(&[0.0, 1.0, 0.0], &mut y);
        assert!((y[0] - 18.0).abs() < 0.2, "{y:?}");
    }
}
