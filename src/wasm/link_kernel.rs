//! Links the relaxed-SIMD kernels, a WebAssembly module of their own, into the running instance.

use js_sys::{Function, Object, Reflect, Uint8Array, WebAssembly};
use wasm_bindgen::prelude::*;

/// Instantiates `module` in this instance's memory and puts its functions `sums` and `four_bit_sums` into this instance's
/// function table, where Rust calls them like any function pointer. Returns the index of `sums` in the table; `four_bit_sums`
/// comes after it.
///
/// # Errors
/// The JavaScript exception, if the browser has no relaxed SIMD, or if a content security policy does not allow compiling
/// WebAssembly from bytes.
pub(crate) fn link_kernel(module: &[u8]) -> Result<usize, JsValue> {
    let env = object("memory", &wasm_bindgen::memory())?;
    let module = WebAssembly::Module::new(&Uint8Array::from(module).into())?;
    let instance = WebAssembly::Instance::new(&module, &object("env", &env)?)?;
    let table: WebAssembly::Table = wasm_bindgen::function_table().dyn_into()?;
    let index = table.grow(2)?;
    for (name, at) in ["sums", "four_bit_sums"].into_iter().zip(index..) {
        let function: Function = Reflect::get(&instance.exports(), &name.into())?.dyn_into()?;
        table.set(at, &function)?;
    }
    Ok(index as usize)
}

/// An object with one property.
fn object(key: &str, value: &JsValue) -> Result<Object, JsValue> {
    let object = Object::new();
    Reflect::set(&object, &key.into(), value)?;
    Ok(object)
}
