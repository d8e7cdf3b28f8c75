"""Measures whether the predicted label stays the same when "!" or an emoji is appended, with or without a space.

On the texts of SST-2 dev and of the written dev part whose label has a score of at least 0.7. The emoji are those of
models/evaluate/endings.json, none of which augment.py uses."""

from pathlib import Path

import numpy as np
from files import read_json
from heads import SENTIMENT
from measures import softmax
from sources import NEUTRAL

from inference import outputs

SURE = 0.7
ENDINGS = Path(__file__).resolve().parents[1] / "evaluate/endings.json"


def endings_for(endings, sentiment):
    """{name: ending} for a text with this predicted sentiment. `endings`: the content of endings.json."""
    by_name = {"!": "!"} if sentiment != NEUTRAL else {}
    by_name |= {emoji: emoji for emoji in endings["objects"] + endings.get(SENTIMENT[sentiment], "")}
    return by_name | {f"blank {name}": f" {ending}" for name, ending in by_name.items()}


def same_label(model, tokenizer, dev, temperature):
    """{ending: (texts with the same label, texts)}, and "all" for all endings together."""
    texts = [text.text.rstrip() for text in dev["sst2"] + dev["written"]]

    def read(output):
        return output.logits["sentiment"]

    before = softmax(outputs(model, tokenizer, texts, read).astype(np.float64) / temperature)
    sure = before.max(1) >= SURE
    predicted = before.argmax(1)
    by_label = [endings_for(read_json(ENDINGS), sentiment) for sentiment in range(len(SENTIMENT))]
    changed = [(name, i, texts[i] + end) for i in np.flatnonzero(sure) for name, end in by_label[predicted[i]].items()]
    if not changed:
        raise SystemExit(f"no text of SST-2 dev or the written dev texts is scored {SURE} or more")
    after = outputs(model, tokenizer, [text for _, _, text in changed], read).argmax(1)
    counts = {}
    for (name, i, _), label in zip(changed, after, strict=True):
        for key in (name, "all"):
            right, count = counts.get(key, (0, 0))
            counts[key] = (right + int(label == predicted[i]), count + 1)
    return counts
