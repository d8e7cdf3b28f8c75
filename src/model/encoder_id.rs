//! The id of an encoder, by which heads name the encoder that they read.

use sha2::{Digest, Sha256};

use super::files::{ModelFiles, TOKENIZER};
use crate::error::Error;

/// The id of a model's encoder. `stated` is the one in `litmus.json`, empty if there is none; it must be the same. In WebAssembly it
/// is trusted: JavaScript has compared the files with their checksums, and hashing them again would slow down every load. `graph`
/// gives a reader that begins at the start of the graph.
pub(super) fn encoder_id<'a>(
    stated: String,
    graph: &dyn Fn() -> Box<dyn bytes::Buf + 'a>,
    files: &ModelFiles,
) -> Result<String, Error> {
    if cfg!(target_arch = "wasm32") && !stated.is_empty() {
        return Ok(stated);
    }
    let computed = compute(&mut *graph(), files.require(TOKENIZER)?);
    if stated.is_empty() || stated == computed {
        return Ok(computed);
    }
    Err(Error::malformed(format!(
        "litmus.json: `encoder` is {stated}, but the SHA-256 of model.onnx and tokenizer.json is {computed}: take all files from \
         the same export"
    )))
}

/// The SHA-256 over the bytes of `model.onnx` followed by those of `tokenizer.json`, in hexadecimal.
fn compute(graph: &mut dyn bytes::Buf, tokenizer: &[u8]) -> String {
    let mut digest = Sha256::new();
    while graph.has_remaining() {
        let chunk = graph.chunk();
        digest.update(chunk);
        let length = chunk.len();
        graph.advance(length);
    }
    digest.update(tokenizer);
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
