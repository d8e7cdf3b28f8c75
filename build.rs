//! Build steps: the embedded model of the feature `embed-model`, and an argument of the linker.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Where exporters put the graph, in the order in which the paths are tried, as in `ModelFiles::from_dir`.
const GRAPH_PATHS: [&str; 3] = ["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"];

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
    println!("cargo::rerun-if-changed={}", folder.display());
    let with = |(name, path): (String, PathBuf)| format!(".with({name:?}, include_bytes!({path:?}))");
    let files: String = model_files(&folder).into_iter().map(with).collect();
    fs::write(source, format!("ModelFiles::new(){files}")).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
}

/// The files that `ModelFiles::from_dir` reads, by the names that it gives them. tests/folders.rs compares the two.
pub(crate) fn model_files(folder: &Path) -> Vec<(String, PathBuf)> {
    let graph = GRAPH_PATHS.iter().map(|path| folder.join(path)).find(|path| path.exists());
    let graph = graph.unwrap_or_else(|| folder.join(GRAPH_PATHS[0]));
    let mut files: Vec<_> = ["config.json", "tokenizer.json"].map(|name| (name.to_owned(), folder.join(name))).into();
    files.push(("model.onnx".into(), graph.clone()));
    if let Some((name, path)) = files.iter().find(|(_, path)| !path.exists()) {
        panic!(
            "the model folder of LITMUS_MODEL_DIR, {}, has no {name}: {} is missing",
            folder.display(),
            path.display()
        );
    }
    let optional = ["tokenizer_config.json", "litmus.json"].map(|name| (name.to_owned(), folder.join(name)));
    files.extend(optional.into_iter().filter(|(_, path)| path.exists()));
    let heads = list(&folder.join("heads")).into_iter().filter(|(name, _)| name.ends_with(".head"));
    files.extend(heads.map(|(name, path)| (format!("heads/{name}"), path)));
    // The graph has the names of the files of its external weights.
    let bytes = fs::read(&graph).unwrap_or_else(|e| panic!("{}: {e}", graph.display()));
    let is_named = |name: &str| bytes.windows(name.len()).any(|part| part == name.as_bytes());
    let beside = graph.parent().map(list).unwrap_or_default();
    let external = beside.into_iter().filter(|(name, path)| path.is_file() && *path != graph && is_named(name));
    let external: Vec<_> = external.filter(|(name, _)| files.iter().all(|(known, _)| known != name)).collect();
    files.extend(external);
    files
}

/// The names and paths in a folder; none if there is no such folder.
fn list(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())));
    let mut files: Vec<_> = named.collect();
    files.sort();
    files
}
