//! Limits for untrusted model files, and checks of the indices that ops look up.

mod indices;
mod limits;

pub(super) use indices::{check_all as check_all_indices, check_known as check_known_indices};
pub(crate) use limits::{SameSize, check_batch};
pub(super) use limits::{check_expansion, check_file, same_sizes};
