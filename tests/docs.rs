//! The Rust code of docs/teaching.md; tests/documents/code-blocks.test.mjs compares its lines. The README's is a doctest.
#![cfg(not(target_arch = "wasm32"))]

use litmus_text::{Classifier, Examples, Head, Options, TeachOptions};

#[test]
fn the_code_of_docs_teaching_runs() -> Result<(), Box<dyn std::error::Error>> {
    let classifier = Classifier::from_dir("models/english")?;
    let examples = Examples::new()
        .label("refund", ["I want my money back", "Please refund my order"])
        .label("shipping", ["Where is my parcel?", "My order has not arrived"])
        .label("praise", [""; 0]); // its name alone
    let taught = classifier.teach(&examples, &TeachOptions::default())?;
    println!("{:?} of the examples are predicted right when held out", taught.report.accuracy);

    // The lines write into the current folder. No other test runs in this process.
    let folder = std::env::temp_dir().join(format!("litmus-docs-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    std::env::set_current_dir(&folder)?;

    std::fs::write("triage.head", taught.head.to_bytes())?;
    let head = Head::from_bytes(&std::fs::read("triage.head")?)?;
    let triage = classifier.with_head(&head)?;
    let prediction = triage.predict("the parcel never came", &Options::default())?;

    std::env::set_current_dir(std::env::temp_dir())?; // Windows does not remove a current folder
    std::fs::remove_dir_all(&folder)?;
    assert_eq!(prediction.label.as_deref(), Some("shipping"));
    Ok(())
}
