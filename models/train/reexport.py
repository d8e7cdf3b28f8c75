"""Writes model.onnx of an exported folder again, from the weights in it, after a change of `export.build`:
reexport.py FOLDER. The head files and litmus.json get the new encoder id and checksums."""

import sys
from pathlib import Path

import numpy as np
import onnx
from encoder import Config
from export import build
from files import atomic_file, read_json, sha256, write_json
from folder import initializers
from heads import encoder_id
from session import float32_session

MAX_ERROR = 1e-4  # of logits and features, between two graphs with the same weights


def outputs(path, vocabulary):
    """Logits and features of a graph for three texts of random ids, two of them padded. `vocabulary`: number of
    tokens."""
    ids = np.random.default_rng(0).integers(1000, vocabulary, (3, 40))
    mask = (np.arange(40) < [[40], [17], [3]]).astype(np.int64)
    return float32_session(path).run(["logits", "features"], {"input_ids": ids * mask, "attention_mask": mask})


def reexport(folder):
    graph, settings = folder / "model.onnx", read_json(folder / "config.json")
    shipped, parts = onnx.load(graph).graph, ("embeddings.", "encoder.", "classifier.")
    kept = {name: array for name, array in initializers(shipped).items() if name.startswith(parts)}
    config = Config(vocab=settings["vocab_size"], layers=settings["num_hidden_layers"])
    before = outputs(graph, config.vocab)
    new_graph = graph.with_name("model.new.onnx")
    try:
        with atomic_file(new_graph) as file:
            onnx.save(build(kept, config, shipped.name), file)
        error = max(np.abs(a - b).max() for a, b in zip(before, outputs(new_graph, config.vocab), strict=True))
        if error > MAX_ERROR:
            raise SystemExit(f"{graph}: the logits or features of the new graph differ by {error}")
        new_graph.replace(graph)
    finally:
        new_graph.unlink(missing_ok=True)

    litmus = read_json(folder / "litmus.json")
    old, new = litmus["encoder"], encoder_id(folder)
    for path in (folder / "heads").glob("*.head"):
        content = path.read_bytes().replace(old.encode(), new.encode())
        with atomic_file(path) as file:
            file.write(content)
    litmus["encoder"] = new
    for name, file in litmus["files"].items():
        file.update(bytes=(folder / name).stat().st_size, sha256=sha256(folder / name))
    write_json(folder / "litmus.json", litmus)
    print(f"{folder}: logits and features within {error:.1e} of those before")


if __name__ == "__main__":
    reexport(Path(sys.argv[1]))
