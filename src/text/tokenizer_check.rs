//! Checks the parts of `tokenizer.json` before the `tokenizers` crate reads them: rejects what would make it panic, or use memory
//! out of proportion to the file's size.

use serde_json::Value;

use crate::error::Error;
use crate::limits::{MAX_GROWTH, MAX_TEMPLATE_TOKENS};

/// Values of a trie's label, a byte: the units of a node's children lie in one block of this many.
const LABELS: usize = 256;

/// Checks the parts of the file of these names.
pub(super) fn check(normalizer: Option<&Value>, post_processor: Option<&Value>) -> Result<(), Error> {
    let malformed = |e: String| Error::malformed(format!("tokenizer.json cannot be read: {e}"));
    if post_processor.map_or(Ok(0), count_templates).map_err(malformed)? > 1 {
        // tokenizers 0.23.2 panics in the second one.
        return Err(malformed("its post-processor has more than one template".into()));
    }
    match normalizer.map_or(Ok(1), growth_factor).map_err(malformed)? {
        ..=MAX_GROWTH => Ok(()),
        times => Err(Error::unsupported(format!(
            "the normaliser in tokenizer.json can make a text {times} times as long; the limit is {MAX_GROWTH}: save the tokenizer \
             without it"
        ))),
    }
}

/// The factor by which a normaliser can lengthen a text.
fn growth_factor(normalizer: &Value) -> Result<usize, String> {
    if !normalizer.is_object() {
        return Err("its normaliser is not an object".into());
    }
    let text = |key| normalizer.get(key).and_then(Value::as_str);
    // A pattern may match the empty string: then the content is inserted between any two characters.
    let mut growth = text("content").map_or(1, |content| content.len() + 1);
    // Between two added tokens may be a single byte, and each such piece is normalised by itself.
    growth = growth.max(text("prepend").map_or(1, |prefix| 1 + prefix.len()));
    if text("type") == Some("Precompiled") {
        let map = text("precompiled_charsmap").and_then(|map| base64::decode(map).ok());
        growth = growth.max(map.and_then(|map| longest_replacement(&map)).ok_or("its character map is damaged")?);
    }
    for inner in normalizer.get("normalizers").and_then(Value::as_array).into_iter().flatten() {
        growth = growth.saturating_mul(growth_factor(inner)?);
    }
    Ok(growth)
}

/// The number of templates of a post-processor; it fails at one that [`check_template`] rejects.
fn count_templates(processor: &Value) -> Result<usize, String> {
    let Value::Object(fields) = processor else { return Err("its post-processor is not an object".into()) };
    let is_template = ["single", "pair", "special_tokens"].iter().any(|key| fields.contains_key(*key));
    if is_template {
        check_template(processor)?;
    }
    let inner = list(processor, "processors").iter().map(count_templates).sum::<Result<usize, _>>()?;
    Ok(inner + usize::from(is_template))
}

/// A template must describe each special token that it adds, must not add too many or repeat a text, and the one for a single
/// text must not refer to a second.
fn check_template(template: &Value) -> Result<(), String> {
    for (key, texts) in [("single", &["A"][..]), ("pair", &["A", "B"])] {
        let mut unused = texts.to_vec();
        let mut added = 0;
        for piece in list(template, key) {
            if let Some(id) = piece.pointer("/Sequence/id") {
                let Some(index) = unused.iter().position(|text| id == text) else {
                    return Err(format!("`{key}` of its template has the text {id} twice, or has no such text"));
                };
                unused.swap_remove(index);
            }
            let Some(id) = piece.pointer("/SpecialToken/id").and_then(Value::as_str) else { continue };
            let token =
                template.get("special_tokens").and_then(|tokens| tokens.get(id)).filter(|token| token.is_object());
            if token.is_none_or(|token| list(token, "ids").len() != list(token, "tokens").len()) {
                return Err(format!("its template uses the special token {id:?} without describing it"));
            }
            added += token.map_or(0, |token| list(token, "ids").len());
        }
        if added > MAX_TEMPLATE_TOKENS {
            return Err(format!("`{key}` of its template adds {added} tokens; the limit is {MAX_TEMPLATE_TOKENS}"));
        }
    }
    Ok(())
}

