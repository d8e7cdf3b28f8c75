//! Text to token ids, through Hugging Face's `tokenizers`.

use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use tokenizers::utils::truncation::TruncationDirection;
use tokenizers::{ModelWrapper, PostProcessor};

use super::tokenizer_config::TokenizerConfig;
use super::tokenizer_file::{self, Inner};
use super::tokens::{Encoding, Sequence, Tokens, byte_spans, is_blank, is_control_or_replacement, spans_in_input};
use crate::error::{Error, ErrorKind};
use crate::options::SpecialTokens;

/// The second text of a pair, without special tokens.
pub(crate) struct Pair(tokenizers::Encoding);

impl Pair {
    /// Number of tokens.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The tokenizer of a model.
pub(crate) struct Tokenizer {
    /// Behind a lock, because how it reads special-token strings in a text is a setting of the tokenizer, not of a call.
    inner: RwLock<Inner>,
    /// The numbers of special tokens that are added to a text alone and to a text with its pair.
    added_counts: [usize; 2],
    /// The special tokens except the unknown one. As text, they count as unknown: the vocabulary of a Unigram or WordLevel
    /// model has them as whole words.
    special_ids: Vec<u32>,
    unknown_id: Option<u32>,
    mask_id: Option<u32>,
}

impl Tokenizer {
    /// Reads `tokenizer.json`, and `tokenizer_config.json` if there is one. Padding and truncation are ignored.
    pub(crate) fn from_bytes(bytes: &[u8], config: Option<&[u8]>) -> Result<Self, Error> {
        let malformed =
            |e: tokenizers::Error| Error::malformed(format!("tokenizer.json cannot be read: {e}")).caused_by(e);
        let (mut inner, unk_id) = tokenizer_file::read(bytes)?;
        inner.set_encode_special_tokens(true);
        if let Some(config) = config {
            TokenizerConfig::read(config)?.apply(&mut inner).map_err(malformed)?;
        }
        let unknown_id = unknown_id(&inner, unk_id)?;
        let added = inner.get_added_tokens_decoder();
        let special = added.iter().filter(|&(&id, token)| token.special && Some(id) != unknown_id);
        let special_ids = special.map(|(&id, _)| id).collect();
        let mask_id = ["[MASK]", "<mask>"].iter().find_map(|token| inner.token_to_id(token));
        let added_counts =
            [false, true].map(|pair| inner.get_post_processor().map_or(0, |processor| processor.added_tokens(pair)));
        Ok(Self { inner: inner.into(), added_counts, special_ids, unknown_id, mask_id })
    }

    /// Encodes with this setting of the tokenizer. Threads that use the same setting run at once; one that changes it
    /// runs alone.
    fn encode_with(
        &self,
        special_tokens: SpecialTokens,
        encode: impl FnOnce(&Inner) -> tokenizers::Result<tokenizers::Encoding>,
    ) -> Result<tokenizers::Encoding, Error> {
        let as_text = special_tokens == SpecialTokens::Text;
        let inner = self.lock();
        if inner.get_encode_special_tokens() == as_text {
            return encode(&inner).map_err(failed);
        }
        drop(inner);
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.set_encode_special_tokens(as_text);
        encode(&inner).map_err(failed)
    }

