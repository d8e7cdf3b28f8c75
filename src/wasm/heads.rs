//! Heads at the boundary. JavaScript keeps the files of the heads and gives them with each call, so that they survive a
//! crash of the instance, and every worker of a pool has them.

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::{Error, Examples, Head};

/// The classifier with the heads of an object of files by task; "" is the task of the classifier's own labels.
pub(super) fn with_heads(classifier: &crate::Classifier, heads: &JsValue) -> Result<crate::Classifier, Error> {
    let mut classifier = classifier.clone();
    for (task, bytes) in read_entries(heads, "heads")? {
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

/// Keys and values of an object, or none of `undefined`. `name` is what the object is called in error messages.
fn read_entries(object: &JsValue, name: &str) -> Result<Vec<(String, JsValue)>, Error> {
    if object.is_undefined() {
        return Ok(Vec::new());
    }
    let object = object.dyn_ref::<Object>().ok_or_else(|| Error::invalid_input(format!("{name} must be an object")))?;
    let entry = |entry: JsValue| {
        let entry: Array = entry.unchecked_into();
        (entry.get(0).as_string().unwrap_or_default(), entry.get(1))
    };
    Ok(Object::entries(object).iter().map(entry).collect())
}

pub(super) fn read_examples(examples: &JsValue) -> Result<Examples, Error> {
    let mut all = Examples::new();
    for (label, texts) in read_entries(examples, "examples")? {
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
