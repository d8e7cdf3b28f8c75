"""Whether a label stays the same with "!" or an emoji behind the text, glued to it or behind a blank.

Texts: SST-2 dev and the written dev texts that the model scores 0.7 or more. None of these emoji is used to train
endings (`augment.py`)."""

import numpy as np
from data import outputs
from measures import softmax
from sources import NEGATIVE, NEUTRAL, POSITIVE

SURE = 0.7
OBJECTS = "🪟🪴🧺🛋🧲🪜📻🏕🚜🥣"
SAME = {NEGATIVE: "😕😿👿🥴☠", POSITIVE: "😺😇🤟💗😆"}


def variants(sentiment):
    """{name: ending}"""
    found = {"!": "!"} if sentiment != NEUTRAL else {}
    found |= {emoji: emoji for emoji in OBJECTS + SAME.get(sentiment, "")}
    return found | {f"blank {name}": f" {ending}" for name, ending in found.items()}


def same_label(model, tokenizer, dev, temperature):
    """{variant: [same, texts]}, and of all together under "all"."""
    texts = [text.text.rstrip() for text in dev["sst2"] + dev["written"]]

    def read(output):
        return output.logits["sentiment"]

    before = softmax(outputs(model, tokenizer, texts, read).astype(np.float64) / temperature)
    sure = before.max(1) >= SURE
    called = before.argmax(1)
    changed = [(name, i, texts[i] + end) for i in np.flatnonzero(sure) for name, end in variants(called[i]).items()]
    if not changed:
        raise SystemExit(f"no text of SST-2 dev or the written dev texts is scored {SURE} or more")
    after = outputs(model, tokenizer, [text for _, _, text in changed], read).argmax(1)
    counts = {}
    for (name, i, _), label in zip(changed, after, strict=True):
        for key in (name, "all"):
            right, count = counts.get(key, (0, 0))
            counts[key] = (right + int(label == called[i]), count + 1)
    return counts
