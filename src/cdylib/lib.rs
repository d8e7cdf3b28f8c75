//! The wasm that ships: what `litmus_text::wasm` exports. A crate of its own, because its `opt-level` is that of link-time optimisation:
//! see `profile.web` in Cargo.toml.
#![cfg(target_arch = "wasm32")]

pub use litmus_text::wasm::*;
