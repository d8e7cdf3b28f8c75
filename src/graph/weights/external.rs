//! External data: tensors whose bytes are in another file of the model's folder, as torch's exporter writes them by default
//! since 2.9.

#[cfg(not(target_arch = "wasm32"))]
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::ops::Range;

use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{GraphProto, TensorProto};

use crate::error::{Error, ErrorKind};
use crate::file_content;

/// As many bytes as it takes to recognise a file that is something else.
const START: usize = 64;

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
        let (file, file_size) = find_file(tensor, files)?;
        if !totals.contains_key(&file) {
            let start = files.read(&file, 0..file_size.min(START));
            file_content::check(&file, &start.unwrap_or_default())?;
        }
        let range = locate(tensor, &file, file_size)?;
        let total = totals.entry(file.clone()).or_default();
        *total += range.len();
        if *total > file_size {
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

/// The name and the size of a tensor's file.
fn find_file(tensor: &TensorProto, files: &dyn ExternalFiles) -> Result<(String, usize), Error> {
    let location = entry(tensor, "location").unwrap_or_default();
    let Some(file) = file_name(location) else {
        return Err(Error::malformed(format!(
            "model.onnx stores `{}` in {location:?}, which is not a file in the same folder: export it again",
            tensor.name
        )));
    };
    match files.size(file) {
        Some(size) => Ok((file.into(), size)),
        None => Err(Error::new(
            ErrorKind::ModelNotFound,
            format!("model.onnx stores its weights in {file}, which the model does not have: put it beside model.onnx"),
        )),
    }
}

/// The file of a location; `None` where it is not in the folder of the graph.
fn file_name(location: &str) -> Option<&str> {
    let file = location.strip_prefix("./").unwrap_or(location);
    let is_name = !["", ".", ".."].contains(&file) && !file.contains(['/', '\\', ':', '\0']);
    is_name.then_some(file)
}

fn entry<'a>(tensor: &'a TensorProto, key: &str) -> Option<&'a str> {
    tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| &entry.value[..])
}

/// A tensor's bytes in its file.
fn locate(tensor: &TensorProto, file: &str, file_size: usize) -> Result<Range<usize>, Error> {
    let number = |key: &str| match entry(tensor, key) {
        None => Ok(None),
        Some(value) => {
            value.parse::<usize>().map(Some).map_err(|_| damaged(tensor, &format!("has the {key} {value:?}")))
        }
    };
    let size = size(tensor).ok_or_else(|| damaged(tensor, "has an invalid shape or type"))?;
    let (start, length) = (number("offset")?.unwrap_or(0), number("length")?.unwrap_or(size));
    if length != size {
        return Err(damaged(tensor, &format!("has {length} bytes in {file} instead of {size}")));
    }
    match start.checked_add(length).filter(|end| *end <= file_size) {
        Some(end) => Ok(start..end),
        None => Err(damaged(
            tensor,
            &format!("ends beyond the {file_size} bytes of {file}; perhaps that file is incomplete"),
        )),
    }
}

/// The names of the files in which a graph stores weights, in its own folder. None if the graph is damaged.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn external_files(graph: &[u8]) -> BTreeSet<String> {
    let file = <locations::File as prost::Message>::decode(graph).unwrap_or_default();
    let tensors = file.graph.into_iter().flat_map(|graph| graph.initializer);
    let entries = tensors.flat_map(|tensor| tensor.external_data).filter(|entry| entry.key == "location");
    entries.filter_map(|entry| file_name(&entry.value).map(str::to_owned)).collect()
}

/// The messages of an ONNX file as far as they name other files: the weights in it are skipped instead of copied. The tags are
/// those of onnx.proto.
#[cfg(not(target_arch = "wasm32"))]
mod locations {
    use tract_onnx::pb::StringStringEntryProto;

    #[derive(prost::Message)]
    pub(super) struct File {
        #[prost(message, optional, tag = "7")]
        pub graph: Option<Graph>,
    }

    #[derive(prost::Message)]
    pub(super) struct Graph {
        #[prost(message, repeated, tag = "5")]
        pub initializer: Vec<Tensor>,
    }

    #[derive(prost::Message)]
    pub(super) struct Tensor {
        #[prost(message, repeated, tag = "13")]
        pub external_data: Vec<StringStringEntryProto>,
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
