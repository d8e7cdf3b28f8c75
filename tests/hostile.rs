//! Hostile model files: each is rejected with a code, quickly, and with little memory and stack. Includes the findings of
//! fuzzing.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use litmus_text::{Classifier, Error, ErrorKind, ModelFiles, Options};
use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto::{self, Value};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto,
};

/// The stack size of WebAssembly.
const STACK: usize = 1 << 20;

/// A graph from `input_ids` to the logits of two labels.
#[derive(Default)]
struct Graph(GraphProto);

impl Graph {
    fn op(&mut self, op: &str, output: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        self.0.node.push(NodeProto {
            op_type: op.into(),
            input: inputs.iter().map(|input| input.to_string()).collect(),
            output: vec![output.into()],
            attribute: attributes,
            ..NodeProto::default()
        });
        output.into()
    }

    fn integers(&mut self, name: &str, numbers: &[i64]) -> String {
        let dims = vec![numbers.len() as i64];
        self.tensor(name, &dims, DataType::Int64, numbers.iter().flat_map(|n| n.to_le_bytes()).collect())
    }

    fn tensor(&mut self, name: &str, dims: &[i64], data_type: DataType, raw_data: Vec<u8>) -> String {
        let (dims, data_type) = (dims.to_vec(), data_type as i32);
        self.0.initializer.push(TensorProto { name: name.into(), dims, data_type, raw_data, ..TensorProto::default() });
        name.into()
    }

    /// A constant of any size that takes a few bytes of the file.
    fn filled(&mut self, name: &str, shape: &[i64], value: f32) -> String {
        let shape = self.integers(&format!("{name}.shape"), shape);
        let t = TensorProto { dims: vec![1], data_type: 1, float_data: vec![value], ..TensorProto::default() };
        let value = AttributeProto { name: "value".into(), t: Some(t), ..kind(AttributeType::Tensor) };
        self.op("ConstantOfShape", name, &[&shape], vec![value])
    }

    /// The token ids as f32: batch × sequence × 1.
    fn ids(&mut self) -> String {
        let last = self.integers("last", &[2]);
        self.op("Cast", "ids", &["input_ids"], vec![int("to", 1)]);
        self.op("Unsqueeze", "column", &["ids", &last], vec![])
    }

    /// The file whose logits are the mean of a value of three axes.
    fn file(mut self, value: &str) -> Vec<u8> {
        self.op("ReduceMean", "mean", &[value], vec![ints("axes", &[1, 2]), int("keepdims", 0)]);
        let (second, pair) = (self.integers("second", &[1]), self.filled("pair", &[1, 2], 1.0));
        self.op("Unsqueeze", "mean column", &["mean", &second], vec![]);
        self.op("Mul", "logits", &["mean column", &pair], vec![]);
        self.bytes()
    }

    fn bytes(mut self) -> Vec<u8> {
        let shape = Some(TensorShapeProto::default());
        let tensor = type_proto::Tensor { elem_type: DataType::Int64 as i32, shape };
        let of_ids = TypeProto { value: Some(Value::TensorType(tensor)), ..TypeProto::default() };
        let info = |name: &str, r#type| ValueInfoProto { name: name.into(), r#type, ..ValueInfoProto::default() };
        self.0.input.push(info("input_ids", Some(of_ids)));
        self.0.output.push(info("logits", None));
        let opset = OperatorSetIdProto { domain: String::new(), version: 13 };
        let model =
            ModelProto { ir_version: 8, opset_import: vec![opset], graph: Some(self.0), ..ModelProto::default() };
        model.encode_to_vec()
    }
}

fn kind(kind: AttributeType) -> AttributeProto {
    AttributeProto { r#type: kind as i32, ..AttributeProto::default() }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, ..kind(AttributeType::Int) }
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.into(), ints: ints.to_vec(), ..kind(AttributeType::Ints) }
}

fn files() -> ModelFiles<'static> {
    ModelFiles::from_dir("tests/fixtures/bad/small-embedding").unwrap()
}

