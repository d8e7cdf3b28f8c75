//! Panics become errors. The libraries that read models and texts may panic at hostile input; only the call that caused
//! the panic fails.
//!
//! WebAssembly cannot unwind: there a panic is a trap. The npm package turns the trap into the same error and replaces the
//! instance.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, ErrorKind};

/// Runs a closure and returns its result, or an error of this kind if it panics. The closure must not leave shared state
/// half changed: it is asserted to be unwind safe.
pub(crate) fn catch_panics<T>(kind: ErrorKind, f: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)");
        Err(Error::new(kind, format!("internal panic: {message}")))
    })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let error =
            catch_panics(ErrorKind::Internal, || if true { panic!("index {}", 7) } else { Ok(()) }).unwrap_err();
        assert_eq!((error.kind(), error.to_string().contains("index 7")), (ErrorKind::Internal, true));
        assert_eq!(catch_panics(ErrorKind::Internal, || Ok(7)).unwrap(), 7);
    }
}
