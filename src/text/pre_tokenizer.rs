//! The pre-tokenizers of `tokenizers`, and one of ours for the packaged English model, which isolates symbols before BERT's
//! pre-tokenizer divides the text. `tokenizers` would compile a regular expression for the symbols: a seventh of the model's
//! load time.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::tokenizer::pre_tokenizer::PreTokenizedString;
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior};

/// Divides a text into the pieces whose tokens are looked up.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PreTokenizer {
    Library(PreTokenizerWrapper),
    /// First the characters of a class are isolated, then BERT's divides the rest.
    IsolatedThenBert(CharacterClass),
}

/// A class of characters, from a regular expression such as `[a-zäöü]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CharacterClass(Vec<RangeInclusive<char>>);

impl CharacterClass {
    /// `None` if the pattern is anything but a list of characters and ranges, without escapes and operators.
    fn parse(pattern: &str) -> Option<Self> {
        let list = pattern.strip_prefix('[')?.strip_suffix(']')?;
        if list.is_empty() || list.contains(['\\', '[', ']', '^', '&', '~']) {
            return None;
        }
        let (mut rest, mut ranges) = (list.chars().peekable(), Vec::new());
        while let Some(first) = rest.next() {
            let last = match rest.next_if_eq(&'-') {
                Some(_) => rest.next()?,
                None => first,
            };
            // Left to the library: a hyphen that is not between the ends of a range, and a range that ends before it begins.
            if first == '-' || last == '-' || last < first {
                return None;
            }
            ranges.push(first..=last);
        }
        Some(Self(ranges))
    }

    fn contains(&self, character: char) -> bool {
        self.0.iter().any(|range| range.contains(&character))
    }
}

/// A `Split` at a regular expression that isolates what it matches.
#[derive(Deserialize)]
struct IsolatingSplit {
    pattern: Pattern,
    behavior: SplitDelimiterBehavior,
    invert: bool,
}

#[derive(Deserialize)]
struct Pattern {
    #[serde(rename = "Regex")]
    regex: String,
}

/// The class of characters that a step of a sequence isolates, if it does that.
fn isolated_class(step: &Value) -> Option<CharacterClass> {
    if step.get("type")?.as_str()? != "Split" {
        return None;
    }
    let split = IsolatingSplit::deserialize(step).ok()?;
    let isolates = split.behavior == SplitDelimiterBehavior::Isolated && !split.invert;
    CharacterClass::parse(&split.pattern.regex).filter(|_| isolates)
}

/// The class of characters that a sequence of two steps isolates, if the second is BERT's pre-tokenizer.
fn class_before_bert(value: &Value) -> Option<CharacterClass> {
    match &value.get("pretokenizers")?.as_array()?[..] {
        [step, bert] if bert.get("type")? == "BertPreTokenizer" => isolated_class(step),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for PreTokenizer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match class_before_bert(&value) {
            Some(class) => Ok(Self::IsolatedThenBert(class)),
            None => serde_json::from_value(value).map(Self::Library).map_err(serde::de::Error::custom),
        }
    }
}

impl tokenizers::PreTokenizer for PreTokenizer {
    fn pre_tokenize(&self, text: &mut PreTokenizedString) -> tokenizers::Result<()> {
        match self {
            Self::Library(inner) => inner.pre_tokenize(text),
            Self::IsolatedThenBert(class) => {
                let isolated = SplitDelimiterBehavior::Isolated;
                text.split(|_, piece| piece.split(|character: char| class.contains(character), isolated))?;
                BertPreTokenizer.pre_tokenize(text)
            }
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use serde_json::json;
    use tokenizers::{OffsetReferential, OffsetType};

    const PACKAGED: &str = include_str!("../../models/english/tokenizer.json");

    fn pieces(pre_tokenizer: &impl tokenizers::PreTokenizer, text: &str) -> Vec<(String, (usize, usize))> {
        let mut text = PreTokenizedString::from(text);
        pre_tokenizer.pre_tokenize(&mut text).unwrap();
        let splits = text.get_splits(OffsetReferential::Original, OffsetType::Byte);
        splits.into_iter().map(|(piece, offsets, _)| (piece.to_owned(), offsets)).collect()
    }

    #[test]
    fn the_packaged_model_needs_no_regular_expression() {
        let value = serde_json::from_str::<Value>(PACKAGED).unwrap()["pre_tokenizer"].take();
        let ours = PreTokenizer::deserialize(&value).unwrap();
        let library = PreTokenizerWrapper::deserialize(&value).unwrap();
        assert!(matches!(ours, PreTokenizer::IsolatedThenBert(_)));
        // Each character of the two planes that have symbols, glued to a word and behind a blank.
        for start in (0..0x20000).step_by(256) {
            let text: String =
                (start..start + 256).filter_map(char::from_u32).map(|c| format!("a{c}b {c}{c}")).collect();
            assert_eq!(pieces(&ours, &text), pieces(&library, &text), "from {start:x}");
        }
    }

    #[test]
    fn other_patterns_and_behaviours_are_left_to_the_library() {
        for (pattern, behavior, invert) in [
            ("[^a-c]", "Isolated", false),
            (r"[\\d]", "Isolated", false),
            ("[a&&b]", "Isolated", false),
            ("[-a]", "Isolated", false),
            ("[a-]", "Isolated", false),
            ("[c-a]", "Isolated", false),
            ("[]", "Isolated", false),
            ("[a]+", "Isolated", false),
            ("[a][b]", "Isolated", false),
            ("a", "Isolated", false),
            ("[a]", "Removed", false),
            ("[a]", "Isolated", true),
        ] {
            let step = json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert});
            assert_eq!(isolated_class(&step), None, "{step}");
        }
        let step = json!({"type": "Split", "pattern": {"String": "[a]"}, "behavior": "Isolated", "invert": false});
        assert_eq!(isolated_class(&step), None);
        let step = json!({"type": "Split", "pattern": {"Regex": "[a]"}, "behavior": "Isolated", "invert": false});
        for other in [json!([step]), json!([step, {"type": "Digits"}]), json!([{"type": "BertPreTokenizer"}, step])] {
            assert_eq!(class_before_bert(&json!({"pretokenizers": other})), None, "{other}");
        }
        assert!(class_before_bert(&json!({"pretokenizers": [step, {"type": "BertPreTokenizer"}]})).is_some());
        assert_eq!(CharacterClass::parse("[ac-eä]").unwrap().0, ['a'..='a', 'c'..='e', 'ä'..='ä']);
    }
}
