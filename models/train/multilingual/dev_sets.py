"""The measures of each dev set for the report, and the measure that is the set's score."""

import measures
import numpy as np
from heads import SENTIMENT

from multilingual import sources

# Dev sets without neutral texts; their score is the accuracy between negative and positive.
POLAR = ("chnsenticorp", "waimai", "shopping", "eprstmt", "sst2")
# Dev sets whose score is the mean recall of the classes.
UMSAB = tuple(sources.UMSAB_CORPORA)
LANGUAGES = ("arabic", "french", "german", "hindi", "hindi-latin", "italian", "portuguese", "spanish")
WRITTEN = tuple(f"written-{language}" for language in LANGUAGES)
# The score that a release should reach, in percent, as it is printed.
BARS = {"written-zh": "80", "chnsenticorp": "90", "waimai": "88"}


def average_recall(logits, labels):
    """Mean of the recalls of the classes that occur."""
    predicted = logits.argmax(1)
    return float(np.mean([(predicted[labels == label] == label).mean() for label in np.unique(labels)]))


def scores(logits, dev):
    """{set: {measure: value}}; "score" is the polar accuracy, the mean recall or the accuracy. logits: {set: {task: f32
    [texts, labels]}}."""
    result = {}
    for name, texts in dev.items():
        found = measures.sentiment_scores(logits[name]["sentiment"], texts)
        found["recall"] = average_recall(*measures.with_sentiment(logits[name]["sentiment"], texts))
        score = "polar" if name in POLAR else "recall" if name in UMSAB else "accuracy"
        result[name] = {**found, "score": found[score]}
    return result


def labelled_rows(dev):
    """{set: [[label, group, text]]} of the labelled texts, for models/evaluate, which measures the exported folder."""
    return {
        name: [[SENTIMENT[text.sentiment], text.group, text.text] for text in texts if text.sentiment is not None]
        for name, texts in dev.items()
    }
