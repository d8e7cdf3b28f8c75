//! Panics become errors. The libraries that read models and texts may panic at hostile input; only the call that caused
//! the panic fails.
//!
//! WebAssembly cannot unwind: there a panic is a trap. The npm package turns the trap into the same error and replaces the
//! instance.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, ErrorKind};

/// Runs a closure and returns its result, or an error of this kind if it panics. `activity` says in the message what was being
/// done. The closure must not leave shared state half changed: it is asserted to be unwind safe.
pub(crate) fn catch_panics<T>(
    kind: ErrorKind,
    activity: &str,
    f: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)");
        let cause = match kind {
            ErrorKind::ModelMalformed => "the files are damaged, or this is a defect",
            _ => "this is a defect",
        };
        Err(Error::new(kind, format!("{activity} panicked: {message}: {cause}; please report it")))
    })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let fail = || if true { panic!("index {}", 7) } else { Ok(()) };
        let error = catch_panics(ErrorKind::Internal, "counting", fail).unwrap_err();
        let message = "counting panicked: index 7: this is a defect; please report it";
        assert_eq!((error.kind(), &error.to_string()[..]), (ErrorKind::Internal, message));
        assert_eq!(catch_panics(ErrorKind::Internal, "counting", || Ok(7)).unwrap(), 7);
    }
}
