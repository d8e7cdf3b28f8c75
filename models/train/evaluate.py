"""The stage `evaluate`: measures the student in torch, with our runtime's rounding, writes student-report.json and
prints a table. models/evaluate measures the exported folder again in the runtime itself."""

import hashlib
import json

import brotli
import measures
import numpy as np
import torch
from calibrate import sentiment_part, sentiment_temperature, student_file, student_logits
from export import build, graph_arrays
from files import read_arrays, read_json, write_json
from rounding import TABLE, runtime_network
from tokens import as_json
from training import device, threads
from vocabulary import load_cut_tokenizer, tokenizer_path


def calibration(logits, dev, names):
    """{set: (error, chance)} by `measures.calibration_error`, and "temperatures": the two that were fitted.
    Cross-fitted: a half of each set (every second text) is scored at the temperature that fits the other halves."""
    parts = {name: sentiment_part(logits[name], dev[name]) for name in names}

    def half(name, start):
        return tuple(part[start::2] for part in parts[name])

    fitted = [sentiment_temperature([half(name, start) for name in names]) for start in (0, 1)]
    result = {"temperatures": fitted}
    for name, (set_logits, labels) in parts.items():
        probabilities = np.empty(set_logits.shape)
        for start in (0, 1):
            probabilities[start::2] = measures.softmax(set_logits[start::2] / fitted[1 - start])
        result[name] = measures.calibration_error(probabilities, labels)
    return result


def training_runs(args):
    """{run: {steps, hours, scores}} from the logs of the finished runs. Without the student's scores: the report has
    them."""
    runs = {}
    before = {name: args.work / name for name in args.description.RUNS}
    for name, run in {**before, "student": args.student}.items():
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
    """Bytes of a file, and bytes of it compressed by brotli as on a web server."""
    return {"bytes": len(content), "brotli": len(brotli.compress(content, quality=11, lgwin=24))}


def evaluate(args):
    """The stage."""
    torch.set_num_threads(threads())
    description, arrays = args.description, read_arrays(args.student.with_suffix(".npz"))
    corpora = description.corpora(args.data)
    model, tokenizer = runtime_network(arrays).to(device()), load_cut_tokenizer(args)
    logits, heads = student_logits(args, corpora), read_json(student_file(args, "calibration.json"))
    report = description.report(args, model, tokenizer, corpora, logits, heads)
    report["calibration"] = calibration(logits, corpora.dev, description.CALIBRATED)
    network = build(graph_arrays(arrays), model.config, description.NAME).SerializeToString()
    # Identifies the model.onnx of this report: models/evaluate rejects the report of another model.
    report["model"] = sizes(network) | {"sha256": hashlib.sha256(network).hexdigest(), "vocabulary": len(arrays[TABLE])}
    report["training"] = training_runs(args)
    report["tokenizer"] = sizes(as_json(read_json(tokenizer_path(args))["tokenizer"]).encode())
    write_json(student_file(args, "report.json"), report)
    print("| | measured | bar |\n|---|---|---|")
    for row in description.table(report):
        print("| " + " | ".join(row) + " |")
