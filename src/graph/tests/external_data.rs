//! Weights that are stored in another file.

use prost::Message;
use tract_onnx::pb::{ModelProto, TensorProto};

use super::FOLDER;
use crate::error::ErrorKind;
use crate::inference::encoder::TractEncoder;
use crate::load_options::Precision;
use crate::model::ModelFiles;

/// Many tensors at one place of a file would take more memory than the file.
#[test]
fn external_data_are_not_multiplied() {
    let file = "minilm-dynamo20-eager-external.onnx";
    let mut proto = ModelProto::decode(&std::fs::read(format!("{FOLDER}/{file}")).unwrap()[..]).unwrap();
    let graph = proto.graph.as_mut().unwrap();
    let first = graph.initializer.iter().find(|tensor| tensor.external_data.len() > 1).unwrap().clone();
    graph.initializer.extend((0..9999).map(|i| TensorProto { name: format!("copy {i}"), ..first.clone() }));
    let files = ModelFiles::new().with(format!("{file}.data"), std::fs::read(format!("{FOLDER}/{file}.data")).unwrap());
    let read = TractEncoder::read(&mut &proto.encode_to_vec()[..], &files, Some(3), Precision::Auto);
    let error = read.err().expect("it was accepted");
    assert_eq!(error.kind(), ErrorKind::ModelMalformed);
    assert!(error.to_string().contains("shares bytes"), "{error}");
}

/// Weights in another file: it must be there, in the same folder, and large enough.
#[test]
fn wrong_external_data_are_rejected() {
    let file = "minilm-dynamo20-eager-external.onnx";
    let data = std::fs::read(format!("{FOLDER}/{file}.data")).unwrap();
    let read = |data: &[u8], key: &str, value: &str| {
        let mut proto = ModelProto::decode(&std::fs::read(format!("{FOLDER}/{file}")).unwrap()[..]).unwrap();
        let tensors = proto.graph.as_mut().unwrap().initializer.iter_mut();
        let entries = tensors.flat_map(|tensor| &mut tensor.external_data);
        entries.filter(|entry| entry.key == key).for_each(|entry| entry.value = value.into());
        let files = ModelFiles::new().with(format!("{file}.data"), data).with("other", data);
        TractEncoder::read(&mut &proto.encode_to_vec()[..], &files, Some(3), Precision::Auto).err()
    };
    assert!(read(&data, "", "").is_none());
    assert!(read(&data, "location", "other").is_none());
    let cases: [(&[u8], &str, &str, ErrorKind, &str); 8] = [
        (&data, "location", "absent.data", ErrorKind::ModelNotFound, "absent.data"),
        (&data, "location", "../other", ErrorKind::ModelMalformed, "same folder"),
        (&data, "location", "/other", ErrorKind::ModelMalformed, "same folder"),
        (&data, "location", "C:other", ErrorKind::ModelMalformed, "same folder"),
        (&data, "location", "", ErrorKind::ModelMalformed, "same folder"),
        (&data[..100], "", "", ErrorKind::ModelMalformed, "that file is incomplete"),
        (&data, "length", "4", ErrorKind::ModelMalformed, "instead of"),
        (&data, "offset", "-1", ErrorKind::ModelMalformed, "has the offset \"-1\""),
    ];
    for (data, key, value, kind, message) in cases {
        let error = read(data, key, value).unwrap_or_else(|| panic!("{key} {value:?} was accepted"));
        assert_eq!(error.kind(), kind, "{key} {value:?}: {error}");
        assert!(error.to_string().contains(message), "{key} {value:?}: {error}");
    }
}
