//! The boundary to JavaScript. It converts values and computes nothing itself.
//!
//! [`Classifier`] and [`Job`] are exported by wasm-bindgen, whose generated JavaScript `pkg/src/engine/` uses
//! as it is. Requests and answers are plain JavaScript objects; `request` and `answer` have their shapes in Rust and in
//! TypeScript. Every error is thrown as a JavaScript `Error` with a `code`, see `error`.

#[cfg(target_arch = "wasm32")]
mod alloc;
#[cfg(target_arch = "wasm32")]
mod answer;
#[cfg(target_arch = "wasm32")]
mod error;
#[cfg(target_arch = "wasm32")]
mod exports;
#[cfg(target_arch = "wasm32")]
mod external_arrays;
#[cfg(target_arch = "wasm32")]
mod heads;
#[cfg(target_arch = "wasm32")]
mod job;
#[cfg(target_arch = "wasm32")]
mod link_kernel;
#[cfg(target_arch = "wasm32")]
mod request;
#[cfg(target_arch = "wasm32")]
mod uint8_array_reader;
mod utf16;

#[cfg(target_arch = "wasm32")]
pub use exports::Classifier;
#[cfg(target_arch = "wasm32")]
pub use job::Job;
