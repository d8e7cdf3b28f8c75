//! Heads at the boundary. JavaScript keeps the files of the heads and gives them with each call, so that they survive a
//! crash of the instance, and every worker of a pool has them.

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::{Error, Examples, Head};

/// The classifier with the heads of an object of files by task; "" is the task of the classifier's own labels.
pub(super) fn with_heads(classifier: &crate::Classifier, heads: &JsValue) -> Result<crate::Classifier, Error> {
    let mut classifier = classifier.clone();
    if heads.is_undefined() {
        return Ok(classifier);
    }
    let heads = heads.dyn_ref::<Object>().ok_or_else(|| Error::invalid_input("heads must be an object"))?;
    for (task, bytes) in read_entries(&Object::entries(heads))? {
        let head = read_head(&bytes)?;
        classifier = match &task[..] {
            "" => classifier.with_head(&head)?,
            task => classifier.with_task(task, &head)?,
        };
    }
    Ok(classifier)
}

pub(super) fn read_head(bytes: &JsValue) -> Result<Head, Error> {
    let bytes = bytes.dyn_ref::<Uint8Array>().ok_or_else(|| Error::invalid_input("a head must be a Uint8Array"))?;
    Head::from_bytes(&bytes.to_vec())
}

/// Keys and values of an array of entries.
fn read_entries(entries: &Array) -> Result<Vec<(String, JsValue)>, Error> {
    let read = |entry: JsValue| {
        let entry: &Array = entry.dyn_ref()?;
        Some((entry.get(0).as_string()?, entry.get(1)))
    };
    let read: Option<_> = entries.iter().map(read).collect();
    read.ok_or_else(|| Error::invalid_input("a label must be a string"))
}

/// Reads an array of labels with their examples: in an object, labels that are integers would come first.
pub(super) fn read_examples(examples: &JsValue) -> Result<Examples, Error> {
    let mut all = Examples::new();
    let examples = examples.dyn_ref().ok_or_else(|| Error::invalid_input("examples must be an array of entries"))?;
    for (label, texts) in read_entries(examples)? {
        let texts = texts.dyn_ref::<Array>().map(|texts| texts.iter().map(|text| text.as_string()).collect());
        let Some(Some(texts)) = texts else {
            return Err(Error::invalid_input(format!(
                "the examples of the label {label:?} must be an array of strings"
            )));
        };
        let texts: Vec<String> = texts;
        all = all.label(label, texts);
    }
    Ok(all)
}
