//! Takes quantised weights out of the file before tract would convert them to f32: int8 weights behind
//! `DequantizeLinear`, and weights in [`blocks`](super::blocks).

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};
use tract_onnx::prelude::*;

use super::blocks::BlockSource;
use super::quant_tensor::{Int8, QuantConst, QuantTensor, Values, row_major};
use super::values::{floats, integers};
use crate::error::Error;

/// The quantised weights of a file, by the name of the f32 value that each represents.
pub(in crate::graph) struct QuantTensors(HashMap<String, Arc<QuantTensor>>);

impl QuantTensors {
    /// Takes out each initializer that a `DequantizeLinear` reads, together with that node, and weights in blocks. Weights
    /// that int8 with a zero point of 0 cannot hold stay in the graph.
    pub(in crate::graph) fn take(graph: &mut GraphProto) -> Result<Self, Error> {
        let named = graph.initializer.iter().enumerate().map(|(index, tensor)| (tensor.name.clone(), index));
        let indices: HashMap<String, usize> = named.collect();
        let gathers = graph.node.iter().filter(|node| node.op_type == "Gather");
        let tables = gathers.filter_map(|node| node.input.first().cloned()).collect();
        let mut taken: HashMap<String, Arc<QuantTensor>> = HashMap::new();
        let mut nodes = Vec::with_capacity(graph.node.len());
        let mut source = BlockSource { indices, tables, graph };
        for node in std::mem::take(&mut source.graph.node) {
            if let Some(blocks) = source.take_blocks(&node, |name| taken.contains_key(name))? {
                if let Some(tensor) = blocks.tensor {
                    taken.insert(blocks.name, Arc::new(tensor));
                }
                nodes.extend(blocks.node);
            } else if let Some(vector) = dequantized_vector(&node, source.graph, &source.indices) {
                source.graph.initializer.push(vector);
            } else if let Some((name, tensor)) = take_int8(&node, source.graph, &source.indices)? {
                taken.insert(name, Arc::new(tensor));
            } else {
                nodes.push(node);
            }
        }
        graph.node = nodes;
        let used: HashSet<&String> = graph.node.iter().flat_map(|node| &node.input).collect();
        graph.initializer.retain(|tensor| used.contains(&tensor.name) && !taken.contains_key(&tensor.name));
        Ok(Self(taken))
    }

    pub(in crate::graph) fn shape(&self, name: &str) -> Option<TVec<usize>> {
        self.0.get(name).map(|tensor| tensor.shape())
    }

    /// The weight of this name as an op of the graph.
    pub(in crate::graph) fn constant(&self, name: &str) -> Option<QuantConst> {
        self.0.get(name).cloned().map(QuantConst)
    }
}

/// The output name of a `DequantizeLinear` of int8 weights, and the weights.
fn take_int8(
    node: &NodeProto,
    graph: &mut GraphProto,
    indices: &HashMap<String, usize>,
) -> Result<Option<(String, QuantTensor)>, Error> {
    let named = |i: usize| node.input.get(i).filter(|name| !name.is_empty());
    let initializer = |i: usize| named(i).and_then(|name| indices.get(name)).copied();
    let blocked = node.attribute.iter().any(|a| a.name == "block_size" && a.i != 0);
    let output = node.output.first().filter(|name| !name.is_empty());
    let (Some(values), Some(scales), Some(output)) = (initializer(0), initializer(1), output) else { return Ok(None) };
    if node.op_type != "DequantizeLinear" || blocked || (named(2).is_some() && initializer(2).is_none()) {
        return Ok(None);
    }
    let name = &graph.initializer[values].name;
    let Some(scales) = floats(&graph.initializer[scales]) else { return Ok(None) };
    if scales.iter().any(|scale| !scale.is_finite()) {
        return Err(Error::damaged_graph(format_args!("a scale of `{name}` is not finite")));
    }
    let shape: TVec<usize> =
        graph.initializer[values].dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(0)).collect();
    let axis = node.attribute.iter().find(|a| a.name == "axis").map_or(1, |a| a.i);
    let axis = if axis < 0 { axis + shape.len() as i64 } else { axis } as usize;
    if scales.is_empty() || scales.len() != 1 && shape.get(axis) != Some(&scales.len()) {
        return Err(Error::damaged_graph(format_args!(
            "`{name}` has {} scales along axis {axis} of {shape:?}",
            scales.len()
        )));
    }
    let zero_points = match initializer(2) {
        Some(i) => integers(&graph.initializer[i]),
        None => Some(vec![0]),
    };
    let same = |z: Vec<i32>| z.first().copied().filter(|first| z.iter().all(|v| v == first));
    let Some(zero_point) = zero_points.and_then(same) else { return Ok(None) };
    let Some(values) = subtract_zero_point(&mut graph.initializer[values], zero_point) else { return Ok(None) };
    if values.len() != shape.iter().product::<usize>() {
        let name = &node.input[0];
        return Err(Error::damaged_graph(format_args!("`{name}` of {shape:?} has {} values", values.len())));
    }
    // A single scale applies to all values, whatever the axis.
    let run = shape.iter().skip(axis.saturating_add(1)).product();
    let values = Values::Int8(Int8 { values: values.into(), scales, run });
    Ok(Some((output.clone(), QuantTensor { axes: row_major(&shape), values })))
}

/// The values minus the zero point, if all of them fit in int8. The values are moved out where possible.
fn subtract_zero_point(tensor: &mut TensorProto, zero_point: i32) -> Option<Vec<i8>> {
    let is_int8 = tensor.data_type == DataType::Int8 as i32;
    if is_int8 && zero_point == 0 && !tensor.raw_data.is_empty() {
        // Collecting into a `Vec` of items of the same size reuses the memory.
        return Some(std::mem::take(&mut tensor.raw_data).into_iter().map(|byte| byte as i8).collect());
    }
    let centred = |value: i32| i8::try_from(value.checked_sub(zero_point)?).ok();
    integers(tensor)?.into_iter().map(centred).collect()
}

/// The f32 values of a `DequantizeLinear` of one axis, such as gains and biases: ops read them.
fn dequantized_vector(node: &NodeProto, graph: &GraphProto, indices: &HashMap<String, usize>) -> Option<TensorProto> {
    let tensor = |i: usize| Some(&graph.initializer[*indices.get(node.input.get(i)?)?]);
    let values = tensor(0).filter(|tensor| node.op_type == "DequantizeLinear" && tensor.dims.len() == 1)?;
    let (numbers, scales) = (integers(values)?, floats(tensor(1)?)?);
    let zero_points = match node.input.get(2).filter(|name| !name.is_empty()) {
        Some(_) => integers(tensor(2)?)?,
        None => vec![0],
    };
    let fits = |count: usize| count == 1 || count == numbers.len();
    if !fits(scales.len()) || !fits(zero_points.len()) {
        return None;
    }
    let value = |(i, number): (usize, &i32)| {
        let zero_point = zero_points[i % zero_points.len()];
        (*number as f32 - zero_point as f32) * scales[i % scales.len()]
    };
    Some(TensorProto {
        name: node.output.first()?.clone(),
        dims: values.dims.clone(),
        data_type: DataType::Float as i32,
        float_data: numbers.iter().enumerate().map(value).collect(),
        ..TensorProto::default()
    })
}
