//! Packaged heads: several tasks on one encoder.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::sync::LazyLock;

use common::{sentiment, tiny};
use litmus_text::{
    Attribution, Classifier, ErrorKind, Examples, Explain, ModelFiles, Options, TaskOptions, TeachOptions,
};

const TEXT: &str = "Where is my parcel? I hate this, give me my money back!";

/// The packaged model without its heads, except that of the task "sentiment".
fn files() -> ModelFiles<'static> {
    let names = ["config.json", "tokenizer.json", "litmus.json", "model.onnx", "heads/sentiment.head"];
    let read = |name| std::fs::read(format!("models/english/{name}")).unwrap();
    names.into_iter().fold(ModelFiles::new(), |files, name| files.with(name, read(name)))
}

/// This model with two more heads: `topic`, of which a text has one label, and `signs`, of which it can have several.
fn model() -> &'static Classifier {
    static MODEL: LazyLock<Classifier> = LazyLock::new(|| {
        let taught = |multi_label, labels: [(&str, [&str; 4]); 2]| {
            let examples = labels.into_iter().fold(Examples::new(), |all, (label, texts)| all.label(label, texts));
            sentiment().teach(&examples, &TeachOptions::default().multi_label(multi_label)).unwrap().head
        };
        let refund = ["I want my money back", "Please refund my order", "How do I get a refund?", "Pay me back"];
        let shipping = ["Where is my parcel?", "The delivery is late", "The courier never came", "My order is lost"];
        let question = ["Where is it?", "How do I do this?", "When does it arrive?", "Who can help me?"];
        let anger = ["I hate this", "This makes me furious", "I am so angry", "What an outrage!"];
        // One task from a file, one added to the loaded model.
        let topic = taught(false, [("refund", refund), ("shipping", shipping)]).to_bytes();
        let files = files().with("heads/topic.head", topic);
        let signs = taught(true, [("question", question), ("anger", anger)]);
        Classifier::from_bytes(&files).unwrap().with_task("signs", &signs).unwrap()
    });
    &MODEL
}

#[test]
fn a_task_has_the_labels_of_its_head() {
    let tasks: Vec<_> = model().info().tasks.iter().map(|task| (&task.name[..], task.multi_label)).collect();
    assert_eq!(tasks, [("sentiment", false), ("signs", true), ("topic", false)]);
    let predict = |task: &str| model().predict("The parcel is late", &Options::default().task(task)).unwrap();
    assert_eq!(predict("topic").label.as_deref(), Some("shipping"));
    let signs = predict("signs");
    assert_eq!(signs.label, signs.labels.unwrap().first().cloned());
}

#[test]
fn the_packaged_heads_label_and_compare_texts() {
    let tasks: Vec<_> = sentiment().info().tasks.iter().map(|task| (&task.name[..], task.multi_label)).collect();
    assert_eq!(tasks, [("emotion", true), ("sentiment", false), ("toxicity", true)]);
    let predict = |task: &str, text| sentiment().predict(text, &Options::default().task(task)).unwrap();
    assert_eq!(predict("toxicity", "You are a stupid piece of shit").label.as_deref(), Some("toxic"));
    assert_eq!(predict("toxicity", "Good morning, see you at the meeting").labels.as_deref(), Some(&[][..]));
    assert!(predict("emotion", "Thank you so much for your help!").labels.unwrap().contains(&"gratitude".into()));
    let texts = ["How do I reset my password?", "I forgot my password, what can I do?", "The soup was delicious"];
    let embeddings = sentiment().embed(&texts).unwrap();
    let cosine = |a: usize, b: usize| embeddings[a].iter().zip(&embeddings[b]).map(|(a, b)| a * b).sum::<f32>();
    assert!(cosine(0, 1) > 0.5 && cosine(0, 2) < 0.3, "{} and {}", cosine(0, 1), cosine(0, 2));
}

#[test]
fn a_taught_head_with_the_labels_of_the_graph_keeps_its_own_weights() {
    let examples = Examples::new()
        .label("negative", ["I loved it", "What a wonderful film", "Great fun"])
        .label("neutral", ["It is a film", "The film has two parts", "It starts at eight"])
        .label("positive", ["I hated it", "What a dreadful film", "A waste of time"]);
    let head = sentiment().teach(&examples, &TeachOptions::default()).unwrap().head;
    let classifier = sentiment().with_task("reverse", &head).unwrap();
    let label = |task| classifier.predict("I loved it", &Options::default().task(task)).unwrap().label.unwrap();
    assert_eq!((label("sentiment"), label("reverse")), ("positive".into(), "negative".into()));
}

