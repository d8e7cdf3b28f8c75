//! Passes an argument to the linker.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // src/wasm/link_kernel.rs adds the relaxed-SIMD kernel to the function table, which must be able to grow for it.
    println!("cargo::rustc-link-arg=--growable-table");
}
