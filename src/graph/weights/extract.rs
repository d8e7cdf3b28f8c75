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
        let shared = names_read_twice(graph);
        let mut taken: HashMap<String, Arc<QuantTensor>> = HashMap::new();
        let mut nodes = Vec::with_capacity(graph.node.len());
        let mut source = BlockSource { indices, tables, shared, graph };
        for node in std::mem::take(&mut source.graph.node) {
            if let Some(blocks) = source.take_blocks(&node, |name| taken.contains_key(name))? {
                if let Some(tensor) = blocks.tensor {
                    taken.insert(blocks.name, Arc::new(tensor));
                }
                nodes.extend(blocks.node);
                continue;
            }
            let Some(dequantize) = Dequantize::find(&node, &source.indices) else {
                nodes.push(node);
                continue;
            };
            if let Some(vector) = dequantize.vector(source.graph) {
                source.graph.initializer.push(vector);
            } else if let Some(tensor) = dequantize.take_int8(source.graph, &source.shared)? {
                taken.insert(dequantize.output.to_owned(), Arc::new(tensor));
            } else {
                nodes.push(node);
            }
        }
        graph.node = nodes;
        let used: HashSet<&String> = graph.node.iter().flat_map(|node| &node.input).collect();
        graph.initializer.retain(|tensor| used.contains(&tensor.name) && !taken.contains_key(&tensor.name));
        Ok(Self(taken))
    }

    /// The shape of the weight of this name.
    pub(in crate::graph) fn shape(&self, name: &str) -> Option<TVec<usize>> {
        self.0.get(name).map(|tensor| tensor.shape())
    }

    /// The weight of this name as an op of the graph.
    pub(in crate::graph) fn constant(&self, name: &str) -> Option<QuantConst> {
        self.0.get(name).cloned().map(QuantConst)
    }
}

/// The names of values that nodes read more than once.
fn names_read_twice(graph: &GraphProto) -> HashSet<String> {
    let mut seen = HashSet::new();
    let names = graph.node.iter().flat_map(|node| &node.input);
    names.filter(|name| !seen.insert(*name)).cloned().collect()
}

/// A `DequantizeLinear` of an initializer, without blocks. Its inputs are indices of initializers.
struct Dequantize<'a> {
    node: &'a NodeProto,
    /// The name of the f32 values.
    output: &'a str,
    values: usize,
    scales: usize,
    zero_points: Option<usize>,
}

impl<'a> Dequantize<'a> {
    fn find(node: &'a NodeProto, indices: &HashMap<String, usize>) -> Option<Self> {
        let named = |input: usize| node.input.get(input).filter(|name| !name.is_empty());
        let initializer = |input: usize| named(input).and_then(|name| indices.get(name)).copied();
        let zero_points = initializer(2);
        if node.op_type != "DequantizeLinear" || (named(2).is_some() && zero_points.is_none()) {
            return None;
        }
        let output = node.output.first().filter(|name| !name.is_empty())?;
        Some(Self { node, output, values: initializer(0)?, scales: initializer(1)?, zero_points })
    }

    /// The zero points; 0 if the node has none. `None` if they are not 8-bit integers.
    fn zero_points(&self, graph: &GraphProto) -> Option<Vec<i32>> {
        self.zero_points.map_or_else(|| Some(vec![0]), |index| integers(&graph.initializer[index]))
    }

    /// Takes the weights out of the graph. `shared` has the names of initializers that other nodes read, too. `None` if
    /// the weights are no int8 with a zero point of 0.
    fn take_int8(&self, graph: &mut GraphProto, shared: &HashSet<String>) -> Result<Option<QuantTensor>, Error> {
        if self.node.attribute.iter().any(|a| a.name == "block_size" && a.i != 0) {
            return Ok(None);
        }
        let Some(scales) = floats(&graph.initializer[self.scales]) else { return Ok(None) };
        let TensorProto { name, dims, .. } = &graph.initializer[self.values];
        let shape: TVec<usize> = dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(0)).collect();
        if scales.iter().any(|scale| !scale.is_finite()) {
            return Err(Error::damaged_graph(format_args!("a scale of `{name}` is not finite")));
        }
        let axis = self.node.attribute.iter().find(|a| a.name == "axis").map_or(1, |a| a.i);
        let axis = if axis < 0 { axis + shape.len() as i64 } else { axis } as usize;
        if scales.is_empty() || scales.len() != 1 && shape.get(axis) != Some(&scales.len()) {
            return Err(Error::damaged_graph(format_args!(
                "`{name}` has {} scales along axis {axis} of {shape:?}",
                scales.len()
            )));
        }
        let same = |z: Vec<i32>| z.first().copied().filter(|first| z.iter().all(|v| v == first));
        let Some(zero_point) = self.zero_points(graph).and_then(same) else { return Ok(None) };
        let is_shared = shared.contains(name);
        let tensor = &mut graph.initializer[self.values];
        let Some(values) = subtract_zero_point(tensor, zero_point, is_shared) else { return Ok(None) };
        if values.len() != shape.iter().product::<usize>() {
            let name = &tensor.name;
            return Err(Error::damaged_graph(format_args!("`{name}` of {shape:?} has {} values", values.len())));
        }
        // A single scale applies to all values, whatever the axis.
        let run = shape.iter().skip(axis.saturating_add(1)).product();
        let values = Values::Int8(Int8 { values: values.into(), scales, run });
        Ok(Some(QuantTensor { axes: row_major(&shape), values }))
    }

    /// The f32 values of a vector, such as gains and biases: ops read them as they are. `None` if it is no vector, or
    /// of a type or size that does not fit.
    fn vector(&self, graph: &GraphProto) -> Option<TensorProto> {
        let values = Some(&graph.initializer[self.values]).filter(|tensor| tensor.dims.len() == 1)?;
        let (numbers, scales) = (integers(values)?, floats(&graph.initializer[self.scales])?);
        let zero_points = self.zero_points(graph)?;
        let fits = |count: usize| count == 1 || count == numbers.len();
        if !fits(scales.len()) || !fits(zero_points.len()) {
            return None;
        }
        let value = |(i, number): (usize, &i32)| {
            let zero_point = zero_points[i % zero_points.len()];
            (*number as f32 - zero_point as f32) * scales[i % scales.len()]
        };
        Some(TensorProto {
            name: self.output.to_owned(),
            dims: values.dims.clone(),
            data_type: DataType::Float as i32,
            float_data: numbers.iter().enumerate().map(value).collect(),
            ..TensorProto::default()
        })
    }
}

/// The values minus the zero point, if all of them fit in int8. Where possible, the values are moved out of the tensor,
/// unless other nodes read it (`is_shared`).
fn subtract_zero_point(tensor: &mut TensorProto, zero_point: i32, is_shared: bool) -> Option<Vec<i8>> {
    let is_int8 = tensor.data_type == DataType::Int8 as i32;
    if is_int8 && zero_point == 0 && !tensor.raw_data.is_empty() && !is_shared {
        // Collecting into a `Vec` of items of the same size reuses the memory.
        return Some(std::mem::take(&mut tensor.raw_data).into_iter().map(|byte| byte as i8).collect());
    }
    let centred = |value: i32| i8::try_from(value.checked_sub(zero_point)?).ok();
    integers(tensor)?.into_iter().map(centred).collect()
}
