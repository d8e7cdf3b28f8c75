//! `tokenizer_config.json`: settings that override `tokenizer.json`, as in Hugging Face's `AutoTokenizer`.
//!
//! `AutoTokenizer` takes vocabulary and special tokens from `tokenizer.json`, but the classes of the BERT and RoBERTa
//! families set up lower-casing, accents and the prefix space from the keys of `tokenizer_config.json`, or from defaults.
//! The two files disagree where a tokenizer was edited or converted after training. The class
//! `PreTrainedTokenizerFast` uses `tokenizer.json` as it is.

use serde::Deserialize;
use tokenizers::normalizers::{BertNormalizer, Lowercase, Sequence};
use tokenizers::pre_tokenizers::metaspace::PrependScheme;
use tokenizers::pre_tokenizers::sequence::Sequence as PreTokenizers;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper};

use super::pre_tokenizer::PreTokenizer;
use super::tokenizer_file::Inner;
use crate::error::Error;

/// Classes that use `tokenizer.json` as it is.
const GENERIC_CLASSES: [&str; 3] = ["PreTrainedTokenizerFast", "PreTrainedTokenizer", "TokenizersBackend"];

/// The keys that change how a text is divided into tokens.
#[derive(Deserialize, Default)]
pub(super) struct TokenizerConfig {
    tokenizer_class: Option<String>,
    do_lower_case: Option<bool>,
    strip_accents: Option<bool>,
    tokenize_chinese_chars: Option<bool>,
    keep_accents: Option<bool>,
    add_prefix_space: Option<bool>,
}

impl TokenizerConfig {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes)
            .map_err(|e| Error::malformed(format!("tokenizer_config.json cannot be read: {e}")).caused_by(e))
    }

    /// Applies the settings to a tokenizer that was read from `tokenizer.json`.
    pub(super) fn apply(&self, tokenizer: &mut Inner) -> tokenizers::Result<()> {
        if self.tokenizer_class.as_deref().is_some_and(|class| GENERIC_CLASSES.contains(&class)) {
            return Ok(());
        }
        if let Some(normalizer) = tokenizer.get_normalizer().map(|normalizer| self.override_normalizer(normalizer)) {
            tokenizer.with_normalizer(Some(normalizer))?;
        }
        if let Some(PreTokenizer::Library(file)) = tokenizer.get_pre_tokenizer() {
            let pre_tokenizer = PreTokenizer::Library(self.pre_tokenizer(file));
            tokenizer.with_pre_tokenizer(Some(pre_tokenizer));
        }
        Ok(())
    }

    fn pre_tokenizer(&self, file: &PreTokenizerWrapper) -> PreTokenizerWrapper {
        match file {
            PreTokenizerWrapper::ByteLevel(file) => {
                file.add_prefix_space(self.resolve(self.add_prefix_space, file.add_prefix_space, false)).into()
            }
            PreTokenizerWrapper::Metaspace(_) => {
                PreTokenizers::new(self.sentence_piece(std::slice::from_ref(file))).into()
            }
            PreTokenizerWrapper::Sequence(file) => PreTokenizers::new(self.sentence_piece(file.as_ref())).into(),
            other => other.clone(),
        }
    }

    /// The pre-tokenizers of SentencePiece models, where ▁ stands for a space, with the prefix space.
    fn sentence_piece(&self, file: &[PreTokenizerWrapper]) -> Vec<PreTokenizerWrapper> {
        let mut steps = file.to_vec();
        let class = self.tokenizer_class.as_deref().map(|class| class.trim_end_matches("Fast"));
        let splits_at_spaces = match class {
            Some("AlbertTokenizer" | "CamembertTokenizer" | "XLMRobertaTokenizer") => true,
            Some("BarthezTokenizer" | "BigBirdTokenizer" | "DebertaV2Tokenizer" | "RemBertTokenizer") => false,
            None if self.add_prefix_space.is_some() => false,
            _ => return steps,
        };
        let scheme = match (self.add_prefix_space, class) {
            (None | Some(true), _) => PrependScheme::Always,
            (Some(false), Some("DebertaV2Tokenizer")) => PrependScheme::First,
            (Some(false), _) => PrependScheme::Never,
        };
        for step in &mut steps {
            if let PreTokenizerWrapper::Metaspace(metaspace) = step {
                metaspace.set_prepend_scheme(scheme);
            }
        }
        // Older files leave out the split at spaces. With it, a text without the prefix space has no ▁ at all.
        if splits_at_spaces && matches!(steps[..], [PreTokenizerWrapper::Metaspace(_)]) {
            steps.insert(0, WhitespaceSplit.into());
        }
        steps
    }

    /// A key's value; where it is missing, the default of the class, or without a class the value of `tokenizer.json`.
    fn resolve<T>(&self, key: Option<T>, file: T, default: T) -> T {
        key.unwrap_or(if self.tokenizer_class.is_some() { default } else { file })
    }

    fn override_normalizer(&self, normalizer: &NormalizerWrapper) -> NormalizerWrapper {
        match normalizer {
            NormalizerWrapper::BertNormalizer(file) => BertNormalizer::new(
                file.clean_text,
                self.resolve(self.tokenize_chinese_chars, file.handle_chinese_chars, true),
                self.resolve(self.strip_accents.map(Some), file.strip_accents, None),
                self.resolve(self.do_lower_case, file.lowercase, true),
            )
            .into(),
            NormalizerWrapper::Sequence(file) => Sequence::new(self.override_steps(file.as_ref())).into(),
            other => other.clone(),
        }
    }

    /// The steps of ALBERT's, XLNet's and DeBERTa's normalisers.
    fn override_steps(&self, file: &[NormalizerWrapper]) -> Vec<NormalizerWrapper> {
        let removes = |step: &NormalizerWrapper| match step {
            NormalizerWrapper::Lowercase(_) => self.do_lower_case == Some(false),
            NormalizerWrapper::StripAccents(_) | NormalizerWrapper::NFKD(_) => self.keep_accents == Some(true),
            _ => false,
        };
        let mut steps: Vec<_> = file.iter().filter(|step| !removes(step)).cloned().collect();
        let has_lowercase = steps.iter().any(|step| matches!(step, NormalizerWrapper::Lowercase(_)));
        if self.do_lower_case == Some(true) && !has_lowercase {
            // SentencePiece's character map comes last.
            let map = steps.iter().position(|step| matches!(step, NormalizerWrapper::Precompiled(_)));
            steps.insert(map.unwrap_or(0), Lowercase.into());
        }
        steps
    }
}
