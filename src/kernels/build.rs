//! Compiles the relaxed-SIMD kernel, if the target is WebAssembly.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const KERNEL: &str = "simd/relaxed_kernel.rs";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if cargo_variable("CARGO_CFG_TARGET_ARCH") == "wasm32" {
        compile_kernel(&PathBuf::from(cargo_variable("OUT_DIR")).join("relaxed.wasm"));
    }
}

fn cargo_variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

/// Compiles the kernel to a WebAssembly module, which the crate includes as bytes. Compiled into the crate, its relaxed
/// instructions would keep the whole module from loading in a browser without relaxed SIMD.
fn compile_kernel(module: &Path) {
    println!("cargo::rerun-if-changed={KERNEL}");
    let status = Command::new(cargo_variable("RUSTC"))
        .args(["--edition", "2024", "--crate-type", "cdylib", "--target", "wasm32-unknown-unknown"])
        .args(["-C", "opt-level=3", "-C", "panic=abort", "-C", "strip=symbols"])
        .args(["-C", "target-feature=+simd128,+relaxed-simd"])
        // Without loop strength reduction, addresses are a pointer and a constant, which browsers put into the load itself: the
        // kernel of 4-bit weights takes 5 to 8 % less time (Chromium 156 on a fourth-generation AMD EPYC).
        .args(["-C", "llvm-args=-disable-lsr"])
        // The kernel works in the memory of the main module, where it must not have a stack of its own. With a stack of size 0, it
        // would trap if it used one.
        .args(["-C", "link-arg=--import-memory", "-C", "link-arg=-zstack-size=0"])
        // The least size of the memory that it imports, one page: the memory of the main module is larger.
        .args(["-C", "link-arg=--initial-memory=65536"])
        .arg(KERNEL)
        .arg("-o")
        .arg(module)
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{KERNEL} did not compile");
    let bytes = fs::read(module).unwrap_or_else(|e| panic!("{}: {e}", module.display()));
    assert!(!section_ids(&bytes).contains(&DATA_SECTION), "{KERNEL} must not have data in memory");
}

/// The id of the section with the bytes that a module writes into its memory when it is instantiated.
const DATA_SECTION: u8 = 11;

/// The ids of a WebAssembly module's sections, in their order.
fn section_ids(module: &[u8]) -> Vec<u8> {
    // After the magic number and the version, 4 bytes each.
    let (mut ids, mut at) = (vec![], 8);
    while at < module.len() {
        ids.push(module[at]);
        at += 1;
        // The section's length in LEB128.
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = module[at];
            at += 1;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        at += length;
    }
    ids
}
