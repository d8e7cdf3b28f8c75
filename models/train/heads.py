"""Head files: a linear layer on the encoder's features, with its labels and calibration.

8 bytes   magic, LITMUSH1
4 bytes   length of the header, u32 little-endian
header    JSON in UTF-8
zeros     up to a multiple of 8 bytes from the file's start
f32       weights [labels, features] row by row, then biases [labels], little-endian
or, dtype i8: int8 weights, zeros up to a multiple of 8, then f32 scales [labels] and biases [labels]

The embedding head has no labels: the header's `rows` is the number of its outputs.
"""

import hashlib
import json

import numpy as np
import sources
from files import atomic_file

MAGIC = b"LITMUSH1"
# Task → "single": one label applies; "multi": each label by itself.
KINDS = {"sentiment": "single", "emotion": "multi", "toxicity": "multi"}
SENTIMENT = ["negative", "neutral", "positive"]
TOXICITY = ["toxic", "hateful"]


def label_names(task, data):
    """The labels of a task, in the order of its logits."""
    return {"sentiment": SENTIMENT, "toxicity": TOXICITY}.get(task) or sources.source_lines(
        data, sources.GOEMOTIONS_LABELS
    )


def encoder_id(folder):
    """SHA-256 of model.onnx and tokenizer.json concatenated. A head file names the encoder that it was trained on by
    it."""
    digest = hashlib.sha256()
    for name in ("model.onnx", "tokenizer.json"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def aligned(length):
    """The next multiple of 8."""
    return length + -length % 8


def padded(content):
    return content.ljust(aligned(len(content)), b"\0")


def head_bytes(header, arrays):
    """The content of a head file; each array starts at a multiple of 8 bytes."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    content = padded(MAGIC + len(text).to_bytes(4, "little") + text)
    for array in arrays:
        content = padded(content) + array.tobytes()
    return content


def write_head(path, header, weight, bias):
    """Writes a head file with f32 weights [labels, features] and biases [labels]."""
    header = {"format": 1, **header, "features": weight.shape[1], "dtype": "f32"}
    with atomic_file(path) as file:
        file.write(head_bytes(header, [np.concatenate([weight.ravel(), bias]).astype("<f4")]))


def write_embedding(path, encoder, weight, bias):
    """Writes the map to the sentence embedding, f32 weight [H, features] and bias [H], with int8 weights and one scale
    per row. `encoder`: see `encoder_id`."""
    scale = np.abs(weight).max(1) / 127
    q = np.rint(weight / scale[:, None]).astype(np.int8)
    header = {"format": 1, "task": "embedding", "kind": "embedding", "labels": [], "features": weight.shape[1]}
    header |= {"temperature": 1.0, "thresholds": None, "encoder": encoder, "dtype": "i8", "rows": len(weight)}
    with atomic_file(path) as file:
        file.write(head_bytes(header, [q, np.concatenate([scale, bias]).astype("<f4")]))


def read_head(path):
    """(header, weight f32 [labels, features], bias f32 [labels]). The export checks with it what was written."""
    content = path.read_bytes()
    if content[:8] != MAGIC:
        raise SystemExit(f"{path}: begins with {content[:8]!r}, expected {MAGIC!r}")
    length = int.from_bytes(content[8:12], "little")
    header = json.loads(content[12 : 12 + length])
    start = aligned(12 + length)
    columns = header["features"]
    if header["dtype"] == "i8":
        rows = header["rows"]
        q = np.frombuffer(content, np.int8, rows * columns, start).reshape(rows, columns)
        start += aligned(rows * columns)
        scale, bias = np.frombuffer(content, "<f4", 2 * rows, start).reshape(2, rows)
        return header, q * scale[:, None], bias
    rows = len(header["labels"])
    values = np.frombuffer(content, "<f4", rows * (columns + 1), start)
    return header, values[: rows * columns].reshape(rows, columns), values[rows * columns :]