/// An array of an object; empty if it has none of that name.
fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The length of the longest replacement in SentencePiece's character map, in bytes; `None` if a lookup could leave the
/// map.
///
/// The map is the length of a trie in bytes, the trie as a double array (Darts-clone, Yata 2014), and the replacements,
/// each followed by a zero byte.
fn longest_replacement(map: &[u8]) -> Option<usize> {
    let (length, rest) = map.split_first_chunk()?;
    let (trie, replacements) = rest.split_at_checked(u32::from_le_bytes(*length) as usize / 4 * 4)?;
    let (units, _) = trie.as_chunks();
    let units: Vec<usize> = units.iter().map(|unit| u32::from_le_bytes(*unit) as usize).collect();
    let replacements = std::str::from_utf8(replacements).ok()?;
    // With whole blocks, all children of a node are inside if its block is.
    if units.is_empty() || !units.len().is_multiple_of(LABELS) {
        return None;
    }
    // Bits 10 to 31 of a unit are the offset of its children, in steps of 256 if bit 9 is set. Bits 0 to 7 are its
    // label. If bit 8 is set, the child of the label 0 is a value instead: bit 31, and the value in the bits below.
    let target = |unit: usize| {
        let offset = (units[unit] >> 10) << ((units[unit] & (1 << 9)) >> 6);
        Some(unit ^ offset).filter(|next| *next < units.len())
    };
    let (mut longest, mut seen, mut left) = (1, vec![false; units.len()], vec![0]);
    while let Some(node) = left.pop() {
        let children = target(node)?;
        for label in 1..LABELS {
            let child = children ^ label;
            let unit = units[child];
            if unit & (1 << 31 | 0xff) != label || std::mem::replace(&mut seen[child], true) {
                continue;
            }
            left.push(child);
            if unit >> 8 & 1 == 1 {
                let replacement = replacements.get(units[target(child)?] & 0x7fff_ffff..)?;
                longest = longest.max(replacement.find('\0').unwrap_or(replacement.len()));
            }
        }
    }
    Some(longest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;

    fn error_kind(normalizer: &str) -> Option<ErrorKind> {
        check(Some(&serde_json::from_str(normalizer).unwrap()), None).err().map(|e| e.kind())
    }

    /// A normaliser with a character map: a trie of these units, its length as the file claims it, and one replacement.
    fn map(claimed: u32, units: &[u32], replacement: &str) -> String {
        let mut bytes = claimed.to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes.extend(replacement.bytes());
        format!(r#"{{"type": "Precompiled", "precompiled_charsmap": "{}"}}"#, base64::encode(bytes))
    }

    #[test]
    fn normalisers_that_lengthen_texts_too_much_are_rejected() {
        let doubling = r#"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#;
        let sequence =
            |count| format!(r#"{{"type": "Sequence", "normalizers": [{}]}}"#, vec![doubling; count].join(","));
        assert_eq!(error_kind(&sequence(6)), None);
        assert_eq!(error_kind(&sequence(40)), Some(ErrorKind::ModelUnsupported));
        assert_eq!(error_kind(&sequence(4000)), Some(ErrorKind::ModelUnsupported));
        // A text of added tokens with a byte between any two is normalised byte by byte.
        let prepend = |length| format!(r#"{{"type": "Prepend", "prepend": "{}"}}"#, "a".repeat(length));
        assert_eq!(error_kind(&prepend(MAX_GROWTH - 1)), None);
        assert_eq!(error_kind(&prepend(MAX_GROWTH)), Some(ErrorKind::ModelUnsupported));
    }

    #[test]
    fn a_template_must_describe_its_special_tokens() {
        let template = |single: &str, tokens: &str| {
            let template =
                format!(r#"{{"type": "TemplateProcessing", "single": [{single}], "special_tokens": {{{tokens}}}}}"#);
            [template.clone(), format!(r#"{{"type": "Sequence", "processors": [{template}]}}"#)]
                .map(|processor| check(None, Some(&serde_json::from_str(&processor).unwrap())).err().map(|e| e.kind()))
        };
        let [token, text] =
            [r#"{"SpecialToken": {"id": "[S]", "type_id": 0}}"#, r#"{"Sequence": {"id": "A", "type_id": 0}}"#];
        assert_eq!(
            template(&format!("{token}, {text}"), r#""[S]": {"id": "[S]", "ids": [1], "tokens": ["[S]"]}"#),
            [None; 2]
        );
        let damaged = [Some(ErrorKind::ModelMalformed); 2];
        assert_eq!(template(token, ""), damaged);
        assert_eq!(template(token, r#""[S]": {"id": "[S]", "ids": [1, 2], "tokens": ["[S]"]}"#), damaged);
        assert_eq!(template(&text.replace('A', "B"), ""), damaged);
        assert_eq!(template(&format!(r#"{text}], "pair": [{token}"#), ""), damaged);
    }

    #[test]
    fn templates_are_bounded() {
        let kind = |processor: &Value| check(None, Some(processor)).err().map(|e| e.kind());
        let template = |single: &[Value], ids: usize| {
            let token = json!({"id": "[S]", "ids": vec![1; ids], "tokens": vec!["[S]"; ids]});
            let pair = [text("A"), text("B")];
            json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": {"[S]": token}})
        };
        fn text(id: &str) -> Value {
            json!({"Sequence": {"id": id, "type_id": 0}})
        }
        let token = json!({"SpecialToken": {"id": "[S]", "type_id": 0}});
        let valid = template(&[token.clone(), text("A"), token.clone()], MAX_TEMPLATE_TOKENS / 2);
        assert_eq!(kind(&valid), None);
        let malformed = Some(ErrorKind::ModelMalformed);
        assert_eq!(kind(&template(&[text("A"), token.clone(), token], MAX_TEMPLATE_TOKENS)), malformed);
        assert_eq!(kind(&template(&[text("A"), text("A")], 1)), malformed);
        let sequence = |count: usize| json!({"type": "Sequence", "processors": vec![&valid; count]});
        assert_eq!((kind(&sequence(1)), kind(&sequence(2))), (None, malformed));
        let nested = json!({"type": "Sequence", "processors": [sequence(1), sequence(1)]});
        assert_eq!(kind(&nested), malformed);
    }

    #[test]
    fn a_lookup_must_stay_within_the_character_map() {
        // The root's children are in the second block; "a" has the first replacement, whose offset is in the third.
        let mut units = vec![0; 3 * LABELS];
        let [children, leaf] = [256, 512];
        units[0] = children << 10;
        units[256 ^ 97] = 97 | 1 << 8 | ((256 ^ 97) ^ leaf) << 10;
        let whole = 4 * units.len() as u32;
        assert_eq!(error_kind(&map(whole, &units, "b\0")), None);
        let damaged = Some(ErrorKind::ModelMalformed);
        assert_eq!(error_kind(&map(u32::MAX, &units, "b\0")), damaged, "longer than the file");
        assert_eq!(error_kind(&map(whole - 4, &units, "b\0")), damaged, "half a block");
        assert_eq!(error_kind(&map(0, &[], "b\0")), damaged, "no root");
        assert_eq!(error_kind(&map(whole, &units, &"b".repeat(2000))), Some(ErrorKind::ModelUnsupported));
        units[512] = 3;
        assert_eq!(error_kind(&map(whole, &units, "b\0")), damaged, "a replacement after the last one");
        units[512] = 1;
        assert_eq!(error_kind(&map(whole, &units, "é\0")), damaged, "half a character");
        units[0] = 0xffff << 10;
        assert_eq!(error_kind(&map(whole, &units, "b\0")), damaged, "children after the end");
        assert_eq!(error_kind(r#"{"type": "Precompiled", "precompiled_charsmap": "?"}"#), damaged);
        assert_eq!(error_kind(r#"{"type": "Precompiled", "precompiled_charsmap": ""}"#), damaged);
    }
}
