"""What the report says of each dev set: accuracy, and the score that its bar is about."""

import measures
import numpy as np

# Sets whose score is about negative and positive only, and those whose score is the mean recall of the three classes.
POLAR = ("chnsenticorp", "waimai", "shopping", "eprstmt", "sst2")
RECALL = "umsab-"


def average_recall(logits, labels):
    called = logits.argmax(1)
    return float(np.mean([(called[labels == label] == label).mean() for label in np.unique(labels)]))


def sets(logits, dev):
    """{set: {measure: value}}; `score` is a fraction: polar accuracy, average recall or accuracy."""
    result = {}
    for name, texts in dev.items():
        found = measures.sentiment_scores(logits[name]["sentiment"], texts)
        known = np.array([text.sentiment is not None for text in texts])
        labels = np.array([text.sentiment for text in texts if text.sentiment is not None])
        found["recall"] = average_recall(logits[name]["sentiment"][known], labels)
        score = "polar" if name in POLAR else "recall" if name.startswith(RECALL) else "accuracy"
        result[name] = {**found, "score": found[score]}
    return result
