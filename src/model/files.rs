//! The files of a model folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
#[cfg(not(target_arch = "wasm32"))]
use std::path::Path;

use crate::error::{Error, ErrorKind};
use crate::file_content;
use crate::graph::ExternalFiles;
#[cfg(not(target_arch = "wasm32"))]
use crate::graph::external_files;

/// Labels and dimensions of the model.
pub(crate) const CONFIG: &str = "config.json";
/// Hugging Face's fast tokenizer.
pub(crate) const TOKENIZER: &str = "tokenizer.json";
/// Settings that override those of `tokenizer.json`; optional.
pub(crate) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// The graph with its weights.
pub(crate) const GRAPH: &str = "model.onnx";
/// Name, version and temperature; optional.
pub(crate) const MANIFEST: &str = "litmus.json";
/// The folder of head files, and the end of their names; optional.
const HEADS: (&str, &str) = ("heads/", ".head");

/// Where exporters put the graph, in the order in which the paths are tried.
#[cfg(not(target_arch = "wasm32"))]
const GRAPH_PATHS: [&str; 3] = [GRAPH, "onnx/model_quantized.onnx", "onnx/model.onnx"];

/// The files of a model folder, by name. Required: `config.json`, `tokenizer.json` and `model.onnx`. Optional:
/// `tokenizer_config.json`, `litmus.json`, `heads/*.head`, and the files of external weights, under the names by which
/// `model.onnx` refers to them, such as `model.onnx.data` or `model.onnx_data`. Other files are ignored.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use litmus_text::{Classifier, ModelFiles};
///
/// let [config, tokenizer, model] =
///     ["config.json", "tokenizer.json", "model.onnx"].map(|name| std::fs::read(format!("models/english/{name}")));
/// let files = ModelFiles::new()
///     .with("config.json", config?)
///     .with("tokenizer.json", tokenizer?)
///     .with("model.onnx", model?);
/// let classifier = Classifier::from_bytes(&files)?;
/// assert_eq!(classifier.info().labels, ["negative", "neutral", "positive"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct ModelFiles<'a>(BTreeMap<Cow<'a, str>, Cow<'a, [u8]>>);

impl<'a> ModelFiles<'a> {
    /// An empty set of files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or replaces the one of that name. The bytes are borrowed or owned.
    pub fn with(mut self, name: impl Into<Cow<'a, str>>, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        self.0.insert(name.into(), bytes.into());
        self
    }

    /// The bytes of a file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(|bytes| &bytes[..])
    }

    /// The bytes of a required file.
    pub(crate) fn require(&self, name: &str) -> Result<&[u8], Error> {
        let bytes = self.get(name).ok_or_else(|| missing("the model", name))?;
        file_content::check(name, bytes)?;
        Ok(bytes)
    }

    /// The bytes of an optional file.
    pub(crate) fn optional(&self, name: &str) -> Result<Option<&[u8]>, Error> {
        let bytes = self.get(name);
        bytes.map_or(Ok(()), |bytes| file_content::check(name, bytes))?;
        Ok(bytes)
    }

    /// The task, file name and bytes of each head file.
    pub(crate) fn heads(&self) -> impl Iterator<Item = (&str, &str, &[u8])> {
        let (folder, end) = HEADS;
        self.0.iter().filter_map(move |(name, bytes)| {
            let task = name.strip_prefix(folder)?.strip_suffix(end)?;
            Some((task, &name[..], &bytes[..]))
        })
    }
}

impl ExternalFiles for ModelFiles<'_> {
    fn size(&self, name: &str) -> Option<usize> {
        self.get(name).map(<[u8]>::len)
    }

    fn read(&self, name: &str, range: Range<usize>) -> Option<Vec<u8>> {
        self.get(name)?.get(range).map(<[u8]>::to_vec)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl ModelFiles<'static> {
    /// Reads a folder in Hugging Face layout. Required: `config.json`, `tokenizer.json` and the graph, which is the first that
    /// exists of `model.onnx`, `onnx/model_quantized.onnx` and `onnx/model.onnx`. Optional: `tokenizer_config.json`,
    /// `litmus.json`, `heads/*.head`, and the files of external weights, beside the graph and under the names that it gives.
    ///
    /// # Errors
    /// [`ErrorKind::ModelNotFound`], naming the folder or the file that cannot be read.
    pub fn from_dir(path: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = path.as_ref();
        if !folder.is_dir() {
            let message = format!(
                "{} is not a folder: give the path of a model folder with config.json, tokenizer.json and model.onnx",
                folder.display()
            );
            return Err(Error::new(ErrorKind::ModelNotFound, message));
        }
        let graph = GRAPH_PATHS.into_iter().find(|graph| folder.join(graph).exists()).unwrap_or(GRAPH);
        let mut files = Self::new()
            .with(CONFIG, read_required(folder, CONFIG, CONFIG)?)
            .with(TOKENIZER, read_required(folder, TOKENIZER, TOKENIZER)?)
            .with(GRAPH, read_required(folder, graph, GRAPH)?);
        for optional in [TOKENIZER_CONFIG, MANIFEST] {
            let path = folder.join(optional);
            if path.exists() {
                files = files.with(optional, read(&path)?);
            }
        }
        for name in external_files(files.get(GRAPH).unwrap_or_default()) {
            let path = folder.join(graph).with_file_name(&name);
            // A file that is missing is reported with the weight that it lacks.
            if files.get(&name).is_none() && path.exists() {
                files = files.with(name, read(&path)?);
            }
        }
        for name in head_names(folder)? {
            let bytes = read(&folder.join(&name))?;
            files = files.with(name, bytes);
        }
        Ok(files)
    }
}

/// The error for a required file that is missing.
pub(crate) fn missing(folder: &str, name: &str) -> Error {
    let remedy = match name {
        TOKENIZER => {
            "save it from Python with `AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER)`; vocab.txt and \
             sentencepiece files are not read"
        }
        GRAPH => "export it with `optimum-cli export onnx --task text-classification --model MODEL FOLDER`",
        _ => "copy it from the folder of the model",
    };
    Error::new(ErrorKind::ModelNotFound, format!("{folder} has no {name}: {remedy}"))
}

/// Names and sizes: the bytes themselves are megabytes.
impl fmt::Debug for ModelFiles<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, bytes)| (name, format!("{} bytes", bytes.len())))).finish()
    }
}

/// Reads a file of a folder. `name` is what it is called in error messages.
#[cfg(not(target_arch = "wasm32"))]
fn read_required(folder: &Path, path: &str, name: &str) -> Result<Vec<u8>, Error> {
    let path = folder.join(path);
    if !path.exists() {
        return Err(missing(&folder.display().to_string(), name));
    }
    read(&path)
}

#[cfg(not(target_arch = "wasm32"))]
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|e| unreadable(path, e))
}

/// The names of the head files in a model folder.
#[cfg(not(target_arch = "wasm32"))]
fn head_names(folder: &Path) -> Result<Vec<String>, Error> {
    let (heads, end) = HEADS;
    let path = folder.join(heads);
    if !path.exists() {
        return Ok(vec![]);
    }
    let entries = std::fs::read_dir(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let names =
        entries.map_err(|e| unreadable(&path, e))?.into_iter().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| name.ends_with(end)).map(|name| format!("{heads}{name}")).collect())
}

#[cfg(not(target_arch = "wasm32"))]
fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::ModelNotFound, format!("{} cannot be read: {error}", path.display())).caused_by(error)
}
