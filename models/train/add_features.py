"""Gives a model folder that was exported before there were heads the layout of export.py: model.onnx gets the output
`features`, and heads/sentiment.head gets the classifier's weights. The weights and the logits stay as they are.

models/train/add_features.py FOLDER, with the Python of run.sh or of tests/fixtures/generate.sh
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from files import read_json, sha256, whole, write_json
from heads import KINDS, SENTIMENT, encoder_id, read_head, write_head
from session import float32_session

HEAD = "heads/sentiment.head"
# Of a head's logits, between the head file and the graph.
MAX_HEAD_ERROR = 1e-4


def constant(graph, name):
    return onnx.numpy_helper.to_array(next(t for t in graph.initializer if t.name == name))


def add_output(model):
    """Names the vector that the classifier reads `features` and makes it an output. Returns its size."""
    graph = model.graph
    classifier = next(node for node in graph.node if node.name == "classifier.matmul")
    read, size = classifier.input[0], len(constant(graph, classifier.input[1]))
    producer = next(node for node in graph.node if read in node.output)
    producer.name = producer.output[0] = classifier.input[0] = "features"
    output = onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["batch", size])
    graph.output.append(output)
    onnx.checker.check_model(model, full_check=True)
    return size


def check(path, head, before):
    """onnxruntime must give the logits of the file before to the bit, and the head those of the graph."""
    rng = np.random.default_rng(1)
    vocabulary = len(constant(onnx.load(path).graph, "embeddings.word.weight"))
    mask = np.ones((3, 19), np.int64)
    mask[1:, 12:] = 0
    inputs = {"input_ids": rng.integers(5, vocabulary, mask.shape) * mask, "attention_mask": mask}
    logits, features = float32_session(path).run(["logits", "features"], inputs)
    if not np.array_equal(logits, before(inputs)):
        raise SystemExit(f"{path}: the logits have changed")
    _, weight, bias = head
    error = np.abs(features @ weight.T + bias - logits).max()
    if error > MAX_HEAD_ERROR:
        raise SystemExit(f"{HEAD} gives logits that differ from those of {path} by {error}")
    print(f"{path}: the same logits; those of {HEAD} differ by {error:.1e}")


def main(folder):
    path, head = folder / "model.onnx", folder / HEAD
    model, old = onnx.load(path), float32_session(path)
    if any(output.name == "features" for output in model.graph.output):
        raise SystemExit(f"{path} has the output `features` already")
    size = add_output(model)
    weight, bias = (constant(model.graph, f"classifier.{part}") for part in ("weight", "bias"))
    with whole(path) as file:
        onnx.save(model, file)
    litmus = read_json(folder / "litmus.json")
    task, calibration = "sentiment", {"temperature": litmus["temperature"], "thresholds": None}
    header = {"task": task, "kind": KINDS[task], "labels": SENTIMENT, **calibration, "encoder": encoder_id(folder)}
    write_head(head, header, np.ascontiguousarray(weight.T), bias)
    check(path, read_head(head), lambda inputs: old.run(["logits"], inputs)[0])
    for name in ("model.onnx", HEAD):
        litmus["files"][name] = {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
    write_json(folder / "litmus.json", litmus)
    print(f"{folder}: features of {size} values")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
