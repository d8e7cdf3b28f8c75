//! Model folders on disk.

use std::fs;
use std::path::Path;

use crate::bundle::ModelParts;
use crate::error::{Error, ErrorKind};

/// Where exporters put the graph, in the order in which we look.
const GRAPHS: [&str; 3] = ["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"];

/// The files of a model folder, read into memory.
#[derive(Debug)]
pub struct ModelFolder {
    config: Vec<u8>,
    tokenizer: Vec<u8>,
    model: Vec<u8>,
    manifest: Option<Vec<u8>>,
}

impl ModelFolder {
    /// Reads a folder in Hugging Face layout: `config.json`, `tokenizer.json`, the graph as `model.onnx`,
    /// `onnx/model_quantized.onnx` or `onnx/model.onnx`, and `litmus.json` where there is one.
    ///
    /// # Errors
    /// [`ErrorKind::ModelNotFound`], naming the file.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let graph = GRAPHS.into_iter().find(|graph| folder.join(graph).exists()).unwrap_or(GRAPHS[0]);
        let manifest = folder.join("litmus.json");
        Ok(Self {
            config: read(&folder.join("config.json"))?,
            tokenizer: read(&folder.join("tokenizer.json"))?,
            model: read(&folder.join(graph))?,
            manifest: manifest.exists().then(|| read(&manifest)).transpose()?,
        })
    }

    /// The bytes, as [`Classifier::from_parts`](crate::Classifier::from_parts) takes them.
    pub fn parts(&self) -> ModelParts<'_> {
        ModelParts {
            config: &self.config,
            tokenizer: &self.tokenizer,
            model: &self.model,
            manifest: self.manifest.as_deref(),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|e| Error::new(ErrorKind::ModelNotFound, format!("{} cannot be read: {e}", path.display())))
}
