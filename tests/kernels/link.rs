//! Links the relaxed-SIMD kernel as the crate does.

#[path = "../../src/wasm/link_kernel.rs"]
mod link_kernel;

/// Links the relaxed kernels once, where the browser has relaxed SIMD.
pub fn link_relaxed() {
    use super::kernels::simd::backend::KERNELS;
    use super::kernels::simd::wasm::choose_kernel;
    let are_linked = || KERNELS.iter().all(|kernel| (kernel.is_available)());
    if are_linked() {
        return;
    }
    // SAFETY: `link_kernel` returns the index of `sums` of the module that it gets, with `four_bit_sums` after it, and fails
    // if it cannot link the module.
    unsafe { choose_kernel(|module| link_kernel::link_kernel(module).unwrap_or(0)) };
    if !are_linked() {
        let agent = js_sys::Reflect::get(&js_sys::global(), &"navigator".into()).unwrap();
        let agent = js_sys::Reflect::get(&agent, &"userAgent".into()).unwrap().as_string().unwrap();
        assert!(!agent.contains("Chrome"), "{agent} has relaxed SIMD");
    }
}
