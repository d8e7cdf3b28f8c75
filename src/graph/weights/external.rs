//! External data: tensors whose bytes are in another file of the model's folder, as torch's exporter writes them by default
//! since 2.9.

use std::collections::HashMap;
use std::ops::Range;

use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{GraphProto, TensorProto};

use crate::error::{Error, ErrorKind};

/// The files beside `model.onnx`, by name.
pub(crate) trait ExternalFiles {
    /// The size of a file in bytes.
    fn size(&self, name: &str) -> Option<usize>;
    /// A part of a file; `None` where it has no such part.
    fn read(&self, name: &str, range: Range<usize>) -> Option<Vec<u8>>;
}

/// Moves the bytes of all tensors in other files into the graph.
pub(in crate::graph) fn inline(graph: &mut GraphProto, files: &dyn ExternalFiles) -> Result<(), Error> {
    let mut in_nodes = graph.node.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.t.as_ref());
    if let Some(tensor) = in_nodes.find(|tensor| is_external(tensor)) {
        return Err(Error::unsupported_graph(format_args!(
            "stores the constant `{}` in another file, where only weights may be",
            tensor.name
        )));
    }
    // Tensors that share bytes would take more memory than the size of their file.
    let mut totals: HashMap<String, usize> = HashMap::new();
    for tensor in graph.initializer.iter_mut().filter(|tensor| is_external(tensor)) {
        let (file, range) = locate(tensor, files)?;
        let total = totals.entry(file.clone()).or_default();
        *total += range.len();
        if files.size(&file).is_some_and(|size| *total > size) {
            return Err(damaged(tensor, &format!("shares bytes of {file} with another tensor")));
        }
        tensor.raw_data = files.read(&file, range).ok_or_else(|| damaged(tensor, "cannot be read from its file"))?;
        tensor.external_data.clear();
        tensor.data_location = None;
    }
    Ok(())
}

fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == Some(DataLocation::External as i32)
}

/// The file of a tensor, and the tensor's bytes in it.
fn locate(tensor: &TensorProto, files: &dyn ExternalFiles) -> Result<(String, Range<usize>), Error> {
    let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| &entry.value[..]);
    let number = |key: &str| match entry(key) {
        None => Ok(None),
        Some(value) => {
            value.parse::<usize>().map(Some).map_err(|_| damaged(tensor, &format!("has the {key} {value:?}")))
        }
    };
    let file = entry("location").unwrap_or_default();
    let file = file.strip_prefix("./").unwrap_or(file);
    if file.is_empty() || file == "." || file == ".." || file.contains(['/', '\\', ':', '\0']) {
        return Err(Error::malformed(format!(
            "model.onnx stores `{}` in {file:?}, which is not a file in the same folder: export it again",
            tensor.name
        )));
    }
    let Some(file_size) = files.size(file) else {
        return Err(Error::new(
            ErrorKind::ModelNotFound,
            format!("model.onnx stores its weights in {file}, which the model does not have: put it beside model.onnx"),
        ));
    };
    let size = size(tensor).ok_or_else(|| damaged(tensor, "has an invalid shape or type"))?;
    let (start, length) = (number("offset")?.unwrap_or(0), number("length")?.unwrap_or(size));
    if length != size {
        return Err(damaged(tensor, &format!("has {length} bytes in {file} instead of {size}")));
    }
    match start.checked_add(length).filter(|end| *end <= file_size) {
        Some(end) => Ok((file.into(), start..end)),
        None => Err(damaged(
            tensor,
            &format!("ends beyond the {file_size} bytes of {file}; perhaps that file is incomplete"),
        )),
    }
}

fn damaged(tensor: &TensorProto, what: &str) -> Error {
    Error::damaged_graph(format_args!("the tensor `{}` {what}", tensor.name))
}

/// The number of bytes of a tensor.
fn size(tensor: &TensorProto) -> Option<usize> {
    let count = tensor.dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(usize::try_from(dim).ok()?))?;
    let bits = match tensor.data_type {
        super::blocks::UINT4 | super::blocks::INT4 => 4,
        other => match DataType::try_from(other).ok()? {
            DataType::Int8 | DataType::Uint8 | DataType::Bool => 8,
            DataType::Int16 | DataType::Uint16 | DataType::Float16 | DataType::Bfloat16 => 16,
            DataType::Int32 | DataType::Uint32 | DataType::Float => 32,
            DataType::Int64 | DataType::Uint64 | DataType::Double => 64,
            _ => return None,
        },
    };
    Some(count.checked_mul(bits)?.div_ceil(8))
}
