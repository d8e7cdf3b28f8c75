//! Teaching labels of one's own on the packaged encoder.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{sentiment, tiny};
use litmus_text::{Classifier, ErrorKind, Examples, Head, Options, Prediction, TeachOptions};

const REFUND: [&str; 6] = [
    "I want my money back",
    "Please refund my order",
    "How do I get a refund?",
    "You charged me twice, return the money",
    "I returned the shoes and still wait for the refund",
    "Cancel it and pay me back",
];
const SHIPPING: [&str; 6] = [
    "Where is my parcel?",
    "My order has not arrived",
    "The delivery is late",
    "When will my package be delivered?",
    "Tracking says delivered, but there is nothing here",
    "The courier never came",
];

fn examples() -> Examples {
    Examples::new().label("refund", REFUND).label("shipping", SHIPPING).label("job_application", [""; 0])
}

fn taught(examples: &Examples, options: &TeachOptions) -> Head {
    sentiment().teach(examples, options).unwrap().head
}

fn predict(head: &Head, text: &str) -> Prediction {
    sentiment().with_head(head).unwrap().predict(text, &Options::default()).unwrap()
}

fn label(head: &Head, text: &str) -> Option<String> {
    predict(head, text).label
}

#[test]
fn a_taught_head_labels_new_texts() {
    let taught = sentiment().teach(&examples(), &TeachOptions::default()).unwrap();
    assert_eq!(label(&taught.head, "the parcel never came").as_deref(), Some("shipping"));
    assert_eq!(label(&taught.head, "give me back what I paid").as_deref(), Some("refund"));
    assert_eq!(label(&taught.head, "I would like to apply for the open position").as_deref(), Some("job_application"));
    let report = taught.report;
    assert_eq!(report.labels.iter().map(|label| label.examples).collect::<Vec<_>>(), [6, 6, 1]);
    assert_eq!(report.validated, 12, "the only example of a label is not held out");
    assert!(report.accuracy.unwrap() > 0.8, "{report:?}");
    assert_eq!(report.confusion.iter().flatten().sum::<u32>(), 12);
    let classifier = sentiment().with_head(&taught.head).unwrap();
    assert_eq!(classifier.info().labels, ["refund", "shipping", "job_application"]);
    assert!(!classifier.info().multi_label);
}

#[test]
fn the_same_examples_give_the_same_bytes_at_once_and_in_parts() {
    let bytes = |head: &Head| head.to_bytes_with_examples().unwrap();
    let at_once = bytes(&taught(&examples(), &TeachOptions::default()));
    assert_eq!(at_once, bytes(&taught(&examples(), &TeachOptions::default())));
    let some = Examples::new().label("refund", REFUND[..4].to_vec()).label("shipping", SHIPPING[..3].to_vec());
    let first = Head::from_bytes(&bytes(&taught(&some, &TeachOptions::default()))).unwrap();
    let more = Examples::new()
        .label("job_application", [""; 0])
        .label("shipping", SHIPPING[3..].to_vec())
        .label("refund", REFUND[4..].to_vec());
    let extended = sentiment().with_head(&first).unwrap().teach(&more, &TeachOptions::default()).unwrap();
    assert_eq!(at_once, bytes(&extended.head));
    assert_eq!(extended.report.validated, 12);
}

#[test]
fn a_job_has_progress_and_the_same_result() {
    let mut job = sentiment().teaching_job(&examples(), &TeachOptions::default()).unwrap().max_batch_tokens(1);
    let mut before = job.progress();
    let mut steps = 0;
    while job.step() {
        let progress = job.progress();
        assert!(progress.done >= before.done && progress.total == before.total);
        before = progress;
        steps += 1;
    }
    assert_eq!(job.progress().done, job.progress().total);
    assert!(steps > 13, "13 examples and the fit took {steps} steps");
    let head = job.finish().unwrap().head;
    assert_eq!(head.to_bytes(), taught(&examples(), &TeachOptions::default()).to_bytes());
}

#[test]
fn a_head_file_predicts_the_same_bits() {
    let head = taught(&examples(), &TeachOptions::default().other(true));
    let bytes = head.to_bytes();
    assert!(bytes.len() < 3 * 1700, "{} bytes", bytes.len());
    for again in [&bytes, &head.to_bytes_with_examples().unwrap()] {
        let again = Head::from_bytes(again).unwrap();
        for text in ["the parcel never came", "what a lovely day", REFUND[0]] {
            assert_eq!(predict(&head, text), predict(&again, text));
        }
    }
}

#[test]
fn a_head_that_rejects_gives_texts_that_resemble_no_example_no_label() {
    let head = taught(&examples(), &TeachOptions::default().other(true));
    let known = predict(&head, "My parcel has not arrived");
    assert_eq!((known.label.as_deref(), known.other), (Some("shipping"), Some(false)));
    let rejected = predict(&head, "Photosynthesis turns light into sugar");
    assert_eq!((rejected.label, rejected.labels, rejected.other), (None, None, Some(true)));
    assert_eq!(predict(&taught(&examples(), &TeachOptions::default()), "The cat sat on the mat").other, None);
}

