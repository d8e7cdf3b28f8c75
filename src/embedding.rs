//! Embeddings of texts, batch by batch.

use crate::error::Error;
use crate::job::{PredictionJob, Progress};
use crate::model::Head;

/// Embeddings of several texts, computed batch by batch: the caller sees the progress between two steps, and cancels by
/// dropping the job.
#[derive(Debug)]
pub struct EmbeddingJob {
    features: PredictionJob,
    head: Head,
}

impl EmbeddingJob {
    /// `features` must be a job without tasks, which computes features only.
    pub(crate) fn new(features: PredictionJob, head: Head) -> Self {
        Self { features, head }
    }

    /// Limits each step to this many tokens, padding included, but computes at least one row. By default, and at most, 4,096.
    pub fn max_batch_tokens(self, tokens: usize) -> Self {
        Self { features: self.features.max_batch_tokens(tokens), head: self.head }
    }

    /// How many rows are computed so far, and how many the job has. A row is a text, or a window of a long text.
    pub fn progress(&self) -> Progress {
        self.features.progress()
    }

    /// The error of the first text that has failed so far, with its [index](Error::index). Texts that cannot be read, such
    /// as empty ones, have failed before the first step.
    pub fn first_failure(&self) -> Option<Error> {
        self.features.first_failure()
    }

    /// Computes the next batch; `false` when none is left.
    pub fn step(&mut self) -> bool {
        self.features.step()
    }

    /// Computes the remaining batches and returns an embedding or an error for each text, in their order. An embedding
    /// has the Euclidean norm 1.
    pub fn finish(self) -> Vec<Result<Vec<f32>, Error>> {
        let Self { features, head } = self;
        let embed = |features: Result<Vec<f32>, Error>| {
            let embedding = head.apply(&features?);
            match embedding.iter().find(|value| !value.is_finite()) {
                Some(bad) => Err(Error::malformed(format!(
                    "the model computed the embedding value {bad}: its weights are damaged: download or export the model again"
                ))),
                None => Ok(normalise(embedding)),
            }
        };
        features.finish_features().into_iter().map(embed).collect()
    }
}

/// Scales a vector to the Euclidean norm 1.
fn normalise(mut vector: Vec<f32>) -> Vec<f32> {
    let squares: f64 = vector.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    // A vector of zeros stays one.
    let norm = squares.sqrt().max(f64::MIN_POSITIVE);
    vector.iter_mut().for_each(|value| *value = (f64::from(*value) / norm) as f32);
    vector
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::ErrorKind;
    use crate::model::tests::{fake_with_features, infinite_head};
    use crate::options::Options;

    #[test]
    fn an_embedding_that_is_not_finite_is_an_error() {
        let model = Arc::new(fake_with_features(1.0));
        let features = PredictionJob::new(model, &["one"], Vec::new(), &Options::default()).unwrap();
        let result = EmbeddingJob::new(features, infinite_head()).finish().remove(0);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::ModelMalformed);
    }

    #[test]
    fn the_length_becomes_one() {
        assert_eq!(normalise(vec![3.0, -4.0]), [0.6, -0.8]);
        assert_eq!(normalise(vec![0.0, 0.0]), [0.0, 0.0]);
    }
}
