//! Links the relaxed-SIMD kernel as the crate does.

#[path = "../../src/wasm/link_kernel.rs"]
mod link_kernel;

/// Links the kernel once, where the browser has relaxed SIMD.
pub fn load_relaxed() {
    use super::kernels::simd::relaxed::{is_loaded, load};
    if !is_loaded() && !load(|module| link_kernel::link_kernel(module).unwrap_or(0)) {
        let agent = js_sys::Reflect::get(&js_sys::global(), &"navigator".into()).unwrap();
        let agent = js_sys::Reflect::get(&agent, &"userAgent".into()).unwrap().as_string().unwrap();
        assert!(!agent.contains("Chrome"), "{agent} has relaxed SIMD");
    }
}
