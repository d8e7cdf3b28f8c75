//! Head files: linear layers on the encoder's features. ARCHITECTURE.md has the format.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::files::{GRAPH, ModelFiles, TOKENIZER};
use crate::error::{Error, ErrorKind};

const MAGIC: &[u8; 8] = b"LITMUSH1";
const FORMAT: u32 = 1;
/// The header and int8 weights are followed by zeros up to a multiple of this, counted from the start of the file.
const ALIGNMENT: usize = 8;

/// A linear layer from the encoder's features to one value per row.
pub(crate) struct Head {
    header: Header,
    /// Row-major, rows × features.
    weights: Vec<f32>,
    /// One per row.
    biases: Vec<f32>,
}

#[derive(Deserialize)]
struct Header {
    format: u32,
    kind: Kind,
    labels: Vec<String>,
    /// Size of the vector that the head reads.
    features: usize,
    temperature: f32,
    /// One per label.
    thresholds: Option<Vec<f32>>,
    /// The [`encoder_id`] of the encoder whose features the head reads.
    encoder: String,
    dtype: DType,
    /// Size of the embedding; other heads have one row per label.
    rows: Option<usize>,
}

/// What the values of the rows are.
#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Logits of labels of which a text has one.
    Single,
    /// Logits of labels of which a text can have several.
    Multi,
    /// An embedding, without labels.
    Embedding,
}

/// How the weights are stored.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum DType {
    F32,
    /// With one f32 scale per row.
    I8,
}

/// Checks all heads among the files of a model: each must be undamaged, and of the encoder beside it.
///
/// `features` is the size of the graph's output `features`.
pub(super) fn check_all(files: &ModelFiles, features: Option<usize>) -> Result<(), Error> {
    let mut encoder = None;
    for (name, bytes) in files.heads() {
        let head = Head::read(bytes).map_err(|reason| malformed(format!("{name} is damaged: {reason}")))?;
        let encoder = match &encoder {
            Some(encoder) => encoder,
            None => encoder.insert(encoder_id(files)?),
        };
        head.check_encoder(encoder, features).map_err(|reason| {
            Error::new(ErrorKind::HeadMismatch, format!("{name} does not belong to this encoder: {reason}"))
        })?;
    }
    Ok(())
}

/// The id of an encoder: the SHA-256 over `model.onnx` followed by `tokenizer.json`, in hexadecimal.
fn encoder_id(files: &ModelFiles) -> Result<String, Error> {
    let digest = Sha256::new().chain_update(files.require(GRAPH)?).chain_update(files.require(TOKENIZER)?).finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn malformed(message: String) -> Error {
    Error::new(ErrorKind::HeadMalformed, message)
}

impl Head {
    /// Reads and checks a head file. The error is the reason why it is damaged.
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut file = Reader { bytes, offset: 0 };
        let magic = file.take(MAGIC.len())?;
        if magic != MAGIC {
            return Err(format!("it begins with {magic:?}, expected {MAGIC:?}"));
        }
        let length = file.take(4)?.try_into().map(u32::from_le_bytes).map_err(|e| e.to_string())?;
        let header: Header = serde_json::from_slice(file.take(length as usize)?).map_err(|e| format!("header: {e}"))?;
        header.check()?;
        file.align()?;
        let (rows, features) = (header.rows(), header.features);
        let count = rows.checked_mul(features).ok_or("rows × features overflows")?;
        let head = match header.dtype {
            DType::F32 => Self { weights: file.floats(count)?, biases: file.floats(rows)?, header },
            DType::I8 => {
                let quantised: Vec<i8> = file.take(count)?.iter().map(|&byte| byte as i8).collect();
                file.align()?;
                let scales = file.floats(rows)?;
                let scaled =
                    |(row, &scale): (&[i8], &f32)| row.iter().map(|&q| f32::from(q) * scale).collect::<Vec<_>>();
                let weights = quantised.chunks_exact(features).zip(&scales).flat_map(scaled).collect();
                Self { weights, biases: file.floats(rows)?, header }
            }
        };
        match file.bytes.len() - file.offset {
            0 => {}
            rest => return Err(format!("{rest} bytes follow after {rows} × {features} weights and {rows} biases")),
        }
        match head.weights.iter().chain(&head.biases).find(|value| !value.is_finite()) {
            Some(value) => Err(format!("a weight is {value}")),
            None => Ok(head),
        }
    }

    /// Compares the head with an encoder. The error is the difference.
    fn check_encoder(&self, encoder: &str, features: Option<usize>) -> Result<(), String> {
        let Header { encoder: own, features: size, .. } = &self.header;
        if own != encoder {
            return Err(format!("`encoder` is {own}, but the SHA-256 of model.onnx and tokenizer.json is {encoder}"));
        }
        match features {
            Some(features) if features == *size => Ok(()),
            Some(features) => Err(format!("it reads {size} features, but model.onnx gives {features}")),
            None => Err(format!("model.onnx has no output `features` of the shape [batch, {size}]")),
        }
    }
}

