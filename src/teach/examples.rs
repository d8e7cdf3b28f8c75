//! The examples that a head is taught with.

use std::collections::HashMap;

use super::report::Contradiction;
use crate::error::{Error, ErrorKind};
use crate::limits::{MAX_EXAMPLES, MAX_TAUGHT_LABELS};

/// Labels, each with example texts. A label without examples is taught by its name alone.
///
/// ```
/// use litmus_text::Examples;
///
/// let examples = Examples::new()
///     .label("refund", ["I want my money back", "Please cancel and refund"])
///     .label("shipping", ["Where is my parcel?"])
///     .label("praise", [""; 0]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Examples {
    labels: Vec<String>,
    /// The index of each label in `labels`.
    indices: HashMap<String, usize>,
    /// Each text with the index of its label.
    texts: Vec<(usize, String)>,
}

impl Examples {
    /// An empty set of examples.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a label with its examples. If the label exists, the examples are added to it. A text that is given twice
    /// for a label counts once.
    pub fn label<T: Into<String>>(mut self, label: impl Into<String>, texts: impl IntoIterator<Item = T>) -> Self {
        let label = label.into();
        let index = *self.indices.entry(label).or_insert_with_key(|label| {
            self.labels.push(label.clone());
            self.labels.len() - 1
        });
        self.texts.extend(texts.into_iter().map(|text| (index, text.into())));
        self
    }
}

/// A text with its labels, as indices.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    pub text: String,
    pub labels: Vec<usize>,
}

/// Examples, checked: each text once per label or, with `multi_label`, once.
#[derive(Debug, PartialEq)]
pub(super) struct CheckedExamples {
    pub labels: Vec<String>,
    pub examples: Vec<Example>,
    /// Texts that are examples of several labels, without `multi_label`.
    pub contradictions: Vec<Contradiction>,
}

impl CheckedExamples {
    /// Checks examples. `before`: the labels of the head that is taught more; `examples_before`: its number of examples.
    ///
    /// # Errors
    /// `InvalidInput` for a wrong number of labels or examples, or a label without a name; `EmptyText` for an empty example.
    pub(super) fn new(
        examples: &Examples,
        before: &[String],
        examples_before: usize,
        multi_label: bool,
    ) -> Result<Self, Error> {
        let (labels, indices) = merge_labels(before, &examples.labels);
        if !(2..=MAX_TAUGHT_LABELS).contains(&labels.len()) {
            return Err(Error::invalid_input(format!(
                "teaching takes 2 to {MAX_TAUGHT_LABELS} labels, not {}",
                labels.len()
            )));
        }
        if let Some(label) = labels.iter().find(|label| label.trim().is_empty()) {
            return Err(Error::invalid_input(format!("the label {label:?} has no name")));
        }
        let mut texts: Vec<(usize, String)> =
            examples.texts.iter().map(|(label, text)| (indices[*label], text.clone())).collect();
        let mut has_examples = vec![false; labels.len()];
        texts.iter().for_each(|&(label, _)| has_examples[label] = true);
        for (label, name) in labels.iter().enumerate().skip(before.len()).filter(|&(label, _)| !has_examples[label]) {
            texts.push((label, words_of(name)));
        }
        // Stable: the examples of a label stay in their order.
        texts.sort_by_key(|&(label, _)| label);
        let count = texts.len() + examples_before;
        if count > MAX_EXAMPLES {
            return Err(Error::invalid_input(format!("teaching takes at most {MAX_EXAMPLES} examples, not {count}")));
        }
        if let Some((label, _)) = texts.iter().find(|(_, text)| text.trim().is_empty()) {
            let message = format!("an example of the label {:?} is empty", labels[*label]);
            return Err(Error::new(ErrorKind::EmptyText, message));
        }
        let (examples, contradictions) = drop_duplicates(texts, &labels, multi_label);
        Ok(Self { labels, examples, contradictions })
    }
}

/// The labels `before`, then those of `new` that are not among them; and the index of each of `new` in the result.
fn merge_labels(before: &[String], new: &[String]) -> (Vec<String>, Vec<usize>) {
    let mut labels = before.to_vec();
    let mut known: HashMap<&String, usize> = before.iter().enumerate().map(|(index, label)| (label, index)).collect();
    let index = |label| {
        *known.entry(label).or_insert_with(|| {
            labels.push(label.clone());
            labels.len() - 1
        })
    };
    let indices = new.iter().map(index).collect();
    (labels, indices)
}

