//! From token ids to probabilities: batches, the encoder, calibration.

pub(crate) mod batch;
pub(crate) mod calibration;
pub(crate) mod encoder;
