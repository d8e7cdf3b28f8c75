//! Int8 weights are taken out of the file as they are, before tract would make f32 of them.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::type_proto::{self, Value};
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto};
use tract_onnx::prelude::*;

use super::weight::{QuantConst, QuantTensor};
use crate::error::Error;

/// The weights of a file, by the name of the f32 value that each stands for.
pub(super) struct QuantTensors(HashMap<String, Arc<QuantTensor>>);

impl QuantTensors {
    /// Takes each initializer that a `DequantizeLinear` makes f32, and the node with it: what the node gave becomes
    /// an input of the graph. Weights that int8 with a zero point of 0 cannot hold stay.
    pub(super) fn take(graph: &mut GraphProto) -> Result<Self, Error> {
        let mut at: HashMap<String, usize> = HashMap::new();
        for (i, tensor) in graph.initializer.iter().enumerate() {
            at.insert(tensor.name.clone(), i);
        }
        let mut taken = HashMap::new();
        let mut nodes = Vec::with_capacity(graph.node.len());
        for node in std::mem::take(&mut graph.node) {
            match take_one(&node, graph, &at)? {
                Some(tensor) => {
                    graph.input.push(float_input(&node.output[0], &tensor.shape));
                    taken.insert(node.output[0].clone(), Arc::new(tensor));
                }
                None => nodes.push(node),
            }
        }
        graph.node = nodes;
        let used: HashSet<&String> = graph.node.iter().flat_map(|node| &node.input).collect();
        graph.initializer.retain(|tensor| used.contains(&tensor.name));
        Ok(Self(taken))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Puts the weights where [`take`](Self::take) left inputs.
    pub(super) fn put(&self, model: &mut TypedModel) -> TractResult<()> {
        let inputs = model.input_outlets()?.to_vec();
        let mut kept = vec![];
        for outlet in inputs {
            match self.0.get(&model.node(outlet.node).name) {
                Some(tensor) => model.node_mut(outlet.node).op = Box::new(QuantConst(tensor.clone())),
                None => kept.push(outlet),
            }
        }
        model.set_input_outlets(&kept)
    }
}

fn take_one(
    node: &NodeProto,
    graph: &mut GraphProto,
    at: &HashMap<String, usize>,
) -> Result<Option<QuantTensor>, Error> {
    let named = |i: usize| node.input.get(i).filter(|name| !name.is_empty());
    let initializer = |i: usize| named(i).and_then(|name| at.get(name)).copied();
    let blocked = node.attribute.iter().any(|a| a.name == "block_size" && a.i != 0);
    let (Some(values), Some(scales)) = (initializer(0), initializer(1)) else { return Ok(None) };
    if node.op_type != "DequantizeLinear" || blocked || (named(2).is_some() && initializer(2).is_none()) {
        return Ok(None);
    }
    let name = &graph.initializer[values].name;
    let Some(scales) = floats(&graph.initializer[scales]) else { return Ok(None) };
    if scales.iter().any(|scale| !scale.is_finite()) {
        return Err(Error::malformed(format!("model.onnx is damaged: a scale of `{name}` is not a number")));
    }
    let shape: TVec<usize> =
        graph.initializer[values].dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(0)).collect();
    let axis = node.attribute.iter().find(|a| a.name == "axis").map_or(1, |a| a.i);
    let axis = if axis < 0 { axis + shape.len() as i64 } else { axis } as usize;
    if scales.len() != 1 && shape.get(axis) != Some(&scales.len()) {
        return Err(Error::malformed(format!(
            "model.onnx is damaged: `{name}` has {} scales along axis {axis} of {shape:?}",
            scales.len()
        )));
    }
    let zero_points = match initializer(2) {
        Some(i) => whole_numbers(&graph.initializer[i]),
        None => Some(vec![0]),
    };
    let Some(zero_point) = zero_points.and_then(|z| z.iter().all(|v| *v == z[0]).then_some(z[0])) else {
        return Ok(None);
    };
    let Some(values) = centred(&mut graph.initializer[values], zero_point) else { return Ok(None) };
    if values.len() != shape.iter().product::<usize>() {
        let name = &node.input[0];
        return Err(Error::malformed(format!(
            "model.onnx is damaged: `{name}` of {shape:?} has {} values",
            values.len()
        )));
    }
    Ok(Some(QuantTensor { shape, values: values.into(), scales, axis }))
}

/// The values less the zero point, where int8 holds them all; those are taken, not copied.
fn centred(tensor: &mut TensorProto, zero_point: i32) -> Option<Vec<i8>> {
    let is_int8 = tensor.data_type == DataType::Int8 as i32;
    if is_int8 && zero_point == 0 && !tensor.raw_data.is_empty() {
        // The same memory: a `Vec` collected from one whose items are as large.
        return Some(std::mem::take(&mut tensor.raw_data).into_iter().map(|byte| byte as i8).collect());
    }
    whole_numbers(tensor)?.into_iter().map(|value| i8::try_from(value - zero_point).ok()).collect()
}

/// The numbers of an 8-bit tensor.
fn whole_numbers(tensor: &TensorProto) -> Option<Vec<i32>> {
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

fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    if tensor.data_type != DataType::Float as i32 {
        return None;
    }
    if tensor.raw_data.is_empty() {
        return Some(tensor.float_data.clone());
    }
    let (fours, rest) = tensor.raw_data.as_chunks::<4>();
    rest.is_empty().then(|| fours.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

fn float_input(name: &str, shape: &[usize]) -> ValueInfoProto {
    let dim =
        |&size: &usize| Dimension { value: Some(dimension::Value::DimValue(size as i64)), ..Dimension::default() };
    let shape = TensorShapeProto { dim: shape.iter().map(dim).collect() };
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape: Some(shape) };
    let value = TypeProto { value: Some(Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.into(), r#type: Some(value), ..ValueInfoProto::default() }
}