impl Header {
    fn rows(&self) -> usize {
        self.rows.unwrap_or(self.labels.len())
    }

    fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("`format` is {}, supported is {FORMAT}", self.format));
        }
        if self.features == 0 || self.rows() == 0 {
            return Err(format!("it has {} rows of {} features, expected at least one", self.rows(), self.features));
        }
        let expected = if self.kind == Kind::Embedding { 0 } else { self.rows() };
        if self.labels.len() != expected {
            return Err(format!("it has {} labels, expected {expected}", self.labels.len()));
        }
        if let Some(label) = self.labels.iter().enumerate().find_map(|(i, l)| self.labels[..i].contains(l).then_some(l))
        {
            return Err(format!("it has the label {label:?} twice"));
        }
        if !(self.temperature.is_finite() && self.temperature > 0.0) {
            return Err(format!("`temperature` must be a number above 0, not {}", self.temperature));
        }
        let thresholds = self.thresholds.as_deref().unwrap_or_default();
        if self.thresholds.is_some() && (self.kind != Kind::Multi || thresholds.len() != self.labels.len()) {
            return Err("`thresholds` must be one number per label of a head of the kind \"multi\", or null".into());
        }
        match thresholds.iter().find(|threshold| !(0.0..=1.0).contains(*threshold)) {
            Some(threshold) => Err(format!("`thresholds` must be from 0 to 1, not {threshold}")),
            None => Ok(()),
        }
    }
}

