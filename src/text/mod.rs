//! Text to token ids: tokenizer, windows of long texts, words, scripts.

mod pieces;
mod pre_tokenizer;
pub(crate) mod scripts;
pub(crate) mod tokenizer;
mod tokenizer_check;
mod tokenizer_config;
mod tokenizer_file;
pub(crate) mod tokens;
pub(crate) mod windows;
pub(crate) mod words;