/// Each text once per label or, with `multi_label`, once with all of its labels. White space at the ends of a text
/// makes no difference. Without `multi_label`, a text with several labels is a contradiction.
fn drop_duplicates(
    texts: Vec<(usize, String)>,
    labels: &[String],
    multi_label: bool,
) -> (Vec<Example>, Vec<Contradiction>) {
    let mut kept: Vec<Example> = Vec::with_capacity(texts.len());
    // The indices in `kept` of the examples with each text.
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    for (label, text) in texts {
        let same = known.entry(text.trim().into()).or_default();
        match same.first() {
            Some(_) if same.iter().any(|&index| kept[index].labels.contains(&label)) => {}
            Some(&first) if multi_label => kept[first].labels.push(label),
            _ => {
                same.push(kept.len());
                kept.push(Example { text, labels: vec![label] });
            }
        }
    }
    let mut contradictions: Vec<Vec<usize>> = known.into_values().filter(|same| same.len() > 1).collect();
    contradictions.sort_unstable();
    let contradictions = contradictions.into_iter().map(|same| Contradiction {
        text: kept[same[0]].text.clone(),
        labels: same.iter().map(|&index| labels[kept[index].labels[0]].clone()).collect(),
    });
    let contradictions = contradictions.collect();
    (kept, contradictions)
}

/// A label's name as a text: `order_status` and `orderStatus` become "order status".
fn words_of(label: &str) -> String {
    let mut text = String::new();
    let mut after_lower = false;
    for c in label.chars() {
        match c {
            '_' | '-' | '.' | '/' | ':' => text.push(' '),
            c if after_lower && c.is_uppercase() => {
                text.push(' ');
                text.extend(c.to_lowercase());
            }
            c => text.push(c),
        }
        after_lower = c.is_lowercase();
    }
    match text.trim() {
        "" => label.into(),
        text => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn checked(examples: &Examples, before: &[String], multi_label: bool) -> Result<CheckedExamples, Error> {
        CheckedExamples::new(examples, before, 0, multi_label)
    }

    fn texts(checked: &CheckedExamples) -> Vec<(&str, &[usize])> {
        checked.examples.iter().map(|example| (&example.text[..], &example.labels[..])).collect()
    }

    #[test]
    fn a_label_without_examples_has_its_name() {
        assert_eq!(words_of("orderStatus"), "order status");
        assert_eq!(words_of("card_not-working"), "card not working");
        assert_eq!(words_of("__"), "__");
        let examples = Examples::new().label("b", [""; 0]).label("a", ["text"]).label("b", [""; 0]);
        assert_eq!(texts(&checked(&examples, &[], false).unwrap()), [("b", &[0][..]), ("text", &[1])]);
    }

    #[test]
    fn the_same_text_of_two_labels_contradicts_or_has_both() {
        let examples = Examples::new().label("a", ["one", "two", "one"]).label("b", [" two", "three"]);
        let single = checked(&examples, &[], false).unwrap();
        assert_eq!(texts(&single), [("one", &[0][..]), ("two", &[0]), (" two", &[1]), ("three", &[1])]);
        let contradiction = Contradiction { text: "two".into(), labels: vec!["a".into(), "b".into()] };
        assert_eq!(single.contradictions, [contradiction]);
        let multi = checked(&examples, &[], true).unwrap();
        assert_eq!(texts(&multi), [("one", &[0][..]), ("two", &[0, 1]), ("three", &[1])]);
        assert!(multi.contradictions.is_empty());
    }

    #[test]
    fn labels_of_the_head_before_stay_first() {
        let before = ["x".into(), "b".into()];
        let more = checked(&Examples::new().label("a", ["one"]).label("b", ["two"]), &before, false).unwrap();
        assert_eq!(more.labels, ["x", "b", "a"]);
        assert_eq!(texts(&more), [("two", &[1][..]), ("one", &[2])]);
    }

    #[test]
    fn wrong_examples_are_named() {
        let kind = |examples: &Examples| checked(examples, &[], false).unwrap_err();
        let one = kind(&Examples::new().label("a", ["text"]));
        assert_eq!((one.kind(), one.to_string().contains("not 1")), (ErrorKind::InvalidInput, true));
        let empty = kind(&Examples::new().label("a", ["text"]).label("b", ["text", " \n"]));
        assert_eq!((empty.kind(), empty.to_string().contains("\"b\"")), (ErrorKind::EmptyText, true));
        let nameless = kind(&Examples::new().label("a", ["text"]).label(" ", ["text"]));
        assert_eq!(nameless.kind(), ErrorKind::InvalidInput);
        let many = (0..=MAX_EXAMPLES).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(kind(&Examples::new().label("a", many).label("b", ["text"])).kind(), ErrorKind::InvalidInput);
        let labels = (0..=MAX_TAUGHT_LABELS).fold(Examples::new(), |all, i| all.label(i.to_string(), [""; 0]));
        assert_eq!(kind(&labels).kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn very_many_labels_are_rejected_without_delay() {
        let start = Instant::now();
        let labels = (0..200_000).fold(Examples::new(), |all, i| all.label(format!("label {i}"), ["text"]));
        assert_eq!(checked(&labels, &[], false).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}