    /// Locks the tokenizer for calls that do not depend on the setting.
    fn lock(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The size of the vocabulary without added tokens.
    pub(crate) fn vocabulary_size(&self) -> usize {
        self.lock().get_vocab_size(false)
    }

    /// The ids of the special tokens that are added to a text.
    pub(crate) fn added_ids(&self) -> Result<Vec<u32>, Error> {
        Ok(self.lock().encode_fast("", true).map_err(failed)?.get_ids().to_vec())
    }

    /// How the vocabulary spells a token.
    pub(crate) fn spelling(&self, id: u32) -> String {
        self.lock().id_to_token(id).unwrap_or_default()
    }

    /// The number of special tokens that are added to a text: alone, or with its pair.
    pub(crate) fn added_count(&self, pair: bool) -> usize {
        self.added_counts[usize::from(pair)]
    }

    /// The tokens of the second text of a pair.
    pub(crate) fn encode_pair(&self, text: &str, special_tokens: SpecialTokens) -> Result<Pair, Error> {
        let encoding = self.encode_with(special_tokens, |inner| inner.encode_fast(text, false))?;
        if encoding.is_empty() || is_blank(text) {
            let message = format!("the pair {}: leave it out to classify the text alone", emptiness(text));
            return Err(Error::new(ErrorKind::EmptyText, message));
        }
        Ok(Pair(encoding))
    }

    /// The id of the token that replaces a masked word: the mask token, or the unknown token where the vocabulary has no mask.
    pub(crate) fn mask_id(&self) -> Option<u32> {
        self.mask_id.or(self.unknown_id)
    }

    /// The number of tokens of a text, special tokens not counted.
    pub(crate) fn count_tokens(&self, text: &str, special_tokens: SpecialTokens) -> Result<usize, Error> {
        Ok(self.encode_with(special_tokens, |inner| inner.encode_fast(text, false))?.len())
    }

    /// The first `token_budget` tokens of a span of the text, with each of the pairs and with special tokens around them.
    /// Offsets take time and are optional.
    pub(crate) fn encode_window(
        &self,
        text: &str,
        span: Range<usize>,
        pairs: &[Pair],
        token_budget: usize,
        special_tokens: SpecialTokens,
        with_offsets: bool,
    ) -> Result<Tokens, Error> {
        let (start, text) = (span.start, &text[span]);
        let mut tokens = self.encode_with(special_tokens, |inner| match with_offsets {
            true => inner.encode_char_offsets(text, false),
            false => inner.encode_fast(text, false),
        })?;
        tokens.truncate(token_budget, 0, TruncationDirection::Right);
        let count = tokens.len();
        let unknown = tokens.get_ids().iter().filter(|&&id| self.is_unknown(id, special_tokens)).count();
        let token_spans = if with_offsets { byte_spans(text, start, tokens.get_offsets()) } else { Vec::new() };
        let inputs = self.complete(&tokens, pairs)?;
        let sequence = |input: &tokenizers::Encoding| Sequence {
            ids: self.ids(input, special_tokens),
            type_ids: input.get_type_ids().to_vec(),
        };
        Ok(Tokens {
            sequences: inputs.iter().map(sequence).collect(),
            end: token_spans.iter().map(|span| span.end).max().unwrap_or(start),
            spans: if with_offsets { spans_in_input(&inputs[0], token_spans) } else { Vec::new() },
            count,
            known: count - unknown,
            unknown: unknown + text.chars().filter(is_control_or_replacement).count(),
        })
    }

    /// The tokens of a text with special tokens around them, and with each of the pairs; without pairs, once alone.
    fn complete(&self, tokens: &tokenizers::Encoding, pairs: &[Pair]) -> Result<Vec<tokenizers::Encoding>, Error> {
        let inner = self.lock();
        let complete = |pair: Option<&Pair>| {
            inner.post_process(tokens.clone(), pair.map(|pair| pair.0.clone()), true).map_err(failed)
        };
        match pairs {
            [] => Ok(vec![complete(None)?]),
            pairs => pairs.iter().map(|pair| complete(Some(pair))).collect(),
        }
    }

    /// All tokens of a text, with spellings and spans. Special-token strings in it are ordinary text.
    pub(crate) fn encode(&self, text: &str) -> Result<Encoding, Error> {
        let encoding = self.encode_with(SpecialTokens::Text, |inner| inner.encode_char_offsets(text, true))?;
        let special = encoding.get_special_tokens_mask();
        let count = special.iter().filter(|&&special| special == 0).count();
        if count == 0 || is_blank(text) {
            return Err(empty_text(text));
        }
        let ids = self.ids(&encoding, SpecialTokens::Text);
        let unknown = ids.iter().zip(special).filter(|&(&id, &special)| special == 0 && Some(id) == self.unknown_id);
        let unknown_fraction = unknown.count() as f32 / count as f32;
        // Ids that became the unknown token get its spelling.
        let spell = |((&id, &before), token): ((&u32, &u32), &String)| match id == before {
            true => token.clone(),
            false => self.spelling(id),
        };
        let tokens = ids.iter().zip(encoding.get_ids()).zip(encoding.get_tokens()).map(spell);
        Ok(Encoding {
            unknown_fraction,
            tokens: tokens.collect(),
            offsets: byte_spans(text, 0, encoding.get_offsets()),
            ids,
        })
    }

    /// The ids of an encoding. Where special tokens are read as text, a special token that the model has as a whole word
    /// becomes the unknown token.
    fn ids(&self, encoding: &tokenizers::Encoding, special_tokens: SpecialTokens) -> Vec<u32> {
        let mut ids = encoding.get_ids().to_vec();
        let Some(unknown_id) = self.unknown_id else { return ids };
        for (id, &special) in ids.iter_mut().zip(encoding.get_special_tokens_mask()) {
            if special == 0 && self.is_unknown(*id, special_tokens) {
                *id = unknown_id;
            }
        }
        ids
    }

    /// Whether a token of a text counts as unknown.
    fn is_unknown(&self, id: u32, special_tokens: SpecialTokens) -> bool {
        Some(id) == self.unknown_id || special_tokens == SpecialTokens::Text && self.special_ids.contains(&id)
    }
}

/// The id of the unknown token. `unk_id` is `model.unk_id` of a Unigram model.
fn unknown_id(inner: &Inner, unk_id: Option<u32>) -> Result<Option<u32>, Error> {
    let id = |token: &str| inner.token_to_id(token);
    match inner.get_model() {
        ModelWrapper::WordPiece(model) => Ok(id(&model.unk_token)),
        ModelWrapper::WordLevel(model) => Ok(id(&model.unk_token)),
        ModelWrapper::BPE(model) => Ok(model.unk_token.as_deref().and_then(id)),
        // Without it, the first character outside the vocabulary would be an error.
        ModelWrapper::Unigram(_) if unk_id.is_none() => Err(Error::malformed(
            "tokenizer.json has no unknown token: set `model.unk_id` to the index of the unknown token in `model.vocab`",
        )),
        ModelWrapper::Unigram(_) => Ok(unk_id),
    }
}

/// The error for a text without tokens, or for a [blank](is_blank) one.
pub(crate) fn empty_text(text: &str) -> Error {
    Error::new(ErrorKind::EmptyText, format!("the text {}: there is nothing to classify", emptiness(text)))
}

/// Why a text has no tokens.
fn emptiness(text: &str) -> &'static str {
    match text.trim() {
        "" => "is empty",
        _ => "has nothing that the model reads, only characters such as control or zero-width ones",
    }
}

fn failed(error: tokenizers::Error) -> Error {
    Error::internal(format!("the tokenizer failed: {error}")).caused_by(error)
}

/// Compared with Hugging Face's `AutoTokenizer`: `tests/fixtures/tokenizer_cases.py`.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;