/// Loads a model with a small stack.
fn load(model: &[u8]) -> Result<Classifier, Error> {
    let small = std::thread::Builder::new().stack_size(STACK);
    std::thread::scope(|scope| {
        let load = || Classifier::from_bytes(&files().with("model.onnx", model));
        small.spawn_scoped(scope, load).unwrap().join().unwrap()
    })
}

#[track_caller]
fn rejection(model: &[u8]) -> ErrorKind {
    let error = load(model).expect_err("it loaded");
    assert!(!error.to_string().contains("panicked"), "{error}");
    error.kind()
}

#[test]
fn a_valid_file_works() {
    let mut graph = Graph::default();
    let ids = graph.ids();
    let classifier = load(&graph.file(&ids)).unwrap();
    assert_eq!(classifier.predict("the dog", &Options::default()).unwrap().scores.len(), 2);
}

#[test]
fn a_small_file_cannot_take_gigabytes() {
    type Make = fn(&mut Graph) -> String;
    let makes: [(&str, Make); 9] = [
        ("ConstantOfShape", |g| g.filled("huge", &[1, 1, 1 << 30], 1.0)),
        ("ConstantOfShape that wraps", |g| g.filled("huge", &[1 << 22, 1 << 22, 1 << 20], 1.0)),
        ("ConstantOfShape below zero", |g| g.filled("huge", &[1, 1, -4], 1.0)),
        ("Expand", |g| {
            let (one, shape) = (g.filled("one", &[1], 1.0), g.integers("shape", &[1 << 20, 1 << 20, 1 << 20]));
            g.op("Expand", "huge", &[&one, &shape], vec![])
        }),
        ("Tile", |g| {
            let (one, times) = (g.filled("one", &[1, 1, 1], 1.0), g.integers("times", &[1, 1 << 20, 1 << 20]));
            g.op("Tile", "huge", &[&one, &times], vec![])
        }),
        ("Tile below zero", |g| {
            let (one, times) = (g.filled("one", &[1, 1, 1], 1.0), g.integers("times", &[1, 1, -4]));
            g.op("Tile", "huge", &[&one, &times], vec![])
        }),
        ("Range", |g| {
            let mut number = |name: &str, n: i64| g.tensor(name, &[], DataType::Int64, n.to_le_bytes().into());
            let (start, end, step) = (number("start", 0), number("end", 1 << 40), number("step", 1));
            g.op("Range", "numbers", &[&start, &end, &step], vec![]);
            let axes = g.integers("range axes", &[0, 1]);
            g.op("Cast", "range", &["numbers"], vec![int("to", 1)]);
            g.op("Unsqueeze", "huge", &["range", &axes], vec![])
        }),
        ("Concat, doubling", |g| {
            let mut value = g.filled("doubled 0", &[1, 1, 1024], 1.0);
            for i in 1..40 {
                value = g.op("Concat", &format!("doubled {i}"), &[&value, &value], vec![int("axis", 2)]);
            }
            value
        }),
        ("an initializer", |g| g.tensor("huge", &[1 << 62, 1 << 62, 1], DataType::Float, vec![])),
    ];
    for (name, make) in makes {
        let mut graph = Graph::default();
        let (ids, huge) = (graph.ids(), make(&mut graph));
        graph.op("Mul", "product", &[&ids, &huge], vec![]);
        let file = graph.file("product");
        assert!(file.len() < 4096, "{name}");
        let error = load(&file).err().unwrap_or_else(|| panic!("{name} loaded"));
        let rejected = matches!(error.kind(), ErrorKind::ModelUnsupported | ErrorKind::ModelMalformed);
        assert!(rejected && !error.to_string().contains("panicked"), "{name}: {error}");
    }
}

