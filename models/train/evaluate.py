"""The stage `evaluate`: measures the student in torch, with our runtime's rounding, writes student-report.json and
prints a table. models/evaluate measures the exported folder again in the runtime itself."""

import hashlib
import json

import torch
from calibrate import student_file, student_logits
from export import build, graph_arrays
from files import read_arrays, read_json, write_json
from rounding import runtime_network
from training import threads
from vocabulary import load_cut_tokenizer


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


def evaluate(args):
    """The stage."""
    torch.set_num_threads(threads())
    description, arrays = args.description, read_arrays(args.student.with_suffix(".npz"))
    corpora = description.corpora(args.data)
    model, tokenizer = runtime_network(arrays), load_cut_tokenizer(args)
    logits, heads = student_logits(args, corpora), read_json(student_file(args, "calibration.json"))
    report = description.report(args, model, tokenizer, corpora, logits, heads)
    network = build(graph_arrays(arrays), model.config, description.NAME).SerializeToString()
    # Identifies the model.onnx of this report: models/evaluate rejects the report of another model.
    report["model"] = {"sha256": hashlib.sha256(network).hexdigest()}
    report["training"] = training_runs(args)
    write_json(student_file(args, "report.json"), report)
    print("| | measured | bar |\n|---|---|---|")
    for row in description.table(report):
        print("| " + " | ".join(row) + " |")
