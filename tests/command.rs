//! The `litmus` command, run as a process.
#![cfg(all(not(target_arch = "wasm32"), feature = "cli"))]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn litmus(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_litmus"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails early does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(String::from).collect()
}

fn json(output: &Output) -> Vec<Value> {
    lines(output).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_version_names_the_kernel() {
    let output = litmus(&["--version"], b"");
    let kernel = litmus_text::kernel();
    assert_eq!(lines(&output), [concat!("litmus ", env!("CARGO_PKG_VERSION")), &format!("kernel: {kernel}")]);
    #[cfg(target_arch = "x86_64")]
    assert_eq!(kernel == "sse2", !is_x86_feature_detected!("avx2"));
}

#[test]
fn labels_its_arguments() {
    let output = litmus(&["a gorgeous, witty, seductive movie", "unflinchingly bleak and desperate"], b"");
    assert!(output.status.success());
    let lines = lines(&output);
    assert!(lines[0].starts_with("positive ") && lines[0].ends_with("seductive movie"), "{lines:?}");
    assert!(lines[1].starts_with("negative "), "{lines:?}");
}

#[test]
fn labels_lines_in_their_order_and_continues_after_a_bad_one() {
    let output = litmus(&["--jsonl"], b"I loved it\r\n\nI hated it\n\xff\xfe broken but fun");
    assert_eq!(output.status.code(), Some(1));
    let rows = json(&output);
    assert_eq!(rows.len(), 4);
    assert_eq!((&rows[0]["text"], &rows[0]["label"]), (&"I loved it".into(), &"positive".into()));
    assert_eq!((&rows[1]["text"], &rows[1]["error"]["code"]), (&"".into(), &"empty-text".into()));
    assert!(output.stderr.is_empty(), "{output:?}");
    let plain = litmus(&[], b"I loved it\n\n");
    assert_eq!((plain.status.code(), lines(&plain)[1].trim_end()), (Some(1), "error      empty-text"));
    let message = "litmus: the text is empty: there is nothing to classify [empty-text]\n";
    assert_eq!(String::from_utf8_lossy(&plain.stderr), message);
    assert_eq!(rows[2]["label"], "negative");
    assert_eq!(rows[3]["text"], "\u{fffd}\u{fffd} broken but fun");
    assert_eq!(rows[0]["scores"].as_array().unwrap().len(), 3);
    assert_eq!((&rows[0]["tokens"], &rows[0]["truncated"]), (&5.into(), &false.into()));
}

/// One row out for each row in, in their order: each with its own fields and a prediction, or a coded error.
#[test]
fn extends_rows_and_continues_after_bad_ones() {
    let rows: [(&[u8], &str); 17] = [
        // An id of more digits than an f64 has, and a field that is called like one of a prediction.
        (br#"{"id": 123456789012345678901234567890, "text": "I loved it", "label": [1, {}]}"#, "positive"),
        (br#"{"text":"I hated it","id":"b"}"#, "negative"),
        (b"not JSON", "invalid-json"),
        (br#"{"id": 4, "text": "cut off"#, "invalid-json"),
        (br#"{"id": 5, "text": "two"} {}"#, "invalid-json"),
        (b"", "invalid-json"),
        (br#"["I loved it"]"#, "invalid-input"),
        (br#"{"id": 8}"#, "invalid-input"),
        (b"{ }", "invalid-input"),
        (br#"{"id": 10, "text": null}"#, "invalid-input"),
        (br#"{"id": 11, "text": ["a"], "x": {"y": 1}}"#, "invalid-input"),
        (br#"{"id": 12, "text": "a", "text": "b"}"#, "invalid-input"),
        (br#"{"id": 13, "text": "a", "error": null}"#, "invalid-input"),
        (br#"{"id": 14, "text": " \t"}"#, "empty-text"),
        (br#"{"id": 15, "text": "half \ud83d of a pair"}"#, "malformed-text"),
        (b"{\"id\": 16, \"text\": \"caf\xe9\"}", "malformed-text"),
        (b"\xff", "invalid-json"),
    ];
    let [first, second] = [br#"{"id": 18, "text": "It is good, \ud83d\ude42"}"#, &b"{\"text\": \"good\"}\r"[..]];
    let good: Vec<&[u8]> = rows.iter().map(|row| row.0).chain([first, second]).collect();
    let output = litmus(&["--rows"], &good.join(&b'\n'));
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let answers = json(&output);
    assert_eq!(answers.len(), good.len());
    for ((row, expected), answer) in rows.iter().zip(&answers) {
        let actual = answer["prediction"]["label"].as_str().or(answer["error"]["code"].as_str());
        assert_eq!(actual, Some(*expected), "{answer}");
        if let Ok(Value::Object(row)) = serde_json::from_slice(row)
            && answer.get("row").is_none()
        {
            assert!(row.iter().all(|(name, value)| answer[name] == *value), "{answer}");
        }
    }
    let lines = lines(&output);
    let start = r#"{"id": 123456789012345678901234567890, "text": "I loved it", "label": [1, {}],"prediction":{"#;
    assert!(lines[0].starts_with(start), "{}", lines[0]);
    assert_eq!(answers[2]["row"], "not JSON");
    assert_eq!(answers[2]["error"]["message"], "the row is not JSON: expected ident, at column 2");
    assert_eq!(answers[3]["row"], r#"{"id": 4, "text": "cut off"#);
    assert!(lines[8].starts_with(r#"{ "error":{"#), "{}", lines[8]);
    assert_eq!(answers[10]["error"]["message"], "invalid type: sequence, expected a string, at column 19");
    assert_eq!(answers[12]["row"], r#"{"id": 13, "text": "a", "error": null}"#);
    assert!(lines[14].starts_with(r#"{"id": 15, "text": "half \ufffd of a pair","error":{"#), "{}", lines[14]);
    assert_eq!((&answers[15]["id"], &answers[15]["text"]), (&16.into(), &"caf\u{fffd}".into()));
    assert_eq!(answers[15]["error"]["message"], "the row is not UTF-8: byte 24 is invalid");

    // The same prediction as without rows.
    let plain = json(&litmus(&["--jsonl", "It is good, 🙂"], b""));
    let mut prediction = answers[17]["prediction"].clone();
    prediction["text"] = plain[0]["text"].clone();
    assert_eq!(prediction, plain[0]);
}

#[test]
fn extends_as_many_rows_as_there_are() {
    let row = |i| match i % 7 {
        3 => "}\n".to_owned(),
        _ => format!("{{\"id\":{i},\"text\":\"{}\"}}\n", if i % 2 == 0 { "wonderful" } else { "dreadful" }),
    };
    let output = litmus(&["--rows"], (0..600).map(row).collect::<String>().as_bytes());
    let answers = json(&output);
    assert_eq!(answers.len(), 600);
    for (i, answer) in answers.iter().enumerate() {
        match i % 7 {
            3 => assert_eq!(answer["error"]["code"], "invalid-json"),
            _ => {
                let label = if i % 2 == 0 { "positive" } else { "negative" };
                assert_eq!((&answer["id"], &answer["prediction"]["label"]), (&i.into(), &label.into()));
            }
        }
    }
    assert!(litmus(&["--rows"], b"").stdout.is_empty());
}

#[test]
fn rows_take_the_other_options() {
    let long = format!("{{\"id\":1,\"text\":\"{}\"}}", "no middle and no end. ".repeat(100));
    let rejected = litmus(&["--rows", "--long-text", "error"], long.as_bytes());
    assert!(rejected.status.success());
    assert_eq!((&json(&rejected)[0]["id"], &json(&rejected)[0]["error"]["code"]), (&1.into(), &"text-too-long".into()));
    let explained = litmus(&["--rows", "--explain", "--threshold", "1"], br#"{"text":"so \"good\""}"#);
    let prediction = &json(&explained)[0]["prediction"];
    let words = prediction["attributions"].as_array().unwrap().iter().map(|word| word["text"].as_str().unwrap());
    assert_eq!((words.collect::<Vec<_>>(), &prediction["label"]), (vec!["so", "\"", "good", "\""], &Value::Null));

    let nli = ["--rows", "--model", "tests/fixtures/pipelines/nli"];
    let rows = b"{\"text\":\"the dog is happy\",\"pair\":\"the cat is sad\"}\n{\"text\":\"a\",\"pair\":\"\\udc00\"}";
    let answers = json(&litmus(&nli, rows));
    assert_eq!(answers[0]["prediction"]["tokens"], 11);
    assert_eq!(answers[1]["error"]["code"], "malformed-text");

    for arguments in [&["--rows", "a text"][..], &["--rows", "--jsonl"], &["--rows", "--model", "no-such-folder"]] {
        let output = litmus(arguments, br#"{"text":"a"}"#);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{output:?}");
    }
}

#[test]
fn labels_pairs_and_labels_of_the_callers_choice() {
    let model = ["--jsonl", "--model", "tests/fixtures/pipelines/nli"];
    let pairs = json(&litmus(&[&model[..], &["--pairs"]].concat(), b"the dog is happy\tthe cat is sad\nno pair\n"));
    assert_eq!((&pairs[0]["text"], &pairs[0]["pair"]), (&"the dog is happy".into(), &"the cat is sad".into()));
    assert_eq!((&pairs[0]["tokens"], pairs[1].get("pair")), (&11.into(), None));
    let labels = ["--labels", "happy,a sad day", "--hypothesis", "this is {}", "--multi-label", "the dog is happy"];
    let scored = json(&litmus(&[&model[..], &labels].concat(), b""));
    let mut names: Vec<_> =
        scored[0]["scores"].as_array().unwrap().iter().map(|s| s["label"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a sad day", "happy"]);
    assert!(scored[0]["labels"].is_array());
    let logits = json(&litmus(&[&model[..], &["--activation", "none", "the dog is happy"]].concat(), b""));
    let sum: f64 = logits[0]["scores"].as_array().unwrap().iter().map(|s| s["score"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() > 0.01, "{logits:?}");
    let unsupported = litmus(&["--labels", "a,b", "text"], b"");
    assert_eq!(unsupported.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unsupported.stderr).contains("[model-unsupported]"));
}

#[test]
fn predicts_a_task_and_the_labels_of_a_head() {
    let text = "I loved every minute of it";
    let own = litmus(&["--jsonl", text], b"");
    assert_eq!(own.stdout, litmus(&["--jsonl", "--task", "sentiment", text], b"").stdout);
    let unknown = litmus(&["--task", "weather", text], b"");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("[invalid-input]"));
}

#[test]
fn teaches_a_head_and_predicts_its_labels() {
    let folder = std::env::temp_dir().join(format!("litmus-teach-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let [table, more, head, extended] = ["examples.csv", "more.tsv", "triage.head", "extended.head"].map(path);
    let rows = [
        "label,text",
        "refund,I want my money back",
        "refund,\"Please, refund my order\"",
        "refund,How do I get a refund?",
        "shipping,Where is my parcel?",
        "shipping,My order has not arrived",
        "shipping,The delivery is late",
        "refund,The delivery is late",
    ];
    std::fs::write(&table, rows.join("\n")).unwrap();
    let taught = litmus(&["teach", &table, "-o", &head, "--with-examples"], b"");
    assert!(taught.status.success(), "{taught:?}");
    let report = lines(&taught);
    assert_eq!(report[0], "2 labels, 7 examples");
    assert!(report[1].ends_with("of 7 held-out examples are predicted right"), "{report:?}");
    assert_eq!(report[2], "contradiction: \"The delivery is late\" is an example of refund and shipping");
    let labelled = lines(&litmus(&["--head", &head, "my parcel has not arrived"], b""));
    assert!(labelled[0].starts_with("shipping "), "{labelled:?}");

    std::fs::write(&more, "topic\tmail\njob_application\t\nshipping\tThe \"courier\" never came\n").unwrap();
    let columns = ["--label", "topic", "--text", "mail"];
    let again = litmus(&[&["teach", &more, "--head", &head, "-o", &extended], &columns[..]].concat(), b"");
    assert_eq!(lines(&again)[0], "3 labels, 9 examples");
    let labelled = lines(&litmus(&["--head", &extended, "I want to apply for the job"], b""));
    assert!(labelled[0].starts_with("job_application "), "{labelled:?}");

    let fails = |arguments: &[&str], message: &str| {
        let output = litmus(arguments, b"");
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(message), "{error}");
    };
    fails(&["teach", &more, "-o", &head], "has no column \"text\" (it has: topic, mail)");
    fails(&[&["teach", &more, "--head", &extended, "-o", &head], &columns[..]].concat(), "[head-not-extendable]");
    std::fs::write(&head, &std::fs::read(&extended).unwrap()[..100]).unwrap();
    fails(&["--head", &head, "text"], "[head-malformed]");
    fails(&["--head", &table, "text"], "examples.csv: the head is another kind of file");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The same tables as in `tests/node/command.test.mjs`.
#[test]
fn a_table_that_cannot_be_read_as_its_author_meant_it_is_rejected() {
    let folder = std::env::temp_dir().join(format!("litmus-tables-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let head = folder.join("x.head").to_str().unwrap().to_owned();
    let wide = ": line 5 has 4 cells, but the header has 2: put a text that has commas into double quotes";
    let tables: [(&str, &[u8], &str); 12] = [
        ("wide.csv", b"label,text\na,\"very\ngood\"\n\nb,It was slow, loud, and awful\n", wide),
        ("wide.tsv", b"label\ttext\nb\tslow\tand loud\n", ": line 2 has 3 cells, but the header has 2: replace tabs"),
        ("latin1.csv", b"label,text\na,good\nb,tr\xe8s bien\n", " is not UTF-8: line 3 "),
        ("utf16.csv", b"\xff\xfel\0a\0", " is not UTF-8: line 1 "),
        (
            "semicolons.csv",
            b"label;text\na;good, very good\n",
            "(it has: label;text): it seems to be separated by semicolons",
        ),
        ("commas.tsv", b"label,text\na,good\n", "it seems to be separated by commas"),
        ("empty.csv", b"", " is empty"),
        ("blank.csv", b"\n\n", " is empty"),
        (
            "open.csv",
            b"label,text\na,\"very\ngood\" \n\"b\n\",\"say \"\"no\nc,bad\n",
            ": line 5 has a double quote that is never closed: close it",
        ),
        ("open-header.csv", b"label,\"text\na,good\n", ": line 1 has a double quote that is never closed"),
        (
            "quoted.csv",
            b"label,text\na,\"Say\" \"no\"\n",
            ": line 2 has more text after a quoted cell: double each double quote",
        ),
        ("unlabelled.csv", b"label,text\na,good\n,bad\n", ": line 3 has no label"),
    ];
    for (name, table, message) in tables {
        let path = folder.join(name);
        std::fs::write(&path, table).unwrap();
        let output = litmus(&["teach", path.to_str().unwrap(), "-o", &head], b"");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{name}: {error}");
        assert!(error.contains(name) && error.contains(message), "{error}");
    }
    let input = "\u{feff}label,text,note\nrefund\nshipping,Where is my parcel?\n";
    let taught = litmus(&["teach", "-", "-o", &head], input.as_bytes());
    assert_eq!(lines(&taught), ["2 labels, 2 examples"], "{taught:?}");
    let unreadable = litmus(&["teach", "-", "-o", &head], b"id\n1\n");
    assert!(
        String::from_utf8_lossy(&unreadable.stderr).contains("standard input has no column \"text\""),
        "{unreadable:?}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn takes_more_lines_than_one_chunk() {
    let input = (0..600).map(|i| if i % 2 == 0 { "wonderful\n" } else { "dreadful\n" }).collect::<String>();
    let output = litmus(&["--jsonl"], input.as_bytes());
    let rows = json(&output);
    assert_eq!(rows.len(), 600);
    assert!(rows.chunks(2).all(|pair| pair[0]["label"] == "positive" && pair[1]["label"] == "negative"));
}

#[test]
fn takes_another_model() {
    let output = litmus(&["--model", "tests/fixtures/tiny", "--jsonl", "good"], b"");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(json(&output)[0]["scores"].as_array().unwrap().len(), 3);
}

#[test]
fn explains_each_word_and_prints_no_colours_to_a_pipe() {
    let text = "unspeakably dull, but good";
    let output = litmus(&["--explain", text], b"");
    assert!(output.status.success(), "{output:?}");
    let lines = lines(&output);
    assert!(lines[0].starts_with("positive ") && lines[0].ends_with(text), "{lines:?}");
    let words: Vec<(&str, &str)> = lines[1..].iter().map(|line| line.trim().split_once("  ").unwrap()).collect();
    assert_eq!(words.iter().map(|word| word.1).collect::<Vec<_>>(), ["unspeakably", "dull", ",", "but", "good"]);
    let weight = |word| words.iter().find(|(_, other)| *other == word).unwrap().0.parse::<f32>().unwrap();
    assert!(weight("good") > 0.1 && weight("dull") < -0.1, "{lines:?}");
    assert!(!output.stdout.contains(&0x1b));
}

#[test]
fn jsonl_has_words_windows_and_warnings() {
    let output = litmus(&["--jsonl", "--explain", "a good 🙂 film", "这部电影太长了"], b"");
    let [first, second] = &json(&output)[..] else { panic!("{output:?}") };
    let words: Vec<_> = first["attributions"].as_array().unwrap().iter().map(|word| &word["text"]).collect();
    assert_eq!(words, ["a", "good", "🙂", "film"]);
    let smile = &first["attributions"][2];
    assert_eq!((&smile["start"], &smile["end"], smile["weight"].is_f64()), (&7.into(), &11.into(), true));
    assert_eq!((&first["windows"][0]["end"], &first["warnings"]), (&16.into(), &Value::Array(vec![])));
    assert_eq!(second["warnings"], serde_json::json!(["other-script", "mostly-unknown-tokens"]));
    let noted = |text, note| lines(&litmus(&[text], b""))[0].ends_with(note);
    assert!(noted("这部电影太长了", "(in another script than the model's languages)"));
    assert!(noted("\u{fffd}\u{fffd} a", "(mostly unknown tokens)"));
    assert_eq!(json(&litmus(&["--jsonl", "good"], b""))[0]["attributions"], Value::Null);
}

#[test]
fn prints_no_label_below_the_threshold() {
    let text = "a film";
    let output = litmus(&["--threshold", "1", text], b"");
    assert!(output.status.success() && lines(&output)[0].starts_with("- "), "{output:?}");
    let row = &json(&litmus(&["--jsonl", "--threshold", "1", text], b""))[0];
    assert_eq!((&row["label"], row["scores"].as_array().unwrap().len()), (&Value::Null, 3));
    let output = litmus(&["--threshold", "2", text], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("threshold must be from 0 to 1"), "{output:?}");
}

#[test]
fn reads_long_texts_as_the_option_says() {
    let text = "The story has no middle and no end. ".repeat(100);
    let with = |how| litmus(&["--jsonl", "--long-text", how], text.as_bytes());
    let row = &json(&litmus(&["--jsonl"], text.as_bytes()))[0];
    assert_eq!((&json(&with("window"))[0], &row["truncated"]), (row, &false.into()));
    assert!(row["windows"].as_array().unwrap().len() > 5, "{row}");
    assert_eq!(json(&with("truncate"))[0]["truncated"], true);
    let rejected = with("error");
    assert_eq!((rejected.status.code(), &json(&rejected)[0]["error"]["code"]), (Some(1), &"text-too-long".into()));
    assert!(lines(&litmus(&["--long-text", "truncate"], text.as_bytes()))[0].ends_with("(end not read: too long)"));
}

#[test]
fn names_a_missing_file() {
    let output = litmus(&["--model", "no-such-folder", "text"], b"");
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("config.json") && message.contains("[model-not-found]"), "{message}");
}

#[test]
fn no_input_gives_no_output() {
    let output = litmus(&[], b"");
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn prints_what_its_documentation_shows() {
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_litmus")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    for (page, start) in [("docs/command-line.md", "litmus "), ("docs/bulk.md", "printf ")] {
        let text = std::fs::read_to_string(page).unwrap();
        let blocks = text.split("```console\n$ ").skip(1).filter_map(|rest| rest.split("```").next());
        let shown: Vec<&str> = blocks.filter(|block| block.starts_with(start)).collect();
        assert!(!shown.is_empty());
        for block in shown {
            let (script, output) = block.split_once('\n').unwrap();
            let ours = Command::new("sh").args(["-c", script]).env("PATH", &path).output().unwrap();
            assert_eq!(String::from_utf8(ours.stdout).unwrap(), output, "{script}");
        }
    }
}
