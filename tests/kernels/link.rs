//! Links the relaxed-SIMD kernel as the crate does.

#[path = "../../src/wasm/link_kernel.rs"]
mod link_kernel;

pub fn link(module: &[u8]) -> usize {
    link_kernel::link_kernel(module).unwrap_or(0)
}
