//! The heads of a model folder.

use std::collections::BTreeMap;

use super::files::ModelFiles;
use super::head::{Head, encoder_id};
use crate::error::Error;

/// The heads of a model whose graph gives features.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// The id of the encoder that they read; every head must have it.
    pub encoder: String,
    /// Heads with labels, by task: the file `heads/TASK.head`.
    pub tasks: BTreeMap<String, Head>,
    pub embedding: Option<Head>,
}

impl Heads {
    /// Reads and checks the heads among the files of a model: each must be undamaged, and of the encoder beside it.
    ///
    /// `features` is the size of the graph's output `features`.
    pub(super) fn read(files: &ModelFiles, features: Option<usize>) -> Result<Self, Error> {
        let mut heads = Self::default();
        for (task, name, bytes) in files.heads() {
            let head = Head::from_file(name, bytes)?;
            if heads.encoder.is_empty() {
                heads.encoder = encoder_id(files)?;
            }
            head.check_encoder(name, &heads.encoder, features)?;
            match head.is_embedding() {
                true => heads.embedding = Some(head),
                false => drop(heads.tasks.insert(task.into(), head)),
            }
        }
        // Heads that come later need the id, too.
        if heads.encoder.is_empty() && features.is_some() {
            heads.encoder = encoder_id(files)?;
        }
        Ok(heads)
    }
}