#[test]
fn the_task_of_the_graph_has_its_bits() {
    let own = model().predict(TEXT, &Options::default()).unwrap();
    assert_eq!(own, model().predict(TEXT, &Options::default().task("sentiment")).unwrap());
}

#[test]
fn several_tasks_give_what_each_gives_alone() {
    let tasks = ["sentiment", "topic", "signs"];
    let long = "The courier never came and nobody answers. ".repeat(4);
    for options in
        [Options::default(), Options::default().explain(Explain::default()), Options::default().threshold(0.9)]
    {
        let texts = [TEXT, "", &long];
        let results = model().tasks_job(&texts, &tasks, &options).unwrap().finish_by_task();
        assert_eq!(results[1].as_ref().unwrap_err().kind(), ErrorKind::EmptyText);
        for (text, result) in [(TEXT, &results[0]), (&long[..], &results[2])] {
            for (task, prediction) in result.as_ref().unwrap() {
                assert_eq!(prediction, &model().predict(text, &options.clone().task(task)).unwrap(), "{task}");
            }
        }
        let keys: Vec<_> = results[0].as_ref().unwrap().keys().collect();
        assert_eq!(keys, ["sentiment", "signs", "topic"]);
    }
}

#[test]
fn several_tasks_are_one_pass_of_the_encoder() {
    let rows = |tasks: &[&str]| {
        let options = Options::default().explain(Explain::default());
        model().tasks_job(&[TEXT], tasks, &options).unwrap().progress().total
    };
    assert_eq!(rows(&["sentiment"]), rows(&["sentiment", "topic", "signs"]));
}

#[test]
fn an_option_by_task_holds_for_that_task() {
    let of_topic = TaskOptions::default().threshold(1.0).explain_label("refund");
    let options = Options::default().explain(Explain::default()).by_task("topic", of_topic);
    let both = model().predict_tasks(TEXT, &["topic", "sentiment"], &options).unwrap();
    assert_eq!((both["topic"].label.is_none(), both["sentiment"].label.is_some()), (true, true));
    let options = Options::default().task("topic").explain(Explain::default().label("refund"));
    assert_eq!(both["topic"].attributions, model().predict(TEXT, &options).unwrap().attributions);
    let weight = |words: &Option<Vec<Attribution>>, word: &str| {
        words.iter().flatten().find(|w| &TEXT[w.start..w.end] == word).unwrap().weight
    };
    assert!(weight(&both["topic"].attributions, "money") > weight(&both["topic"].attributions, "parcel"));
}

#[test]
fn a_threshold_by_label_is_that_of_the_head_unless_an_option_overrides_it() {
    let options = Options::default().task("signs");
    let own = model().predict(TEXT, &options).unwrap();
    let all = model().predict(TEXT, &options.threshold(0.0)).unwrap();
    assert_eq!(all.labels.unwrap().len(), 2);
    assert!(!own.labels.unwrap().is_empty());
}