    #[derive(Deserialize)]
    struct Goldens {
        configs: Vec<ConfigCase>,
        spelled: Vec<SpelledCase>,
        pairs: Vec<PairCase>,
    }

    /// Token ids of texts with a `tokenizer_config.json` beside the `tokenizer.json` of a folder.
    #[derive(Deserialize)]
    struct ConfigCase {
        folder: String,
        config: Value,
        texts: Vec<(String, Vec<u32>)>,
    }

    /// Token ids of texts that spell special tokens: as text, and as special tokens.
    #[derive(Deserialize)]
    struct SpelledCase {
        folder: String,
        texts: Vec<(String, Vec<u32>, Vec<u32>)>,
    }

    /// Token ids of pairs of texts.
    #[derive(Deserialize)]
    struct PairCase {
        folder: String,
        texts: Vec<(String, String, Vec<u32>)>,
    }

    fn goldens() -> Goldens {
        serde_json::from_slice(&std::fs::read("tests/fixtures/tokenizer_cases.json").unwrap()).unwrap()
    }

    fn file(folder: &str) -> Vec<u8> {
        std::fs::read(format!("tests/fixtures/{folder}/tokenizer.json")).unwrap()
    }

    fn ids(tokenizer: &Tokenizer, text: &str, special_tokens: SpecialTokens) -> Vec<u32> {
        tokenizer.encode_window(text, 0..text.len(), &[], 100, special_tokens, false).unwrap().sequences[0].ids.clone()
    }

    #[test]
    fn tokenizer_config_overrides_tokenizer_json_as_in_auto_tokenizer() {
        let Goldens { configs, .. } = goldens();
        assert!(configs.len() >= 10);
        for case in configs {
            let config = case.config.to_string();
            let tokenizer = Tokenizer::from_bytes(&file(&case.folder), Some(config.as_bytes())).unwrap();
            for (text, expected) in &case.texts {
                assert_eq!(ids(&tokenizer, text, SpecialTokens::Text), *expected, "{} {config} {text:?}", case.folder);
            }
        }
        let damaged = Tokenizer::from_bytes(&file("folders/albert"), Some(b"{\"do_lower_case\": \"no\"}"));
        assert!(damaged.err().unwrap().to_string().contains("tokenizer_config.json"));
    }

