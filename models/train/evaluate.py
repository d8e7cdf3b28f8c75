"""Stage 5: measures what is shipped, and writes the numbers into litmus.json and the examples into the model card."""

import json

import numpy as np
import torch

import sources
from calibrate import softmax
from encoder import Classifier
from files import read_arrays, read_json, write_json, write_text
from shipped import Shipped
from tokens import load_tokenizer, pad

EXAMPLES_START, EXAMPLES_END = "<!-- examples: written by evaluate.py -->", "<!-- end of examples -->"

# (text, what a person says): some easy, most chosen because small models get them wrong.
EXAMPLES = [
    ("I loved every minute of it", "positive"),
    ("The worst two hours of my year", "negative"),
    ("Not bad at all", "positive"),
    ("I can't say I hated it", "positive"),
    ("I wouldn't call this a good film", "negative"),
    ("Great, another meeting that could have been an email", "negative"),
    ("Oh wonderful, my flight is cancelled again", "negative"),
    ("Everyone told me it was brilliant, but it wasn't", "negative"),
    ("Slow start, clumsy middle, and then an ending that broke my heart", "positive"),
    ("The food was cold and the waiter was lovely", "mixed"),
    ("The meeting is at three on Tuesday", "neutral"),
    ("Paris is the capital of France", "neutral"),
    ("I was expecting a disaster and got a small miracle", "positive"),
    ("It could have been worse", "mixed"),
    ("This phone dies faster than my houseplants", "negative"),
    ("sick beat, this track slaps", "positive"),
    ("😍😍😍", "positive"),
    ("👎", "negative"),
    ("C'était un film magnifique", "positive"),
    ("Das war leider sehr langweilig", "negative"),
    ("The surgery went well and she is recovering", "positive"),
    ("My grandmother died in March", "negative"),
]


def float32_logits(args, texts):
    """The fine-tuned network before quantisation, in torch."""
    model, tokenizer = Classifier().eval(), load_tokenizer()
    model.load_arrays(read_arrays(args.work / "finetuned.npz"))
    with torch.no_grad():
        rows = [model(*map(torch.from_numpy, pad([e.ids])))[0].numpy() for e in tokenizer.encode_batch(texts)]
    return np.array(rows)


def calibration_error(scores, labels, bins=10):
    """Expected calibration error of the top label, equal-width bins."""
    top, right = scores.max(1), scores.argmax(1) == labels
    bin_of = np.minimum((top * bins).astype(int), bins - 1)
    members = [bin_of == b for b in np.unique(bin_of)]
    return sum(m.mean() * abs(top[m].mean() - right[m].mean()) for m in members)


def examples_table(shipped, litmus, labels):
    scores = softmax(shipped.logits([text for text, _ in EXAMPLES]).astype(np.float64) / litmus["temperature"])
    lines = ["| text | a person says | the model says | |", "|---|---|---|---|"]
    for (text, expected), row in zip(EXAMPLES, scores):
        label = labels[row.argmax()]
        wrong = "✗" if expected in labels and label != expected else ""
        lines.append(f"| {text} | {expected} | {label} {row.max():.3f} | {wrong} |")
    return "\n".join(lines)


def evaluate(args):
    texts, labels = zip(*sources.sentences(args.data, sources.DEV))
    labels = np.array(labels)
    shipped = Shipped(args.out)
    litmus = read_json(args.out / "litmus.json")
    logits = shipped.logits(texts).astype(np.float64)
    int8 = logits.argmax(1) == labels
    float32 = float32_logits(args, texts).argmax(1) == labels
    litmus["metrics"] = {
        "sst2_dev": {
            "sentences": len(labels),
            "correct": int(int8.sum()),
            "accuracy": round(float(int8.mean()), 4),
            "accuracy_before_quantisation": round(float(float32.mean()), 4),
            "calibration_error": round(float(calibration_error(softmax(logits / litmus["temperature"]), labels)), 4),
            "calibration_error_at_temperature_1": round(float(calibration_error(softmax(logits), labels)), 4),
        }
    }
    write_json(args.out / "litmus.json", litmus)
    print(json.dumps(litmus["metrics"], indent=2))

    config = read_json(args.out / "config.json")
    table = examples_table(shipped, litmus, [config["id2label"][str(i)] for i in range(len(config["id2label"]))])
    print(table)
    card = args.out / "README.md"
    if card.exists():
        before, _, rest = card.read_text(encoding="utf-8").partition(EXAMPLES_START)
        _, _, after = rest.partition(EXAMPLES_END)
        write_text(card, f"{before}{EXAMPLES_START}\n{table}\n{EXAMPLES_END}{after}")