/// The bytes of a file, read from its start to its end.
struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let rest = &self.bytes[self.offset..];
        let taken = rest.get(..length).ok_or_else(|| {
            format!("it ends after {} bytes, {length} were expected from byte {}", self.bytes.len(), self.offset)
        })?;
        self.offset += length;
        Ok(taken)
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f32>, String> {
        let bytes = self.take(count.checked_mul(4).ok_or("rows × features overflows")?)?;
        let (values, _) = bytes.as_chunks();
        Ok(values.iter().map(|&value| f32::from_le_bytes(value)).collect())
    }

    /// Skips the zeros up to the next multiple of [`ALIGNMENT`].
    fn align(&mut self) -> Result<(), String> {
        let padding = self.take(self.offset.next_multiple_of(ALIGNMENT) - self.offset)?;
        match padding.iter().all(|&byte| byte == 0) {
            true => Ok(()),
            false => Err(format!("the padding before byte {} is {padding:?}, expected zeros", self.offset)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A head file, as models/train/heads.py writes it.
    fn file(header: &Value, sections: &[&[u8]]) -> Vec<u8> {
        let header = header.to_string();
        let mut bytes = [MAGIC, &(header.len() as u32).to_le_bytes()[..], header.as_bytes()].concat();
        for section in sections {
            bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
            bytes.extend_from_slice(section);
        }
        bytes
    }

    fn le(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    /// The header of a head with two labels on three features.
    fn header() -> Value {
        json!({
            "format": 1, "task": "test", "kind": "multi", "labels": ["a", "b"], "features": 3, "temperature": 1.5,
            "thresholds": [0.25, 0.5], "encoder": "00", "dtype": "f32",
        })
    }

    const VALUES: [f32; 8] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.5, -0.5];

    fn with(key: &str, value: Value) -> Vec<u8> {
        let mut header = header();
        header[key] = value;
        file(&header, &[&le(&VALUES)])
    }

    impl Head {
        fn apply(&self, features: &[f32]) -> Vec<f32> {
            let rows = self.weights.chunks_exact(features.len()).zip(&self.biases);
            rows.map(|(row, bias)| row.iter().zip(features).map(|(w, x)| w * x).sum::<f32>() + bias).collect()
        }
    }

    fn reason(bytes: &[u8]) -> String {
        Head::read(bytes).err().unwrap_or_else(|| panic!("it is accepted"))
    }

    #[test]
    fn a_head_of_f32_weights() {
        let head = Head::read(&with("task", json!("test"))).unwrap();
        assert_eq!((head.header.labels.concat(), head.header.features), ("ab".into(), 3));
        assert_eq!((head.header.temperature, head.header.thresholds.as_deref()), (1.5, Some(&[0.25, 0.5][..])));
        assert_eq!(head.apply(&[1.0, 0.0, 2.0]), [7.5, 15.5]);
    }

    #[test]
    fn a_head_of_int8_weights() {
        let mut header = header();
        header["kind"] = json!("embedding");
        (header["labels"], header["thresholds"]) = (json!([]), Value::Null);
        (header["dtype"], header["rows"]) = (json!("i8"), json!(2));
        let bytes = file(&header, &[&[1, 2, 3, 0xff, 0xfe, 0x7f], &le(&[0.5, 2.0, 0.25, -0.25])]);
        let head = Head::read(&bytes).unwrap();
        assert_eq!(head.weights, [0.5, 1.0, 1.5, -2.0, -4.0, 254.0]);
        assert_eq!(head.biases, [0.25, -0.25]);
    }

    #[test]
    fn a_head_that_is_cut_off_or_longer_is_damaged() {
        let whole = with("task", json!("test"));
        assert!(Head::read(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(!reason(&whole[..length]).is_empty());
        }
        assert!(reason(&[&whole[..], &[0]].concat()).contains("1 bytes follow"));
    }

    #[test]
    fn a_wrong_header_is_named() {
        for (key, value, named) in [
            ("format", json!(2), "`format` is 2"),
            ("kind", json!("other"), "header"),
            ("kind", json!("embedding"), "2 labels, expected 0"),
            ("kind", json!("single"), "`thresholds`"),
            ("labels", json!(["a", "a"]), "the label \"a\" twice"),
            ("labels", json!([]), "0 rows"),
            ("labels", json!(["a", "b", "c"]), "`thresholds`"),
            ("rows", json!(3), "2 labels, expected 3"),
            ("features", json!(0), "0 features"),
            ("features", json!(4), "it ends"),
            ("features", json!(2), "bytes follow"),
            ("features", json!(u64::MAX / 2), "overflows"),
            ("features", json!(u64::MAX / 4), "overflows"),
            ("features", json!(-1), "header"),
            ("temperature", json!(0), "`temperature`"),
            ("temperature", json!(1e60), "`temperature`"),
            ("thresholds", json!([0.5]), "`thresholds`"),
            ("thresholds", json!([0.5, 1.5]), "`thresholds`"),
            ("encoder", Value::Null, "header"),
            ("dtype", json!("f16"), "header"),
        ] {
            let reason = reason(&with(key, value.clone()));
            assert!(reason.contains(named), "{key}: {value}: {reason}");
        }
    }

    #[test]
    fn wrong_bytes_are_named() {
        let whole = with("task", json!("test"));
        let weights = whole.len() - 4 * VALUES.len();
        for bad in [f32::NAN, f32::INFINITY] {
            for offset in [weights, whole.len() - 4] {
                let mut bytes = whole.clone();
                bytes[offset..offset + 4].copy_from_slice(&bad.to_le_bytes());
                assert_eq!(reason(&bytes), format!("a weight is {bad}"));
            }
        }
        let [mut magic, mut padding, mut length] = [whole.clone(), whole.clone(), whole];
        magic[7] = b'2';
        assert!(reason(&magic).contains("expected"));
        length[11] = 0xff;
        assert!(reason(&length).contains("it ends"));
        padding[weights - 1] = 1;
        assert!(reason(&padding).contains("padding"));
    }

    /// Reads the packaged model, which the tests in browsers do not have.
    #[cfg(not(target_arch = "wasm32"))]
    mod packaged {
        use super::*;
        use crate::inference::batch::Batch;
        use crate::inference::encoder::{Encoder, TractEncoder};
        use crate::text::tokenizer::Sequence;

        const FOLDER: &str = "models/english";
        const NAME: &str = "heads/sentiment.head";
        /// Of a logit of the head from the graph's, whose classifier has 7-bit weights and 8-bit activations in this
        /// runtime. In onnxruntime both compute in f32 and differ by 6e-7: models/train/add_features.py.
        const MAX_LOGIT_ERROR: f32 = 0.02;

        #[test]
        fn the_packaged_head_gives_the_logits_of_the_graph() {
            let files = ModelFiles::from_dir(FOLDER).unwrap();
            let encoder = TractEncoder::read(&mut files.require(GRAPH).unwrap(), Some(3)).unwrap();
            let head = Head::read(files.get(NAME).unwrap()).unwrap();
            let rows: [&[u32]; 4] =
                [&[2, 248, 1377, 544, 18, 3], &[2, 5000, 3], &[2, 300, 15000, 42, 77, 501, 1234, 3], &[2, 442, 3]];
            let rows = rows.map(|ids| Sequence { ids: ids.to_vec(), type_ids: vec![0; ids.len()] });
            let batch = Batch::pad(&rows.each_ref(), 0);
            let features = encoder.encode_features(batch.clone()).unwrap();
            let logits = encoder.encode(batch).unwrap();
            let mut worst: f32 = 0.0;
            for (features, logits) in features.chunks_exact(head.header.features).zip(logits.rows()) {
                for (ours, graph) in head.apply(features).iter().zip(logits) {
                    worst = worst.max((ours - graph).abs());
                }
            }
            println!("a logit differs by up to {worst}");
            assert!(worst <= MAX_LOGIT_ERROR, "a logit of the head is {worst} from the graph's");
        }
    }
}
