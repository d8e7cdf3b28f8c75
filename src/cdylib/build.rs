//! An argument of the linker.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The function of the relaxed-SIMD kernel is added to the function table: src/kernels/simd/relaxed.rs.
    println!("cargo::rustc-link-arg=--growable-table");
}