    #[test]
    fn special_tokens_that_a_text_spells_are_text_unless_asked_for() {
        let mut differing = 0;
        for SpelledCase { folder, texts } in goldens().spelled {
            let tokenizer = Tokenizer::from_bytes(&file(&folder), None).unwrap();
            for (text, as_text, as_special) in texts {
                assert_eq!(ids(&tokenizer, &text, SpecialTokens::Text), as_text, "{folder} {text:?}");
                assert_eq!(ids(&tokenizer, &text, SpecialTokens::Special), as_special, "{folder} {text:?}");
                assert_eq!(tokenizer.encode(&text).unwrap().ids, as_text, "{folder} {text:?}");
                differing += usize::from(as_text != as_special);
            }
        }
        assert!(differing >= 6, "only {differing} texts differ");
    }

    #[test]
    fn threads_may_read_special_tokens_in_different_ways() {
        let SpelledCase { folder, texts } = goldens().spelled.swap_remove(0);
        let tokenizer = Tokenizer::from_bytes(&file(&folder), None).unwrap();
        let check = |special_tokens: SpecialTokens| {
            for _ in 0..100 {
                for (text, as_text, as_special) in &texts {
                    let expected = if special_tokens == SpecialTokens::Text { as_text } else { as_special };
                    assert_eq!(ids(&tokenizer, text, special_tokens), *expected, "{folder} {text:?}");
                }
            }
        };
        std::thread::scope(|scope| {
            for special_tokens in [SpecialTokens::Text, SpecialTokens::Special] {
                let check = &check;
                scope.spawn(move || check(special_tokens));
            }
        });
    }

    #[test]
    fn threads_encode_at_once_unless_the_setting_changes() {
        let tokenizer = Tokenizer::from_bytes(&file("tiny"), None).unwrap();
        let at_once = |special_tokens| {
            let mut at_once = false;
            let encoding = tokenizer.encode_with(special_tokens, |inner| {
                at_once = tokenizer.inner.try_read().is_ok();
                inner.encode_fast("", false)
            });
            encoding.map(|_| at_once).unwrap()
        };
        use SpecialTokens::{Special, Text};
        assert_eq!([Text, Text, Special, Special, Text].map(at_once), [true, true, false, true, false]);
    }

    #[test]
    fn pairs_have_the_tokens_of_auto_tokenizer() {
        for PairCase { folder, texts } in goldens().pairs {
            let tokenizer = Tokenizer::from_bytes(&file(&folder), None).unwrap();
            for (text, pair, expected) in texts {
                let pair = tokenizer.encode_pair(&pair, SpecialTokens::Text).unwrap();
                let special = tokenizer.added_count(true);
                let tokens =
                    tokenizer.encode_window(&text, 0..text.len(), &[pair], 100, SpecialTokens::Text, true).unwrap();
                assert_eq!(tokens.sequences[0].ids, expected, "{folder} {text:?}");
                assert_eq!(tokens.spans.iter().flatten().count(), tokens.count);
                assert_eq!(tokens.spans.len(), expected.len());
                assert!(special > tokenizer.added_count(false) && tokens.count + special < expected.len());
            }
        }
    }

    #[test]
    fn a_unigram_model_needs_an_unknown_token_of_any_name() {
        let json = |unk_id: &str| {
            format!(
                r#"{{"version": "1.0", "added_tokens": [], "pre_tokenizer": {{"type": "WhitespaceSplit"}}, "model":
                {{"type": "Unigram", "unk_id": {unk_id}, "vocab": [["a", -1.0], ["UNKNOWN", 0.0], ["b", -1.0]]}}}}"#
            )
        };
        let tokenizer = Tokenizer::from_bytes(json("1").as_bytes(), None).unwrap();
        let encoding = tokenizer.encode("a z z b").unwrap();
        assert_eq!((&encoding.ids[..], encoding.unknown_fraction), (&[0, 1, 1, 2][..], 0.5));
        let error = Tokenizer::from_bytes(json("null").as_bytes(), None).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ModelMalformed);
        assert!(error.to_string().contains("unk_id"), "{error}");
    }
}
