"""Stage 7: everything that torch can measure of the student, with our runtime's rounding → a report and a table.

What is shipped is measured again in the runtime itself, by models/evaluate."""

import hashlib
import json

import brotli
import judge
import measures
import numpy as np
import robustness
import torch
from calibrate import answered, sentiment_temperature, student_file, student_logits
from encoder import Config
from export import build, graph_arrays
from files import read_arrays, read_json, write_json
from heads import TOXICITY
from label import TEACHERS
from rounding import TABLE, runtime_network
from splits import Corpora
from tokens import as_json
from training import device, threads
from vocabulary import load_cut, path

# Rows of the table: what, the key, the factor, the bar.
TABLE_ROWS = [
    ("written dev", "written_accuracy", 100, 83),
    ("SST-2 dev, polar", "sst2_polar", 100, 91),
    ("GoEmotions dev, three-way", "goemotions_accuracy", 100, 75.6),
    ("emotion, macro-F1", "emotion_macro_f1", 1, 0.42),
    ("toxic, AUC on ParaDetox", "toxic_auc_paradetox", 1, 0.93),
    ("hateful, AUC on ToxiGen", "hateful_auc_toxigen", 1, 0.85),
    ("hateful, AUC on Implicit Hate", "hateful_auc_implicit-hate", 1, 0.80),
    ("HateCheck, balanced accuracy", "hatecheck_balanced", 100, 65),
    ("embedding, mean cosine", "embedding_cosine", 1, 0.90),
    ("embedding, Spearman", "embedding_spearman", 1, 0.85),
    ("embedding, nearest ten", "embedding_overlap", 1, 0.55),
    ("taught, BANKING77", "taught_features_banking77", 100, 80.9),
    ("taught, CLINC150", "taught_features_clinc", 100, 87.9),
    ("taught, HWU64", "taught_features_hwu64", 100, 79.0),
]


def calibration(logits, dev):
    """{set: [error, chance]}: each half of a set is scored at the temperature that fits the other halves."""
    names = ("sst2", "goemotions", "written")
    parts = {name: answered(logits[name], dev[name]) for name in names}

    def half(name, start):
        return tuple(part[start::2] for part in parts[name])

    fitted = [sentiment_temperature([half(name, start) for name in names]) for start in (0, 1)]
    result = {"temperatures": fitted}
    for name, (found, labels) in parts.items():
        probabilities = np.empty(found.shape)
        for start in (0, 1):
            probabilities[start::2] = measures.softmax(found[start::2] / fitted[1 - start])
        result[name] = measures.calibration_error(probabilities, labels)
    return result


def toxicity_alarms(logits, dev, head):
    """On the dev part of the written toxicity: {label: [false alarms, recall]} at the shipped threshold."""
    limits = np.log(np.array(head["thresholds"]) / (1 - np.array(head["thresholds"]))) * head["temperature"]
    found, texts = logits["written-toxicity"]["toxicity"], dev["written-toxicity"]
    alarms = {}
    for column, name in enumerate(TOXICITY):
        labels = np.array([getattr(text, name) for text in texts])
        alarms[name] = measures.alarms(found[:, column], labels, limits[column])
    return alarms


def training_runs(args):
    """{run: its steps, hours and, for a teacher, its own scores}, from the logs of the runs that have finished."""
    runs = {}
    teachers = {f"teacher-{name}": args.work / f"teacher-{name}" for name in TEACHERS}
    for name, run in {**teachers, "student": args.student}.items():
        if not run.with_suffix(".npz").is_file():
            continue
        events = [json.loads(line) for line in run.with_suffix(".jsonl").read_text().splitlines()]
        steps = [event for event in events if "seconds" in event]
        runs[name] = {"steps": steps[-1]["steps"], "hours": steps[-1]["seconds"] / 3600}
        if name != "student":
            scores = [event for event in events if event.get("event") == "evaluation"][-1]
            runs[name]["scores"] = {key: score for key, score in scores.items() if key not in ("event", "step")}
    return runs


def sizes(content):
    return {"bytes": len(content), "brotli": len(brotli.compress(content, quality=11, lgwin=24))}


def evaluate(args):
    torch.set_num_threads(threads())
    corpora, arrays = Corpora(args.data), read_arrays(args.student.with_suffix(".npz"))
    model, tokenizer = runtime_network(arrays).to(device()), load_cut(args)
    logits, head = student_logits(args, corpora), read_json(student_file(args, "calibration.json"))
    report = judge.scores(logits, corpora.dev, judge.hatecheck_scores(model, tokenizer, args.data))
    report |= judge.embedding_scores(model, tokenizer, corpora.dev["embedding"])
    report |= judge.taught_scores(model, tokenizer, args.data)
    report["calibration"] = calibration(logits, corpora.dev)
    report["alarms"] = toxicity_alarms(logits, corpora.dev, head["toxicity"])
    report["groups"] = judge.group_table(logits["written"], corpora.dev["written"])
    report["robustness"] = robustness.same_label(model, tokenizer, corpora.dev, head["sentiment"]["temperature"])
    network = build(graph_arrays(arrays), Config(vocab=len(arrays[TABLE]), layers=args.layers)).SerializeToString()
    # Which model.onnx this report is about: models/evaluate rejects the report of another.
    report["model"] = sizes(network) | {"sha256": hashlib.sha256(network).hexdigest(), "vocabulary": len(arrays[TABLE])}
    report["training"] = training_runs(args)
    report["tokenizer"] = sizes(as_json(read_json(path(args))["tokenizer"]).encode())
    write_json(student_file(args, "report.json"), report)
    print("| | measured | bar |\n|---|---|---|")
    for name, key, factor, bar in TABLE_ROWS:
        print(f"| {name} | {factor * report[key]:.{1 if factor == 100 else 3}f} | {bar} |")
    for group, (right, opposite, count) in report["groups"].items():
        print(f"| {group} | {right} of {count}, {opposite} opposite | |")
