"""What the report says of each dev set: accuracy, and the score that its bar is about."""

import measures
import numpy as np

from multilingual import sources

# Sets whose score is about negative and positive only, and those whose score is the mean recall of the three classes.
POLAR = ("chnsenticorp", "waimai", "shopping", "eprstmt", "sst2")
UMSAB = tuple(sources.UMSAB_CORPORA)
LANGUAGES = ("arabic", "french", "german", "hindi", "hindi-latin", "italian", "portuguese", "spanish")
WRITTEN = tuple(f"written-{language}" for language in LANGUAGES)
# In percent, where there is one.
BARS = {"written-zh": "80", "chnsenticorp": "90", "waimai": "88"}


def average_recall(logits, labels):
    predicted = logits.argmax(1)
    return float(np.mean([(predicted[labels == label] == label).mean() for label in np.unique(labels)]))


def scores(logits, dev):
    """{set: {measure: value}}; `score` is a fraction: polar accuracy, average recall or accuracy."""
    result = {}
    for name, texts in dev.items():
        found = measures.sentiment_scores(logits[name]["sentiment"], texts)
        known = np.array([text.sentiment is not None for text in texts])
        labels = np.array([text.sentiment for text in texts if text.sentiment is not None])
        found["recall"] = average_recall(logits[name]["sentiment"][known], labels)
        score = "polar" if name in POLAR else "recall" if name in UMSAB else "accuracy"
        result[name] = {**found, "score": found[score]}
    return result


def rows(dev):
    """{set: [[label, group, text]]} of the labelled texts, for models/evaluate, which measures the exported folder."""
    labels = ("negative", "neutral", "positive")
    return {
        name: [[labels[text.sentiment], text.group, text.text] for text in texts if text.sentiment is not None]
        for name, texts in dev.items()
    }