/// tract computes sizes in i64, and lets them overflow.
#[test]
fn padding_without_bounds_is_rejected() {
    for sizes in [[-1, 0], [0, 1 << 30], [i64::MAX, i64::MAX]] {
        let mut graph = Graph::default();
        let ids = graph.ids();
        // The second axis depends on the text.
        let sizes = graph.integers("sizes", &[0, sizes[0], 0, 0, sizes[1], 0]);
        graph.op("Pad", "padded", &[&ids, &sizes], vec![]);
        assert_eq!(rejection(&graph.file("padded")), ErrorKind::ModelUnsupported);
    }
}

#[test]
fn a_text_cannot_take_gigabytes() {
    let mut graph = Graph::default();
    let (ids, wide) = (graph.ids(), graph.filled("wide", &[1, 1, 1 << 22], 1.0));
    graph.op("Mul", "product", &[&ids, &wide], vec![]);
    let config = br#"{"max_position_embeddings": 128, "id2label": {"0": "no", "1": "yes"}}"#;
    let files = files().with("config.json", config).with("model.onnx", graph.file("product"));
    let classifier = Classifier::from_bytes(&files).unwrap();
    // 82 tokens of 16 MiB in one row: a batch of several rows would be divided.
    let error = classifier.predict("the dog ".repeat(40), &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
}

#[test]
fn deep_graphs_are_loaded_or_rejected() {
    for (op, attributes) in [("Neg", vec![]), ("Identity", vec![]), ("Transpose", vec![ints("perm", &[0, 2, 1])])] {
        for count in [300, 25_000] {
            let mut graph = Graph::default();
            let mut value = graph.ids();
            for i in 0..count {
                value = graph.op(op, &format!("n{i}"), &[&value], attributes.clone());
            }
            let loaded = load(&graph.file(&value));
            match count {
                300 => assert!(loaded.unwrap().predict("the dog", &Options::default()).is_ok(), "{op}"),
                _ => assert_eq!(loaded.err().map(|e| e.kind()), Some(ErrorKind::ModelUnsupported), "{op}"),
            }
        }
    }
}

#[test]
fn deep_symbolic_sizes_terminate() {
    let mut graph = Graph::default();
    graph.ids();
    let (first, one) = (graph.integers("first", &[1]), graph.integers("one", &[1]));
    graph.op("Shape", "shape", &["input_ids"], vec![]);
    let mut size = graph.op("Gather", "size", &["shape", &first], vec![int("axis", 0)]);
    for i in 0..300 {
        let op = ["Add", "Mul", "Sub", "Div"][i % 4];
        size = graph.op(op, &format!("s{i}"), &[&size, if i % 3 == 0 { "size" } else { &one }], vec![]);
    }
    graph.op("Expand", "wide", &["column", &size], vec![]);
    let classifier = load(&graph.file("wide"));
    if let Ok(classifier) = classifier {
        let _ = classifier.predict("the dog", &Options::default());
    }
}

#[test]
fn cycles_are_rejected() {
    for cycle in [vec![("Neg", "a", "b"), ("Neg", "b", "a")], vec![("Neg", "a", "a")]] {
        let mut graph = Graph::default();
        let ids = graph.ids();
        for (op, output, input) in cycle {
            graph.op(op, output, &[input], vec![]);
        }
        graph.op("Add", "sum", &[&ids, "a"], vec![]);
        assert!(matches!(rejection(&graph.file("sum")), ErrorKind::ModelMalformed | ErrorKind::ModelUnsupported));
    }
    let mut graph = Graph::default();
    let ids = graph.ids();
    graph.op("Neg", "ids", &[&ids], vec![]);
    assert_eq!(rejection(&graph.file("ids")), ErrorKind::ModelMalformed, "a value that is defined twice");
}

#[test]
fn weights_that_are_not_finite_are_rejected() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for (dims, op) in [(vec![1, 4], "MatMul"), (vec![1, 1, 4], "Mul")] {
            let mut graph = Graph::default();
            let ids = graph.ids();
            let values = [1.0, bad, 2.0, 0.5].iter().flat_map(|v: &f32| v.to_le_bytes()).collect();
            let weight = graph.tensor("weight", &dims, DataType::Float, values);
            graph.op(op, "product", &[&ids, &weight], vec![]);
            let result = load(&graph.file("product")).and_then(|c| c.predict("the dog", &Options::default()));
            assert_eq!(result.unwrap_err().kind(), ErrorKind::ModelMalformed, "{op} with {bad}");
        }
    }
}

