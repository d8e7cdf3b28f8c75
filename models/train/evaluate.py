"""Stage 6: measures the teacher and every candidate → candidates.json, from which the model to ship is chosen.

Computed in torch with our runtime's rounding. What is shipped is measured again in the runtime itself."""

import brotli
import numpy as np

import sources
from calibrate import answered, name_of, softmax
from data import labelled_dev, scores
from encoder import Config
from export import build
from files import read_arrays, read_json, write_json
from quantise import TABLE
from tokens import as_json, load_tokenizer
from trim import load_trimmed, unknown_share


def calibration_error(shares, labels, bins=15):
    """Expected calibration error of the top label, equal-width bins (Naeini et al. 2015)."""
    top, right = shares.max(1), shares.argmax(1) == labels
    bin_of = np.minimum((top * bins).astype(int), bins - 1)
    members = [bin_of == b for b in np.unique(bin_of)]
    return float(sum(m.mean() * abs(top[m].mean() - right[m].mean()) for m in members))


def sizes(content):
    return {"bytes": len(content), "brotli": len(brotli.compress(content, quality=11, lgwin=24))}


def measured(args, name, dev):
    found = read_arrays(args.work / f"calibrated-{name}.npz")
    temperature = float(found["temperature"])
    result = {"temperature": temperature}
    for part, encoded in zip(("sst2_dev", "goemotions_dev"), dev):
        logits, labels = answered(found[part], encoded)
        errors = {
            "calibration_error": calibration_error(softmax(logits / temperature), labels),
            "calibration_error_at_temperature_1": calibration_error(softmax(logits), labels),
        }
        result[part] = scores(found[part], encoded) | errors
    return result


def evaluate(args):
    dev = labelled_dev(args, load_tokenizer())
    texts = [text for text, _ in sources.goemotions(args.data, sources.GOEMOTIONS_DEV)]
    source = load_tokenizer()
    results = {"teacher": measured(args, "teacher", dev)}
    results["teacher"] |= {"layers": 6, "bits": 32, "vocabulary": source.get_vocab_size()}
    results["teacher"] |= {"unknown_share": unknown_share(source, texts)}
    for layers, bits in args.candidates:
        name = name_of((layers, bits))
        arrays = read_arrays(args.work / f"quantised-{name}.npz")
        rows = len(arrays[TABLE])
        model = build(arrays, Config(vocab=rows, layers=layers)).SerializeToString()
        result = measured(args, name, dev) | {"layers": layers, "bits": bits, "vocabulary": rows}
        tokenizer = as_json(read_json(args.work / f"tokenizer-{layers}.json")).encode()
        result |= {"model": sizes(model), "tokenizer": sizes(tokenizer)}
        result["brotli"] = result["model"]["brotli"] + result["tokenizer"]["brotli"]
        result["unknown_share"] = unknown_share(load_trimmed(args, layers), texts)
        results[name] = result
    write_json(args.work / "candidates.json", results)
    print("| | SST-2 dev | GoEmotions dev | macro-F1 | brotli MB |\n|---|---|---|---|---|")
    for name, r in results.items():
        emotions, size = r["goemotions_dev"], f"{r['brotli'] / 1e6:.2f}" if "brotli" in r else ""
        shown = [r["sst2_dev"]["accuracy"], emotions["accuracy"], emotions["macro_f1"]]
        print(f"| {name} | " + " | ".join(f"{100 * value:.2f}" for value in shown) + f" | {size} |")
