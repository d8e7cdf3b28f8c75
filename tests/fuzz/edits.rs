//! Mutates ONNX graphs: the fuzzer's bytes are decoded as a sequence of edits.

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto,
    attribute_proto::AttributeType, tensor_proto::DataType,
};

/// Sizes, axes and bounds: usual ones, off by one, negative, and larger than any memory.
const NUMBERS: [i64; 24] = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    4,
    5,
    7,
    8,
    16,
    32,
    63,
    64,
    127,
    128,
    65_536,
    1 << 31,
    (1 << 31) - 1,
    1 << 32,
    1 << 40,
    1 << 62,
    i64::MAX,
    i64::MIN,
];
const FLOATS: [f32; 10] =
    [0.0, -0.0, 1.0, -1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE, 1e-40];
/// Operators that the runtime supports, and a few that it does not.
const OPS: [&str; 70] = [
    "Abs",
    "Add",
    "And",
    "Cast",
    "Clip",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "CumSum",
    "DequantizeLinear",
    "Div",
    "Dropout",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Gather",
    "GatherElements",
    "GatherND",
    "Gelu",
    "Gemm",
    "Greater",
    "GreaterOrEqual",
    "Identity",
    "IsInf",
    "IsNaN",
    "LayerNormalization",
    "Less",
    "LessOrEqual",
    "MatMul",
    "Max",
    "Min",
    "Mul",
    "Neg",
    "Not",
    "Or",
    "Pow",
    "QuantizeLinear",
    "Range",
    "Reciprocal",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Shape",
    "Sigmoid",
    "Size",
    "Slice",
    "Softmax",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Tile",
    "Transpose",
    "Trilu",
    "Unsqueeze",
    "Where",
    "MatMulNBits",
    "GatherBlockQuantized",
    "MatMulInteger",
    "DynamicQuantizeLinear",
    "If",
    "Loop",
    "Scan",
];
/// Operators in another domain, and later ones: in a list of their own, so that the inputs of the corpus keep their meaning.
const LATER_OPS: [(&str, &str); 22] = [
    ("", "Ceil"),
    ("", "Cos"),
    ("", "Floor"),
    ("", "Log"),
    ("", "Pad"),
    ("", "Round"),
    ("", "Sign"),
    ("", "Sin"),
    ("com.microsoft", "Attention"),
    ("com.microsoft", "BiasGelu"),
    ("com.microsoft", "DequantizeLinear"),
    ("com.microsoft", "EmbedLayerNormalization"),
    ("com.microsoft", "FastGelu"),
    ("com.microsoft", "FusedMatMul"),
    ("com.microsoft", "GatherBlockQuantized"),
    ("com.microsoft", "Gelu"),
    ("com.microsoft", "MatMulNBits"),
    ("com.microsoft", "MultiHeadAttention"),
    ("com.microsoft", "QuantizeLinear"),
    ("com.microsoft", "QuickGelu"),
    ("com.microsoft", "RotaryEmbedding"),
    ("com.microsoft", "SkipLayerNormalization"),
];
const ATTRIBUTES: [&str; 22] = [
    "axis",
    "axes",
    "perm",
    "to",
    "keepdims",
    "noop_with_empty_axes",
    "start",
    "end",
    "batch_dims",
    "block_size",
    "bits",
    "N",
    "K",
    "value",
    "allowzero",
    "upper",
    "transA",
    "transB",
    "alpha",
    "epsilon",
    "split",
    "num_outputs",
];

/// Edits the graph until the bytes run out.
pub fn edit(model: &mut ModelProto, u: &mut Unstructured) -> Result<()> {
    while !u.is_empty() {
        match u.int_in_range(0..=40)? {
            0 => model.opset_import.iter_mut().for_each(|opset| opset.version = NUMBERS[opset.version as usize % 24]),
            1 => model.graph = None,
            2 => {
                let number = u.int_in_range(0..=24)?;
                model.opset_import.iter_mut().for_each(|opset| opset.version = number);
            }
            kind => {
                if let Some(graph) = &mut model.graph {
                    edit_graph(graph, kind, u)?;
                }
            }
        }
    }
    Ok(())
}

