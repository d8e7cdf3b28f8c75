//! Converts float16 tensors to float32 as the file is read. Most of them are weights, which are quantised anyway, and
//! WebAssembly has no float16 arithmetic.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, TensorProto};
use tract_onnx::prelude::f16;

use crate::error::Error;

/// Converts all tensors and casts of a graph.
pub(in crate::graph) fn widen(graph: &mut GraphProto) -> Result<(), Error> {
    graph.initializer.iter_mut().try_for_each(widen_tensor)?;
    for node in &mut graph.node {
        let is_cast = node.op_type == "Cast";
        for attribute in &mut node.attribute {
            if is_cast && attribute.name == "to" && attribute.i == DataType::Float16 as i64 {
                attribute.i = DataType::Float as i64;
            }
            attribute.t.iter_mut().try_for_each(widen_tensor)?;
        }
    }
    Ok(())
}

fn widen_tensor(tensor: &mut TensorProto) -> Result<(), Error> {
    if tensor.data_type != DataType::Float16 as i32 {
        return Ok(());
    }
    let (pairs, rest) = tensor.raw_data.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Error::damaged_graph(format_args!(
            "the float16 tensor `{}` has an odd number of bytes",
            tensor.name
        )));
    }
    // A file stores the values either as bytes or as the bits of one i32 each.
    let bits = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).chain(tensor.int32_data.iter().map(|&n| n as u16));
    let floats = bits.flat_map(|bits| f16::from_bits(bits).to_f32().to_le_bytes()).collect();
    tensor.raw_data = floats;
    tensor.int32_data.clear();
    tensor.data_type = DataType::Float as i32;
    Ok(())
}