#[test]
fn only_files_of_the_model_are_read_as_external_data() {
    let outside = ErrorKind::ModelMalformed;
    let cases = [
        ("/etc/hostname", outside),
        ("../../../Cargo.toml", outside),
        ("./../Cargo.toml", outside),
        ("Cargo.toml", ErrorKind::ModelNotFound),
    ];
    for (location, expected) in cases {
        let entry = |(key, value): (&str, &str)| StringStringEntryProto { key: key.into(), value: value.into() };
        let tensor = TensorProto {
            name: "weight".into(),
            dims: vec![1, 1, 1],
            data_type: 1,
            data_location: Some(1),
            external_data: [("location", location), ("length", "4")].map(entry).into(),
            ..TensorProto::default()
        };
        let mut graph = Graph::default();
        let ids = graph.ids();
        graph.0.initializer.push(tensor.clone());
        graph.op("Mul", "product", &[&ids, "weight"], vec![]);
        assert_eq!(rejection(&graph.file("product")), expected, "{location}");
        let mut graph = Graph::default();
        let ids = graph.ids();
        let value = AttributeProto { name: "value".into(), t: Some(tensor), ..kind(AttributeType::Tensor) };
        graph.op("Constant", "weight", &[], vec![value]);
        graph.op("Mul", "product", &[&ids, "weight"], vec![]);
        assert_eq!(rejection(&graph.file("product")), ErrorKind::ModelUnsupported);
    }
}

#[test]
fn deep_nesting_is_rejected() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000)).into_bytes();
    let (arrays, objects) = (deep("[", "]"), deep("{\"a\":", "}"));
    for bytes in [&arrays[..], &objects] {
        for name in ["config.json", "tokenizer.json", "litmus.json"] {
            let error = Classifier::from_bytes(&files().with(name, bytes)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ModelMalformed, "{name}: {error}");
        }
    }
    // Nested graphs, as in `If`.
    let mut graph = GraphProto::default();
    for _ in 0..200 {
        let inner = AttributeProto { name: "then_branch".into(), g: Some(graph), ..kind(AttributeType::Graph) };
        let node = NodeProto { op_type: "If".into(), attribute: vec![inner], ..NodeProto::default() };
        graph = GraphProto { node: vec![node], ..GraphProto::default() };
    }
    assert_eq!(rejection(&Graph(graph).bytes()), ErrorKind::ModelMalformed);
}

/// Found by fuzzing: tract panics at each of them.
#[test]
fn constant_indices_out_of_bounds_are_rejected() {
    for index in [7, -8, i64::MAX, i64::MIN] {
        let mut graph = Graph::default();
        let (ids, index) = (graph.ids(), graph.integers("index", &[index]));
        let row = graph.tensor("row", &[1, 1, 4], DataType::Float, vec![0; 16]);
        graph.op("Gather", "picked", &[&row, &index], vec![int("axis", 2)]);
        graph.op("Mul", "product", &[&ids, "picked"], vec![]);
        assert_eq!(rejection(&graph.file("product")), ErrorKind::ModelUnsupported);
    }
}

/// Found by review: a quantised weight with no scales, or with an empty list of zero points.
#[test]
fn quantised_weights_without_scales_are_rejected() {
    use ErrorKind::{ModelMalformed, ModelUnsupported};
    // An empty list of zero points is valid, but here the weight is empty too, so nothing computes logits.
    for (scales, zeros, code) in [(0, 1, ModelMalformed), (1, 0, ModelUnsupported), (0, 0, ModelMalformed)] {
        let mut graph = Graph::default();
        let ids = graph.ids();
        let weight = graph.tensor("weight", &[1, 0], DataType::Int8, vec![]);
        let scale = graph.tensor("scale", &[scales], DataType::Float, vec![0; 4 * scales as usize]);
        let zero = graph.tensor("zero", &[zeros], DataType::Int8, vec![0; zeros as usize]);
        graph.op("DequantizeLinear", "values", &[&weight, &scale, &zero], vec![int("axis", 1)]);
        graph.op("MatMul", "product", &[&ids, "values"], vec![]);
        assert_eq!(rejection(&graph.file("product")), code, "{scales} scales, {zeros} zero points");
    }
}