fn edit_graph(graph: &mut GraphProto, kind: u32, u: &mut Unstructured) -> Result<()> {
    let values = values(graph);
    match kind {
        3..=5 => edit_list(&mut graph.node, u)?,
        6 => edit_list(&mut graph.input, u)?,
        7 => edit_list(&mut graph.output, u)?,
        8 => edit_list(&mut graph.initializer, u)?,
        9 => {
            if let Some(output) = any(&mut graph.output, u)? {
                output.name = u.choose(&values)?.clone();
            }
        }
        10 => {
            if let Some(input) = any(&mut graph.input, u)? {
                input.name = u.choose(&values)?.clone();
            }
        }
        11..=22 => {
            if let Some(tensor) = any(&mut graph.initializer, u)? {
                edit_tensor(tensor, u)?;
            }
        }
        // A new node whose output replaces an input of another node or the output of the graph.
        23 | 24 => {
            let name = format!("new {}", graph.node.len());
            let input = (0..u.int_in_range(0..=4)?).map(|_| Ok(u.choose(&values)?.clone())).collect::<Result<_>>()?;
            let op_type = u.choose(&OPS)?.to_string();
            let node = NodeProto { op_type, input, output: vec![name.clone()], ..NodeProto::default() };
            graph.node.push(node);
            if u.arbitrary()? {
                graph.output.iter_mut().for_each(|output| output.name.clone_from(&name));
            } else if let Some(node) = any(&mut graph.node, u)?
                && let Some(input) = any(&mut node.input, u)?
            {
                *input = name;
            }
        }
        // A small integer constant, as shapes use.
        25 | 26 => {
            let name = format!("numbers {}", graph.initializer.len());
            let count = u.int_in_range(0..=4)?;
            let int64_data = (0..count).map(|_| number(u)).collect::<Result<Vec<_>>>()?;
            let dims = if count == 1 && u.arbitrary()? { vec![] } else { vec![count as i64] };
            let data_type = DataType::Int64 as i32;
            graph.initializer.push(TensorProto {
                name: name.clone(),
                dims,
                data_type,
                int64_data,
                ..TensorProto::default()
            });
            if let Some(node) = any(&mut graph.node, u)?
                && let Some(input) = any(&mut node.input, u)?
            {
                *input = name;
            }
        }
        27 => {
            if let Some(node) = any(&mut graph.node, u)? {
                let (domain, op_type) = *u.choose(&LATER_OPS)?;
                (node.domain, node.op_type) = (domain.into(), op_type.into());
            }
        }
        _ => {
            if let Some(node) = any(&mut graph.node, u)? {
                edit_node(node, &values, u)?;
            }
        }
    }
    Ok(())
}

fn edit_node(node: &mut NodeProto, values: &[String], u: &mut Unstructured) -> Result<()> {
    match u.int_in_range(0..=11)? {
        0 => node.op_type = u.choose(&OPS)?.to_string(),
        1 => edit_list(&mut node.input, u)?,
        2 => edit_list(&mut node.attribute, u)?,
        3 => edit_list(&mut node.output, u)?,
        4 | 5 => {
            if let Some(input) = any(&mut node.input, u)? {
                *input = u.choose(values)?.clone();
            }
        }
        6 => {
            if let Some(input) = any(&mut node.input, u)? {
                input.clear();
            }
        }
        7 => {
            if let Some(output) = any(&mut node.output, u)? {
                *output = u.choose(values)?.clone();
            }
        }
        8 => {
            let (name, kind) = (u.choose(&ATTRIBUTES)?.to_string(), [AttributeType::Int, AttributeType::Ints]);
            let kind = *u.choose(&kind)? as i32;
            let ints = (0..u.int_in_range(0..=4)?).map(|_| number(u)).collect::<Result<_>>()?;
            node.attribute.push(AttributeProto {
                name,
                r#type: kind,
                i: number(u)?,
                ints,
                ..AttributeProto::default()
            });
        }
        _ => {
            if let Some(attribute) = any(&mut node.attribute, u)? {
                edit_attribute(attribute, u)?;
            }
        }
    }
    Ok(())
}

