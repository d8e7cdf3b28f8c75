//! Errors as JavaScript exceptions.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::{Error, ErrorKind};

#[wasm_bindgen(typescript_custom_section)]
const TYPESCRIPT: &str = r#"
export type ErrorCode =
  | "invalid-input"
  | "empty-text"
  | "text-too-long"
  | "model-not-found"
  | "model-malformed"
  | "head-malformed"
  | "head-mismatch"
  | "head-not-extendable"
  | "model-unsupported"
  | "out-of-memory"
  | "internal";

/** The exceptions of this module. A trap is a `WebAssembly.RuntimeError` instead. */
export interface BoundaryError extends Error {
  readonly name: "BoundaryError";
  readonly code: ErrorCode;
  /** Index of the text at fault, where the error is about one of several texts. */
  readonly index?: number;
  /** Set where the error was thrown through Rust frames: the instance must not be used any more. */
  readonly fatal?: true;
}
"#;

/// A JavaScript `Error` with the properties `code` and, where one of several texts is at fault, `index`. Its name
/// distinguishes it from all other exceptions.
pub(super) fn to_js(error: Error) -> JsValue {
    let (code, index) = (error.code(), error.index());
    let js_error = js_sys::Error::new(&error.without_index().to_string());
    js_error.set_name("BoundaryError");
    set(&js_error, "code", &code.into());
    if let Some(index) = index {
        set(&js_error, "index", &index.into());
    }
    js_error.into()
}

/// Called by the allocator: throws `out-of-memory` through whatever was being computed.
pub(super) fn throw_out_of_memory() -> ! {
    let error = to_js(Error::new(
        ErrorKind::OutOfMemory,
        "WebAssembly memory is exhausted: predict fewer or shorter texts at once, or take a smaller model",
    ));
    set(&error, "fatal", &JsValue::TRUE);
    wasm_bindgen::throw_val(error)
}

/// The message of a JavaScript exception.
pub(super) fn exception_message(error: JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |error| error.message().into())
}

fn set(object: &JsValue, key: &str, value: &JsValue) {
    // It fails only on objects that are frozen or not objects at all; these are new errors.
    let _ = Reflect::set(object, &key.into(), value);
}
