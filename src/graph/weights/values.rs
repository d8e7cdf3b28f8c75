//! The values of a tensor of the file.

use tract_onnx::pb::TensorProto;
use tract_onnx::pb::tensor_proto::DataType;

/// The values of an int8 or uint8 tensor; `None` for other types.
pub(super) fn integers(tensor: &TensorProto) -> Option<Vec<i32>> {
    let is_int8 = tensor.data_type == DataType::Int8 as i32;
    if !is_int8 && tensor.data_type != DataType::Uint8 as i32 {
        return None;
    }
    if tensor.raw_data.is_empty() {
        return Some(tensor.int32_data.clone());
    }
    let bytes = tensor.raw_data.iter();
    Some(bytes.map(|&byte| if is_int8 { i32::from(byte as i8) } else { i32::from(byte) }).collect())
}

/// The values of a float32 tensor; `None` for other types.
pub(super) fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    if tensor.data_type != DataType::Float as i32 {
        return None;
    }
    if tensor.raw_data.is_empty() {
        return Some(tensor.float_data.clone());
    }
    let (fours, rest) = tensor.raw_data.as_chunks::<4>();
    rest.is_empty().then(|| fours.iter().map(|four| f32::from_le_bytes(*four)).collect())
}
