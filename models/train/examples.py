"""Texts as training examples: token ids, and the labels as tensors."""

from dataclasses import dataclass

import numpy as np
import torch
from corpora import Text
from encoder import TASKS

UNKNOWN = -1


@dataclass(frozen=True)
class Example:
    text: Text
    ids: list  # token ids, special tokens included


def to_examples(tokenizer, texts, preprocess=lambda text: text):
    """[Example] of a list of `Text`. `preprocess` changes the strings before they are encoded."""
    encoded = tokenizer.encode_batch([preprocess(text.text) for text in texts])
    return [Example(text, e.ids) for text, e in zip(texts, encoded, strict=True)]


def targets(batch):
    """The labels of B examples: "sentiment" int64 [B], "emotion" f32 [B, 28], "toxicity" f32
    [B, 2], with UNKNOWN for labels that are not known; and "polar" bool [B], whether a text's corpus has no neutral
    texts."""
    sentiment = [UNKNOWN if e.text.sentiment is None else e.text.sentiment for e in batch]
    emotion = np.zeros((len(batch), TASKS["emotion"]), np.float32)
    toxicity = np.zeros((len(batch), TASKS["toxicity"]), np.float32)
    for row, example in enumerate(batch):
        if example.text.emotions is None:
            emotion[row] = UNKNOWN
        else:
            emotion[row, list(example.text.emotions)] = 1
        labels = (example.text.toxic, example.text.hateful)
        toxicity[row] = [UNKNOWN if label is None else label for label in labels]
    arrays = {"sentiment": np.array(sentiment), "emotion": emotion, "toxicity": toxicity}
    arrays["polar"] = np.array([e.text.polar for e in batch])
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
