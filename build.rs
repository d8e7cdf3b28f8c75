//! Build steps: the embedded model of the feature `embed-model`, and an argument of the linker.

use std::path::{Path, PathBuf};
use std::{env, fs};

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
    if cargo_variable("CARGO_CFG_TARGET_ARCH") == "wasm32" {
        // For tests/wasm.rs; the wasm that ships has it from src/cdylib/build.rs, which says why.
        println!("cargo::rustc-link-arg=--growable-table");
    }
    if env::var_os("CARGO_FEATURE_EMBED_MODEL").is_some() {
        embed_model(&PathBuf::from(cargo_variable("OUT_DIR")).join("embedded_model.rs"));
    }
}

fn cargo_variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
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
