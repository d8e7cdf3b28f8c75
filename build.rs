//! Compiles `src/kernels/simd/relaxed_kernel.rs` to a small WebAssembly module, which the crate takes in as bytes: the crate
//! itself must load where there is no relaxed SIMD.

use std::path::PathBuf;
use std::process::Command;

const SOURCE: &str = "src/kernels/simd/relaxed_kernel.rs";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    println!("cargo::rerun-if-changed=build.rs");
    let get = |name| std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    if get("CARGO_CFG_TARGET_ARCH") != "wasm32" {
        return;
    }
    // The module's function is put into the crate's own table, to be called like any other.
    println!("cargo::rustc-link-arg=--growable-table");
    let module = PathBuf::from(get("OUT_DIR")).join("relaxed.wasm");
    let status = Command::new(get("RUSTC"))
        .args(["--edition", "2024", "--crate-type", "cdylib", "--target", "wasm32-unknown-unknown"])
        .args(["-C", "opt-level=3", "-C", "panic=abort", "-C", "strip=symbols"])
        .args(["-C", "target-feature=+simd128,+relaxed-simd"])
        // The crate's memory is used, and not a byte of it taken: a stack without room would trap.
        .args(["-C", "link-arg=--import-memory", "-C", "link-arg=-zstack-size=0"])
        .args(["-C", "link-arg=--initial-memory=65536"])
        .arg(SOURCE)
        .arg("-o")
        .arg(&module)
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{SOURCE} did not compile");
    let bytes = std::fs::read(&module).unwrap_or_else(|e| panic!("{}: {e}", module.display()));
    assert!(!section_ids(&bytes).contains(&DATA), "{SOURCE} must keep nothing in memory");
}

/// The section of what is put into memory at the start.
const DATA: u8 = 11;

/// The ids of a WebAssembly module's sections, in order.
fn section_ids(module: &[u8]) -> Vec<u8> {
    let (mut ids, mut at) = (vec![], 8);
    while at < module.len() {
        ids.push(module[at]);
        at += 1;
        // The length, LEB128.
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