fn edit_attribute(attribute: &mut AttributeProto, u: &mut Unstructured) -> Result<()> {
    match u.int_in_range(0..=6)? {
        0 => attribute.name = u.choose(&ATTRIBUTES)?.to_string(),
        1 => attribute.r#type = u.int_in_range(0..=15)?,
        2 => attribute.f = *u.choose(&FLOATS)?,
        3 => edit_list(&mut attribute.ints, u)?,
        4 => {
            if let Some(int) = any(&mut attribute.ints, u)? {
                *int = number(u)?;
            }
        }
        5 => {
            if let Some(tensor) = &mut attribute.t {
                edit_tensor(tensor, u)?;
            }
        }
        _ => attribute.i = number(u)?,
    }
    Ok(())
}

fn edit_tensor(tensor: &mut TensorProto, u: &mut Unstructured) -> Result<()> {
    match u.int_in_range(0..=11)? {
        0 | 1 => {
            if let Some(dim) = any(&mut tensor.dims, u)? {
                *dim = number(u)?;
            }
        }
        2 => edit_list(&mut tensor.dims, u)?,
        3 => tensor.data_type = u.int_in_range(0..=24)?,
        4 => tensor.raw_data.truncate(u.arbitrary_len::<u8>()?),
        5 => {
            let bytes = u.choose(&FLOATS)?.to_le_bytes();
            let offset = u.int_in_range(0..=tensor.raw_data.len() / 4)? * 4;
            tensor.raw_data.iter_mut().skip(offset).zip(bytes).for_each(|(to, byte)| *to = byte);
        }
        6 => tensor.raw_data.fill(u.arbitrary()?),
        // An int64, in case the tensor is a shape.
        7 | 8 => {
            let bytes = number(u)?.to_le_bytes();
            let offset = u.int_in_range(0..=tensor.raw_data.len() / 8)? * 8;
            tensor.raw_data.iter_mut().skip(offset).zip(bytes).for_each(|(to, byte)| *to = byte);
        }
        9 => {
            tensor.data_location = Some(1);
            let entry = |(key, value): (&str, &str)| StringStringEntryProto { key: key.into(), value: value.into() };
            tensor.external_data = [("location", "/etc/passwd"), ("length", "4")].map(entry).into();
        }
        10 => tensor.int64_data.push(number(u)?),
        _ => tensor.float_data.push(*u.choose(&FLOATS)?),
    }
    Ok(())
}

/// Removes an element, copies one, or swaps two.
fn edit_list<T: Clone>(list: &mut Vec<T>, u: &mut Unstructured) -> Result<()> {
    if list.is_empty() {
        return Ok(());
    }
    let [a, b] = [u.choose_index(list.len())?, u.choose_index(list.len())?];
    match u.int_in_range(0..=2)? {
        0 => drop(list.remove(a)),
        1 => list.insert(a, list[b].clone()),
        _ => list.swap(a, b),
    }
    Ok(())
}

fn any<'a, T>(list: &'a mut [T], u: &mut Unstructured) -> Result<Option<&'a mut T>> {
    if list.is_empty() { Ok(None) } else { Ok(Some(&mut list[u.choose_index(list.len())?])) }
}

fn number(u: &mut Unstructured) -> Result<i64> {
    if u.ratio(1, 8)? { Ok(u.arbitrary::<i8>()?.into()) } else { Ok(*u.choose(&NUMBERS)?) }
}

/// The names of all values, and one that no value has.
fn values(graph: &GraphProto) -> Vec<String> {
    let outputs = graph.node.iter().flat_map(|node| &node.output);
    let names = graph.initializer.iter().map(|tensor| &tensor.name).chain(graph.input.iter().map(|input| &input.name));
    outputs.chain(names).cloned().chain(["nothing".into()]).collect()
}