/// Found by fuzzing: a `DequantizeLinear` whose output is unused or missing.
#[test]
fn unused_quantised_weights_are_rejected_or_left_out() {
    for outputs in [vec![], vec![String::new()], vec!["values".into()]] {
        let mut graph = Graph::default();
        let ids = graph.ids();
        let weight = graph.tensor("weight", &[1, 2], DataType::Int8, vec![1, 2]);
        let scale = graph.tensor("scale", &[], DataType::Float, vec![0; 4]);
        graph.op("DequantizeLinear", "values", &[&weight, &scale], vec![]);
        graph.0.node.last_mut().unwrap().output = outputs.clone();
        match load(&graph.file(&ids)) {
            Ok(classifier) => assert!(classifier.predict("the dog", &Options::default()).is_ok(), "{outputs:?}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ModelUnsupported, "{outputs:?}: {error}"),
        }
    }
}

/// Found by fuzzing: tract panics at string tensors.
#[test]
fn string_tensors_are_rejected() {
    let mut graph = Graph::default();
    let ids = graph.ids();
    let text = graph.tensor("text", &[1], DataType::String, vec![0]);
    graph.op("Mul", "product", &[&ids, &text], vec![]);
    assert_eq!(rejection(&graph.file("product")), ErrorKind::ModelUnsupported);
}

/// Found by fuzzing: tract panics at matrix products of types for which it has no kernel.
#[test]
fn matrix_products_of_other_types_are_rejected() {
    for to in [DataType::Int64, DataType::Bool, DataType::Uint16] {
        let mut graph = Graph::default();
        let ids = graph.ids();
        graph.op("Transpose", "row", &[&ids], vec![ints("perm", &[0, 2, 1])]);
        for value in [&ids, "row"] {
            graph.op("Cast", &format!("other {value}"), &[value], vec![int("to", to as i64)]);
        }
        graph.op("MatMul", "squares", &["other column", "other row"], vec![]);
        graph.op("Cast", "product", &["squares"], vec![int("to", 1)]);
        assert_eq!(rejection(&graph.file("product")), ErrorKind::ModelUnsupported, "{to:?}");
    }
}

/// Found by fuzzing: tract panics at symbolic ranges that are endless or negative.
#[test]
fn endless_and_negative_ranges_are_rejected() {
    for range in [[-1, 1], [1, -1], [1, 0], [0, 0]] {
        let mut graph = Graph::default();
        let ids = graph.ids();
        // A size of the graph: tract computes it symbolically.
        graph.op("Shape", "shape", &[&ids], vec![]);
        let (third, axis) = (graph.integers("third", &[2]), graph.integers("axis", &[0]));
        graph.op("Gather", "one", &["shape", &third], vec![int("axis", 0)]);
        graph.op("Squeeze", "first", &["one", &axis], vec![]);
        let [end, step] = [("end", range[0]), ("step", range[1])].map(|(name, number)| {
            let number = graph.integers(&format!("{name}.number"), &[number]);
            graph.op("Mul", &format!("{name}s"), &["one", &number], vec![]);
            graph.op("Squeeze", name, &[&format!("{name}s"), &axis], vec![])
        });
        graph.op("Sub", "start", &["first", "first"], vec![]);
        graph.op("Range", "range", &["start", &end, &step], vec![]);
        graph.op("Cast", "numbers", &["range"], vec![int("to", 1)]);
        graph.op("ReduceSum", "sum", &["numbers"], vec![int("keepdims", 0)]);
        graph.op("Mul", "product", &[&ids, "sum"], vec![]);
        assert_eq!(rejection(&graph.file("product")), ErrorKind::ModelUnsupported, "{range:?}");
    }
}

/// Found by fuzzing: tract panics at an integer division by 0.
#[test]
fn a_division_by_0_is_an_error() {
    let divided = |number: i64, computed: bool| {
        let mut graph = Graph::default();
        let ids = graph.ids();
        let mut by = graph.integers("number", &[number]);
        if computed {
            graph.op("Sub", "zeros", &["input_ids", "input_ids"], vec![]);
            by = graph.op("Add", "by", &["zeros", &by], vec![]);
        }
        graph.op("Div", "quotient", &["input_ids", &by], vec![]);
        graph.op("Cast", "numbers", &["quotient"], vec![int("to", 1)]);
        graph.op("Unsqueeze", "divided", &["numbers", "last"], vec![]);
        graph.op("Mul", "product", &[&ids, "divided"], vec![]);
        graph.file("product")
    };
    assert_eq!(rejection(&divided(0, false)), ErrorKind::ModelUnsupported);
    let error = load(&divided(0, true)).unwrap().predict("the dog", &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("division by 0"), "{error}");
    for computed in [false, true] {
        assert!(load(&divided(2, computed)).unwrap().predict("the dog", &Options::default()).is_ok());
    }
}

/// Found by fuzzing: tract divides by the size of a reduced axis.
#[test]
fn reducing_an_empty_axis_is_an_error() {
    let slice = |graph: &mut Graph, value: &str, start: i64, axis: i64| {
        let bounds = [("starts", start), ("ends", i64::MAX), ("axes", axis)];
        let [starts, ends, axes] = bounds.map(|(name, number)| graph.integers(name, &[number]));
        graph.op("Slice", "slice", &[value, &starts, &ends, &axes], vec![])
    };
    let mut graph = Graph::default();
    let ids = graph.ids();
    let nothing = slice(&mut graph, &ids, 1, 2);
    assert_eq!(rejection(&graph.file(&nothing)), ErrorKind::ModelUnsupported);
    // A short text has no fifth token, so the slice is empty.
    let mut graph = Graph::default();
    let ids = graph.ids();
    let rest = slice(&mut graph, &ids, 4, 1);
    let classifier = load(&graph.file(&rest)).unwrap();
    let error = classifier.predict("the dog", &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("of size 0"), "{error}");
    assert!(classifier.predict("the dog is happy", &Options::default()).is_ok());
}

/// Found by fuzzing: tract panics at a matrix product whose sizes differ from the graph's.
#[test]
fn a_matrix_product_of_mismatched_sizes_is_an_error() {
    // More matrices than the weights have; rows longer than the other matrix has rows.
    type Other = fn(&mut Graph, &str) -> String;
    let weights: Other = |graph, _| graph.filled("weights", &[4, 1, 2], 1.0);
    let mean: Other = |graph, ids| graph.op("ReduceMean", "one", &[ids], vec![ints("axes", &[1])]);
    for (order, by) in [([1, 0, 2], weights), ([0, 2, 1], mean)] {
        let mut graph = Graph::default();
        let ids = graph.ids();
        let by = by(&mut graph, &ids);
        graph.op("Transpose", "there", &[&ids], vec![ints("perm", &order)]);
        graph.op("MatMul", "product", &["there", &by], vec![]);
        graph.op("Transpose", "back", &["product"], vec![ints("perm", &order)]);
        let classifier = load(&graph.file("back")).unwrap();
        for text in ["the dog", "the", "the dog is happy", "the dog is happy the dog"] {
            match classifier.predict(text, &Options::default()) {
                Ok(prediction) => assert_eq!((order[0], prediction.tokens), (1, 4), "{text}"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Internal, "{text}: {error}");
                    assert!(!error.to_string().contains("panicked"), "{text}: {error}");
                }
            }
        }
    }
}
