//! A panic of the libraries that read models and texts ends the call that caused it, and nothing else.
//!
//! Natively it becomes an error here. WebAssembly cannot unwind: there it is a trap, which the package turns into an error
//! in the same way, and then goes on with a fresh instance.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, ErrorKind};

/// What `work` returns; if it panics, an error of this kind. `work` leaves nothing half done that anyone sees later.
pub(crate) fn catch_panics<T>(kind: ErrorKind, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)");
        Err(Error::new(kind, format!("internal panic: {message}")))
    })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let error =
            catch_panics(ErrorKind::Internal, || if true { panic!("index {}", 7) } else { Ok(()) }).unwrap_err();
        assert_eq!((error.kind(), error.to_string().contains("index 7")), (ErrorKind::Internal, true));
        assert_eq!(catch_panics(ErrorKind::Internal, || Ok(7)).unwrap(), 7);
    }
}
