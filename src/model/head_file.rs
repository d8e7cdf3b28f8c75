//! The format of head files. ARCHITECTURE.md describes it.

use std::sync::Arc;

use half::f16;

use super::head::{Head, Layer, TaughtExamples};
use super::head_header::{DType, FORMAT, Header, Kind};
use crate::error::{Error, ErrorKind};
use crate::file_content::describe_substitute;

/// The first bytes of a head file.
const MAGIC: &[u8; 8] = b"LITMUSH1";
/// The header and each section are followed by zeros up to a multiple of this, counted from the start of the file.
const ALIGNMENT: usize = 8;

impl Head {
    /// Reads a head file.
    ///
    /// # Errors
    /// [`ErrorKind::HeadMalformed`] where the file is damaged, or of another kind.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_file("the head", bytes)
    }

    /// Reads a head file. `name` is what it is called in error messages.
    pub(crate) fn from_file(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let malformed = |reason: String| Error::new(ErrorKind::HeadMalformed, format!("{name} is {reason}"));
        if let Some(what) = describe_substitute(bytes) {
            return Err(malformed(what.into()));
        }
        if !bytes.starts_with(MAGIC) {
            return Err(malformed("another kind of file: a head begins with LITMUSH1".into()));
        }
        Self::read(bytes).map_err(|reason| malformed(format!("damaged: {reason}")))
    }

    /// Makes a head that was taught.
    pub(crate) fn new(taught: TaughtHead, examples: TaughtExamples) -> Self {
        let TaughtHead { labels, multi_label, features, temperature, thresholds, encoder, max_energy, weights, biases } =
            taught;
        let header = Header {
            format: FORMAT,
            task: None,
            kind: if multi_label { Kind::Multi } else { Kind::Single },
            labels,
            features,
            temperature,
            thresholds,
            encoder,
            dtype: DType::F32,
            rows: None,
            max_energy,
            examples: None,
        };
        Self { layer: Layer { header, weights, biases }.into(), examples: Some(examples.into()) }
    }

    /// The head file: labels, weights and calibration, about 1.5 kB per label for 384 features. A head that is read from it
    /// cannot be taught more.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.write(None)
    }

    /// The head file with the features of its examples, 768 bytes more per example for 384 features. A head that is read from
    /// it can be taught more. It does not contain the texts themselves. `None` if this head was read from a file without
    /// examples.
    pub fn to_bytes_with_examples(&self) -> Option<Vec<u8>> {
        self.examples().map(|examples| self.write(Some(examples)))
    }

    fn write(&self, examples: Option<&TaughtExamples>) -> Vec<u8> {
        let Layer { header, weights, biases } = &*self.layer;
        // Weights that were read as int8 are written as f32, with the same values.
        let labels = examples.map(|examples| examples.labels.clone());
        let header = Header { dtype: DType::F32, examples: labels, ..header.clone() };
        let header = serde_json::to_vec(&header).unwrap_or_default();
        let mut bytes = [MAGIC, &(header.len() as u32).to_le_bytes()[..], &header].concat();
        let align = |bytes: &mut Vec<u8>| bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
        align(&mut bytes);
        bytes.extend(weights.iter().chain(biases).flat_map(|value| value.to_le_bytes()));
        if let Some(examples) = examples {
            align(&mut bytes);
            bytes.extend(examples.features.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes
    }

    /// Reads and checks a head file that begins with [`MAGIC`]. The error is the reason why it is damaged.
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut file = Reader { bytes, offset: 0 };
        file.take(MAGIC.len())?;
        let length = file.take(4)?.try_into().map(u32::from_le_bytes).map_err(|e| e.to_string())?;
        let mut header: Header =
            serde_json::from_slice(file.take(length as usize)?).map_err(|e| format!("header: {e}"))?;
        header.check()?;
        file.align()?;
        let (rows, features) = (header.rows(), header.features);
        let count = rows.checked_mul(features).ok_or("rows × features overflows")?;
        let (weights, biases) = match header.dtype {
            DType::F32 => (file.floats(count)?, file.floats(rows)?),
            DType::I8 => {
                let quantised: Vec<i8> = file.take(count)?.iter().map(|&byte| byte as i8).collect();
                file.align()?;
                let scales = file.floats(rows)?;
                let scaled =
                    |(row, &scale): (&[i8], &f32)| row.iter().map(|&q| f32::from(q) * scale).collect::<Vec<_>>();
                (quantised.chunks_exact(features).zip(&scales).flat_map(scaled).collect(), file.floats(rows)?)
            }
        };
        let examples = match header.examples.take() {
            Some(labels) => {
                file.align()?;
                let count = labels.len().checked_mul(features).ok_or("examples × features overflows")?;
                Some(TaughtExamples { features: file.halves(count)?, labels })
            }
            None => None,
        };
        match file.bytes.len() - file.offset {
            0 => {}
            rest => return Err(format!("{rest} bytes follow after {rows} × {features} weights and {rows} biases")),
        }
        if let Some(value) = weights.iter().chain(&biases).find(|value| !value.is_finite()) {
            return Err(format!("a weight is {value}"));
        }
        if let Some(value) = examples.iter().flat_map(|examples| &examples.features).find(|value| !value.is_finite()) {
            return Err(format!("a feature of an example is {value}"));
        }
        Ok(Self { layer: Layer { header, weights, biases }.into(), examples: examples.map(Arc::new) })
    }
}

/// The parts of a head that teaching computes.
pub(crate) struct TaughtHead {
    pub labels: Vec<String>,
    pub multi_label: bool,
    pub features: usize,
    pub temperature: f32,
    /// One per label, if a text can have several labels.
    pub thresholds: Option<Vec<f32>>,
    pub encoder: String,
    pub max_energy: Option<f32>,
    /// Row-major, labels × features.
    pub weights: Vec<f32>,
    pub biases: Vec<f32>,
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

    fn halves(&mut self, count: usize) -> Result<Vec<f16>, String> {
        let bytes = self.take(count.checked_mul(2).ok_or("examples × features overflows")?)?;
        let (values, _) = bytes.as_chunks();
        Ok(values.iter().map(|&value| f16::from_le_bytes(value)).collect())
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

    fn reason(bytes: &[u8]) -> String {
        Head::read(bytes).err().unwrap_or_else(|| panic!("it is accepted"))
    }

    #[test]
    fn a_head_of_f32_weights() {
        let head = Head::read(&with("task", json!("test"))).unwrap();
        assert_eq!((head.header().labels.concat(), head.header().features), ("ab".into(), 3));
        assert_eq!((head.header().temperature, head.header().thresholds.as_deref()), (1.5, Some(&[0.25, 0.5][..])));
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
        assert_eq!(head.layer.weights, [0.5, 1.0, 1.5, -2.0, -4.0, 254.0]);
        assert_eq!(head.layer.biases, [0.25, -0.25]);
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
    fn another_kind_of_file_is_not_called_a_damaged_head() {
        for bytes in [&b"id,text\n1,good\n"[..], b"LITMUSH2", b"LITMUS", b""] {
            let error = Head::from_bytes(bytes).unwrap_err();
            let expected = (ErrorKind::HeadMalformed, "the head is another kind of file: a head begins with LITMUSH1");
            assert_eq!((error.kind(), &error.to_string()[..]), expected);
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
        let [mut padding, mut length] = [whole.clone(), whole];
        length[11] = 0xff;
        assert!(reason(&length).contains("it ends"));
        padding[weights - 1] = 1;
        assert!(reason(&padding).contains("padding"));
    }
}
