//! Memory that outlives a call: it grows to what the largest batch needs and is then used again and again.

use std::cell::RefCell;

use super::attention::AttentionScratch;
use super::quant_linear::{CHANNELS, QuantRows};

/// One per thread, as nothing here runs on two at once.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Rows for one kernel of linear layers or the other, and the sums of a block of channels.
    pub wide: QuantRows<i16>,
    pub narrow: QuantRows<i8>,
    pub sums: Vec<[i32; CHANNELS]>,
    pub attention: AttentionScratch,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Lends the thread's scratch memory; its content is whatever the last user left.
pub(crate) fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
    SCRATCH.with_borrow_mut(work)
}
