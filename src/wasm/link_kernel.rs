//! Links the relaxed-SIMD kernel, a WebAssembly module of its own, into the running instance.

use js_sys::{Function, Object, Reflect, Uint8Array, WebAssembly};
use wasm_bindgen::prelude::*;

/// Instantiates `module` in this instance's memory and puts its function `sums` into this instance's function table,
/// where Rust calls it like any function pointer. Returns the index of `sums` in the table.
///
/// # Errors
/// The JavaScript exception, if the browser has no relaxed SIMD, or if a content security policy does not allow compiling
/// WebAssembly from bytes.
pub(crate) fn link_kernel(module: &[u8]) -> Result<usize, JsValue> {
    let env = object("memory", &wasm_bindgen::memory())?;
    let module = WebAssembly::Module::new(&Uint8Array::from(module).into())?;
    let instance = WebAssembly::Instance::new(&module, &object("env", &env)?)?;
    let sums: Function = Reflect::get(&instance.exports(), &"sums".into())?.dyn_into()?;
    let table: WebAssembly::Table = wasm_bindgen::function_table().dyn_into()?;
    let index = table.grow(1)?;
    table.set(index, &sums)?;
    Ok(index as usize)
}

/// An object with one property.
fn object(key: &str, value: &JsValue) -> Result<Object, JsValue> {
    let object = Object::new();
    Reflect::set(&object, &key.into(), value)?;
    Ok(object)
}
