//! The `litmus` command, run as a user runs it.
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
fn labels_its_arguments() {
    let output = litmus(&["a gorgeous, witty, seductive movie", "unflinchingly bleak and desperate"], b"");
    assert!(output.status.success());
    let lines = lines(&output);
    assert!(lines[0].starts_with("positive ") && lines[0].ends_with("seductive movie"), "{lines:?}");
    assert!(lines[1].starts_with("negative "), "{lines:?}");
}

#[test]
fn labels_lines_in_their_order_and_goes_on_after_a_bad_one() {
    let output = litmus(&["--jsonl"], b"I loved it\r\n\nI hated it\n\xff\xfe broken but fun");
    assert_eq!(output.status.code(), Some(1));
    let rows = json(&output);
    assert_eq!(rows.len(), 4);
    assert_eq!((&rows[0]["text"], &rows[0]["label"]), (&"I loved it".into(), &"positive".into()));
    assert_eq!((&rows[1]["text"], &rows[1]["error"]["code"]), (&"".into(), &"empty-text".into()));
    assert_eq!(rows[2]["label"], "negative");
    assert_eq!(rows[3]["text"], "\u{fffd}\u{fffd} broken but fun");
    assert_eq!(rows[0]["scores"].as_array().unwrap().len(), 3);
    assert_eq!((&rows[0]["tokens"], &rows[0]["truncated"]), (&5.into(), &false.into()));
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
fn says_which_file_is_missing() {
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
fn prints_what_the_readme_shows() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let shown: Vec<&str> =
        readme.split("```console\n$ litmus ").skip(1).filter_map(|s| s.split("```").next()).collect();
    assert!(!shown.is_empty());
    for block in shown {
        let (arguments, output) = block.split_once('\n').unwrap();
        let script = format!("{} {arguments}", env!("CARGO_BIN_EXE_litmus"));
        let ours = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(ours.stdout).unwrap(), output, "litmus {arguments}");
    }
}
