//! Weights of `model.onnx` in other files, as `Uint8Array`s of JavaScript.

use std::ops::Range;

use js_sys::Uint8Array;

use crate::graph::ExternalFiles;

/// Files by name. Only the parts that are read are copied into WebAssembly memory.
#[derive(Default)]
pub(super) struct ExternalArrays(Vec<(String, Uint8Array)>);

impl ExternalArrays {
    pub(super) fn push(&mut self, name: String, bytes: Uint8Array) {
        self.0.push((name, bytes));
    }

    fn get(&self, name: &str) -> Option<&Uint8Array> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes)
    }
}

impl ExternalFiles for ExternalArrays {
    fn size(&self, name: &str) -> Option<usize> {
        self.get(name).map(|bytes| bytes.length() as usize)
    }

    fn read(&self, name: &str, range: Range<usize>) -> Option<Vec<u8>> {
        let bytes = self.get(name).filter(|bytes| range.end <= bytes.length() as usize)?;
        Some(bytes.subarray(range.start as u32, range.end as u32).to_vec())
    }
}