#[test]
fn invalid_tasks_have_codes() {
    let kind = |result: Result<_, litmus_text::Error>| result.map(|_: litmus_text::Prediction| ()).unwrap_err().kind();
    let error = model().predict(TEXT, &Options::default().task("weather")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("sentiment, signs, topic"), "{error}");
    let names = ["config.json", "tokenizer.json", "litmus.json", "model.onnx"];
    let files = names
        .iter()
        .fold(ModelFiles::new(), |files, name| files.with(*name, self::files().get(name).unwrap().to_vec()));
    let error = Classifier::from_bytes(&files).unwrap().predict(TEXT, &Options::default().task("weather")).unwrap_err();
    assert!(error.to_string().contains("add a head file heads/weather.head"), "{error}");
    assert_eq!(kind(tiny().predict(TEXT, &Options::default().task("sentiment"))), ErrorKind::ModelUnsupported);
    let stray = Options::default().task("topic").by_task("sentiment", TaskOptions::default());
    assert_eq!(kind(model().predict(TEXT, &stray)), ErrorKind::InvalidInput);
    let threshold = Options::default().task("topic").by_task("topic", TaskOptions::default().threshold(2.0));
    assert_eq!(kind(model().predict(TEXT, &threshold)), ErrorKind::InvalidInput);
    let label = Options::default().task("topic").explain(Explain::default().label("positive"));
    assert_eq!(kind(model().predict(TEXT, &label)), ErrorKind::InvalidInput);
    let by_tasks = |tasks: &[&str], options: &Options| model().predict_tasks(TEXT, tasks, options).unwrap_err().kind();
    assert_eq!(by_tasks(&[], &Options::default()), ErrorKind::InvalidInput);
    assert_eq!(by_tasks(&["topic"], &Options::default().task("signs")), ErrorKind::InvalidInput);
    let of_no_task = Options::default().by_task("topic", TaskOptions::default());
    assert_eq!(kind(model().predict(TEXT, &of_no_task)), ErrorKind::InvalidInput);
}

#[test]
fn embeddings_have_length_one_and_need_their_head() {
    assert_eq!(model().embed(&[TEXT]).unwrap_err().kind(), ErrorKind::ModelUnsupported);
    assert_eq!(tiny().embed(&[TEXT]).unwrap_err().kind(), ErrorKind::ModelUnsupported);
    let identity = identity(files().get("heads/sentiment.head").unwrap());
    let classifier = Classifier::from_bytes(&files().with("heads/embedding.head", identity)).unwrap();
    assert_eq!(classifier.info().tasks.len(), 1, "an embedding is not a task");
    let embeddings = classifier.embed(&["Where is my parcel?", "The parcel is late", "What a wonderful film"]).unwrap();
    let cosine = |a: usize, b: usize| embeddings[a].iter().zip(&embeddings[b]).map(|(a, b)| a * b).sum::<f32>();
    assert_eq!(embeddings[0].len(), 384);
    assert!((cosine(0, 0) - 1.0).abs() < 1e-5);
    assert!(cosine(0, 1) > cosine(0, 2) && cosine(0, 1) > cosine(1, 2));
    let error = classifier.embed(&["text", " "]).unwrap_err();
    assert_eq!((error.kind(), error.index()), (ErrorKind::EmptyText, Some(1)));
}

/// The header of a head after a change, and the zeros behind it.
fn changed_header(head: &[u8], change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let length = u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&head[12..12 + length]).unwrap();
    change(&mut header);
    let header = header.to_string();
    let mut bytes = [&head[..8], &(header.len() as u32).to_le_bytes(), header.as_bytes()].concat();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// Only the head of the graph's own task is a copy of its classifier, whatever the labels of others.
#[test]
fn a_head_of_another_task_with_the_same_labels_is_applied() {
    let stance =
        changed_header(files().get("heads/sentiment.head").unwrap(), |header| header["task"] = "stance".into());
    // Weights of zero, and biases that give the label "neutral".
    let zeros = [0.0f32; 3 * 384].iter().chain(&[0.0, 9.0, 0.0]).flat_map(|value| value.to_le_bytes());
    let stance = stance.into_iter().chain(zeros).collect::<Vec<_>>();
    let classifier = Classifier::from_bytes(&files().with("heads/stance.head", stance)).unwrap();
    let predict = |options: &Options| classifier.predict("I loved every minute of it", options).unwrap();
    assert_eq!(predict(&Options::default().task("stance")).label.as_deref(), Some("neutral"));
    assert_eq!(predict(&Options::default().task("sentiment")), predict(&Options::default()));
}

/// An embedding head that gives the features themselves, for the encoder of another head.
fn identity(head: &[u8]) -> Vec<u8> {
    let mut bytes = changed_header(head, |header| {
        (header["kind"], header["labels"], header["dtype"]) = ("embedding".into(), serde_json::json!([]), "i8".into());
        header["rows"] = 384.into();
    });
    bytes.extend((0..384 * 384).map(|i| u8::from(i % 385 == 0)));
    bytes.extend([1.0f32; 384].iter().chain(&[0.0; 384]).flat_map(|value| value.to_le_bytes()));
    bytes
}
