//! Build steps: the relaxed-SIMD kernel for WebAssembly, and the embedded model of the feature `embed-model`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const KERNEL: &str = "src/kernels/simd/relaxed_kernel.rs";
/// The files of a model folder that are embedded, those that predictions need: the name in `ModelFiles`, and the paths
/// that are tried in this order.
const MODEL_FILES: [(&str, &[&str]); 4] = [
    ("config.json", &["config.json"]),
    ("tokenizer.json", &["tokenizer.json"]),
    ("model.onnx", &["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"]),
    ("litmus.json", &["litmus.json"]),
];
const OPTIONAL: &str = "litmus.json";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(cargo_variable("OUT_DIR"));
    if cargo_variable("CARGO_CFG_TARGET_ARCH") == "wasm32" {
        compile_kernel(&out.join("relaxed.wasm"));
    }
    if env::var_os("CARGO_FEATURE_EMBED_MODEL").is_some() {
        embed_model(&out.join("embedded_model.rs"));
    }
}

fn cargo_variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

/// Compiles the kernel to a WebAssembly module, which the crate includes as bytes. Compiled into the crate, its relaxed
/// instructions would keep the whole module from loading in a browser without relaxed SIMD.
fn compile_kernel(module: &Path) {
    println!("cargo::rerun-if-changed={KERNEL}");
    // The kernel's function is added to the crate's function table.
    println!("cargo::rustc-link-arg=--growable-table");
    let status = Command::new(cargo_variable("RUSTC"))
        .args(["--edition", "2024", "--crate-type", "cdylib", "--target", "wasm32-unknown-unknown"])
        .args(["-C", "opt-level=3", "-C", "panic=abort", "-C", "strip=symbols"])
        .args(["-C", "target-feature=+simd128,+relaxed-simd"])
        // The kernel uses the crate's memory and must not occupy any of it: without a stack, any use of it traps.
        .args(["-C", "link-arg=--import-memory", "-C", "link-arg=-zstack-size=0"])
        .args(["-C", "link-arg=--initial-memory=65536"])
        .arg(KERNEL)
        .arg("-o")
        .arg(module)
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{KERNEL} did not compile");
    let bytes = fs::read(module).unwrap_or_else(|e| panic!("{}: {e}", module.display()));
    assert!(!section_ids(&bytes).contains(&DATA), "{KERNEL} must not have data in memory");
}

/// The id of the data section.
const DATA: u8 = 11;

/// The ids of a WebAssembly module's sections, in their order.
fn section_ids(module: &[u8]) -> Vec<u8> {
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

/// Writes the expression of `ModelFiles` with the files of `LITMUS_MODEL_DIR`.
fn embed_model(source: &Path) {
    println!("cargo::rerun-if-env-changed=LITMUS_MODEL_DIR");
    let folder = env::var_os("LITMUS_MODEL_DIR").unwrap_or_else(|| {
        panic!("the feature `embed-model` needs the environment variable LITMUS_MODEL_DIR: the model folder to embed")
    });
    let folder = Path::new(&cargo_variable("CARGO_MANIFEST_DIR")).join(folder);
    let mut expression = String::from("ModelFiles::new()");
    for (name, paths) in MODEL_FILES {
        let found = paths.iter().map(|path| folder.join(path)).find(|path| path.exists());
        match found {
            Some(path) => {
                println!("cargo::rerun-if-changed={}", path.display());
                expression += &format!(".with({name:?}, include_bytes!({:?}))", path.display().to_string());
            }
            None if name == OPTIONAL => {}
            None => panic!("the model folder of LITMUS_MODEL_DIR, {}, has no {name}", folder.display()),
        }
    }
    fs::write(source, expression).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
}