#[test]
fn a_head_that_is_taught_more_keeps_its_options() {
    let more = Examples::new().label("praise", ["What a great service", "I love it", "Thank you so much"]);
    let extend = |head: &Head, options: &TeachOptions| sentiment().with_head(head).unwrap().teach(&more, options);
    let rejects = |head: &Head| predict(head, "My parcel has not arrived").other.is_some();
    let default = TeachOptions::default();
    let rejecting = taught(&examples(), &default.clone().other(true));
    assert!(rejects(&extend(&rejecting, &default).unwrap().head));
    assert!(!rejects(&extend(&rejecting, &default.clone().other(false)).unwrap().head));
    let single = taught(&examples(), &default);
    assert!(!rejects(&extend(&single, &default).unwrap().head));
    assert!(rejects(&extend(&single, &default.clone().other(true)).unwrap().head));
    let several = taught(&examples(), &default.clone().multi_label(true));
    assert!(extend(&several, &default).unwrap().head.multi_label());
    for (head, multi_label, message) in [(&several, false, "several labels"), (&single, true, "one label per text")] {
        let error = extend(head, &default.clone().multi_label(multi_label)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn a_text_can_have_several_labels() {
    let urgent = ["I need this today", "This is urgent, answer now", "Hurry up please", "As soon as possible!"];
    let both = ["Refund me immediately", "I need my money back today, it is urgent"];
    let examples = Examples::new()
        .label("refund", REFUND.into_iter().chain(both))
        .label("shipping", SHIPPING)
        .label("urgent", urgent.into_iter().chain(both));
    let taught = sentiment().teach(&examples, &TeachOptions::default().multi_label(true)).unwrap();
    assert_eq!(taught.report.labels.iter().map(|label| label.examples).collect::<Vec<_>>(), [8, 6, 6]);
    assert!(taught.report.confusion.is_empty() && taught.report.accuracy.is_some());
    let labels = |text| predict(&taught.head, text).labels.unwrap();
    let mut found = labels("Give me my money back today, this is urgent");
    found.sort_unstable();
    assert_eq!(found, ["refund", "urgent"]);
    assert_eq!(labels("Where is my parcel?"), ["shipping"]);
}

#[test]
fn the_report_names_contradictions_and_suspect_examples() {
    let examples = Examples::new()
        .label("refund", REFUND.into_iter().chain(["The parcel is late", "Where is my parcel?"]))
        .label("shipping", SHIPPING);
    let report = sentiment().teach(&examples, &TeachOptions::default()).unwrap().report;
    assert_eq!(report.contradictions.len(), 1);
    assert_eq!(report.contradictions[0].text, "Where is my parcel?");
    assert_eq!(report.contradictions[0].labels, ["refund", "shipping"]);
    let suspects: Vec<_> = report.suspects.iter().map(|s| (s.text.as_deref().unwrap(), &s.predicted[..])).collect();
    assert!(suspects.contains(&("The parcel is late", "shipping")), "{suspects:?}");
}

#[test]
fn invalid_calls_have_codes() {
    let kind = |classifier: &Classifier, examples: &Examples, options: &TeachOptions| {
        classifier.teach(examples, options).unwrap_err().kind()
    };
    let (default, other) = (TeachOptions::default(), TeachOptions::default().other(true));
    assert_eq!(kind(tiny(), &examples(), &default), ErrorKind::ModelUnsupported);
    let one = Examples::new().label("refund", REFUND);
    assert_eq!(kind(sentiment(), &one, &default), ErrorKind::InvalidInput);
    let empty = Examples::new().label("refund", REFUND).label("shipping", [" "]);
    assert_eq!(kind(sentiment(), &empty, &default), ErrorKind::EmptyText);
    let nothing_to_read = Examples::new().label("refund", REFUND).label("shipping", ["\u{200b}\u{200d}"]);
    let error = sentiment().teach(&nothing_to_read, &default).unwrap_err();
    assert_eq!((error.kind(), error.index()), (ErrorKind::EmptyText, None));
    assert!(error.to_string().contains("of the label \"shipping\""), "{error}");
    let single = Examples::new().label("refund", ["one"]).label("shipping", ["two"]);
    assert_eq!(kind(sentiment(), &single, &other), ErrorKind::InvalidInput);
    assert_eq!(kind(sentiment(), &examples(), &other.clone().multi_label(true)), ErrorKind::InvalidInput);

    let head = taught(&examples(), &default);
    let exported = sentiment().with_head(&Head::from_bytes(&head.to_bytes()).unwrap()).unwrap();
    assert_eq!(kind(&exported, &one, &default), ErrorKind::HeadNotExtendable);
    let extendable = sentiment().with_head(&head).unwrap();
    assert_eq!(kind(&extendable, &one, &default.clone().multi_label(true)), ErrorKind::InvalidInput);
}

#[test]
fn a_head_of_another_encoder_or_a_damaged_one_is_rejected() {
    let head = taught(&examples(), &TeachOptions::default());
    let bytes = head.to_bytes_with_examples().unwrap();
    let offset = bytes.windows(11).position(|window| window == b"\"encoder\":\"").unwrap() + 11;
    let mut other = bytes.clone();
    other[offset] = if other[offset] == b'0' { b'1' } else { b'0' };
    let mismatch = sentiment().with_head(&Head::from_bytes(&other).unwrap()).unwrap_err();
    assert_eq!(mismatch.kind(), ErrorKind::HeadMismatch);
    assert_eq!(tiny().with_head(&head).unwrap_err().kind(), ErrorKind::ModelUnsupported);
    for length in [0, 8, 100, bytes.len() - 1] {
        assert_eq!(Head::from_bytes(&bytes[..length]).unwrap_err().kind(), ErrorKind::HeadMalformed);
    }
    let label = bytes.windows(14).position(|window| window == b"\"examples\":[[0").unwrap() + 13;
    let mut wrong = bytes;
    wrong[label] = b'9';
    let error = Head::from_bytes(&wrong).unwrap_err();
    assert!(error.to_string().contains("labels [9] of 3"), "{error}");
}
