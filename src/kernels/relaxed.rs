//! Where the browser has relaxed SIMD, the sums of linear layers are computed by `relaxed_kernel.rs`, a WebAssembly
//! module of its own in this module's memory. Without it, `simd128` computes the same sums.

use std::sync::atomic::{AtomicUsize, Ordering};

use js_sys::{Function, Object, Reflect, WebAssembly};
use wasm_bindgen::prelude::*;

use super::quant_linear::{CHANNELS, INPUTS};

const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relaxed.wasm"));

/// As in `relaxed_kernel.rs`.
type Sums = unsafe extern "C" fn(*const i8, usize, usize, *const i8, *mut i32);

/// The kernel's place in the table of functions; 0, where no function is, before [`load`] or without the kernel.
static KERNEL: AtomicUsize = AtomicUsize::new(0);

/// Whether the kernel could be had, if it is `wanted`: then layers are computed with it from now on.
pub(crate) fn load(wanted: bool) -> bool {
    let place = if wanted { instantiate().ok() } else { None };
    KERNEL.store(place.unwrap_or(0), Ordering::Relaxed);
    is_loaded()
}

/// Fails where there is no relaxed SIMD, and where no module may be compiled from bytes.
fn instantiate() -> Result<usize, JsValue> {
    let module = WebAssembly::Module::new(&js_sys::Uint8Array::from(MODULE))?;
    let (imports, env) = (Object::new(), Object::new());
    Reflect::set(&env, &"memory".into(), &wasm_bindgen::memory())?;
    Reflect::set(&imports, &"env".into(), &env)?;
    let instance = WebAssembly::Instance::new(&module, &imports)?;
    let sums: Function = Reflect::get(&instance.exports(), &"sums".into())?.dyn_into()?;
    let table: WebAssembly::Table = wasm_bindgen::function_table().dyn_into()?;
    let place = table.grow(1)?;
    table.set(place, &sums)?;
    Ok(place as usize)
}

/// Whether the kernel is there.
pub(crate) fn is_loaded() -> bool {
    KERNEL.load(Ordering::Relaxed) != 0
}

/// What [`sums_i16`](super::simd128::sums_i16) computes, of rows of i8; only where the kernel [is there](is_loaded).
pub(crate) fn sums_i8(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    let place = KERNEL.load(Ordering::Relaxed);
    assert!(place != 0 && stride.is_multiple_of(INPUTS));
    assert!(rows.len() == sums.len() * stride && block.len() == stride * CHANNELS);
    // SAFETY: in WebAssembly a function pointer is a place in the table, and `load` has put the kernel there; it reads
    // and writes only what the assertions have found to be there.
    unsafe {
        let kernel: Sums = std::mem::transmute(place);
        kernel(rows.as_ptr(), stride, sums.len(), block.as_ptr(), sums.as_mut_ptr().cast());
    }
}
