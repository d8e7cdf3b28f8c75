//! The heads of a classifier.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::{Head, Model, ModelFiles, TaskInfo};

/// The heads of a classifier. Clones share the weights.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heads {
    /// The head that takes the place of the graph's own classifier.
    pub replacement: Option<Head>,
    /// Heads with labels, by task.
    pub tasks: BTreeMap<String, Head>,
    /// The head that maps features to an embedding.
    embedding: Option<Head>,
}

impl Heads {
    /// Reads the head files of a model. Each must be undamaged and made for this model's encoder. The task of
    /// `heads/NAME.head` is NAME.
    pub(crate) fn read(files: &ModelFiles, model: &Model) -> Result<Self, Error> {
        let mut heads = Self::default();
        for (task, name, bytes) in files.heads() {
            let head = Head::from_file(name, bytes)?;
            model.check_head(name, &head)?;
            heads.add(task, head);
        }
        Ok(heads)
    }

    /// Adds the head of a task, or the one for embeddings.
    pub(crate) fn add(&mut self, task: &str, head: Head) {
        if head.is_embedding() {
            self.embedding = Some(head);
        } else {
            self.tasks.insert(task.into(), head);
        }
    }

    /// The head of a task. `None` for a copy of the classifier in the graph, whose logits are used instead: the encoder computes them
    /// anyway, and the task's scores are then those of a prediction without a task.
    pub(crate) fn task(&self, task: &str, model: &Model) -> Result<Option<&Head>, Error> {
        model.require_features("a task")?;
        match self.tasks.get(task) {
            Some(head) => Ok(Some(head).filter(|head| !model.is_own_classifier(head))),
            None if self.tasks.is_empty() => Err(Error::invalid_input(format!(
                "the model has no tasks: add a head file heads/{task}.head, or leave the task out"
            ))),
            None => {
                let tasks: Vec<&str> = self.tasks.keys().map(String::as_str).collect();
                let message = format!("the model has no task {task:?} (it has: {})", tasks.join(", "));
                Err(Error::invalid_input(message))
            }
        }
    }

    /// The names and the labels of the tasks.
    pub(crate) fn info(&self) -> Vec<TaskInfo> {
        let info = |(name, head): (&String, &Head)| TaskInfo {
            name: name.clone(),
            labels: head.labels().to_vec(),
            multi_label: head.multi_label(),
        };
        self.tasks.iter().map(info).collect()
    }

    /// The head that maps features to an embedding.
    pub(crate) fn embedding(&self, model: &Model) -> Result<&Head, Error> {
        model.require_features("an embedding")?;
        self.embedding.as_ref().ok_or_else(|| {
            Error::unsupported(
                "the model has no head of the kind \"embedding\" (heads/embedding.head): take a model that has one, such as \
                 the packaged English model",
            )
        })
    }
}
