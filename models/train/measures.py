"""Measures of a model, computed from logits [texts, labels], probabilities and embeddings.

Sentiment labels are NEGATIVE, NEUTRAL and POSITIVE; "opposite" counts texts predicted as positive for negative or the
reverse."""

from collections import defaultdict

import numpy as np
from sources import NEGATIVE, NEUTRAL, POSITIVE


def softmax(logits):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def accuracy(logits, labels):
    return float((logits.argmax(1) == labels).mean())


def polar_accuracy(logits, labels):
    """Accuracy of the larger one of the logits of negative and positive. No label may be neutral."""
    return float(((logits[:, POSITIVE] > logits[:, NEGATIVE]) == (labels == POSITIVE)).mean())


def opposite(logits, labels):
    """How many texts are predicted as positive for negative or the reverse."""
    predicted = logits.argmax(1)
    return int(((predicted - labels) ** 2 == (POSITIVE - NEGATIVE) ** 2).sum())


def by_group(logits, labels, groups):
    """{group: [right, opposite, texts]}"""
    rows = defaultdict(list)
    for i, group in enumerate(groups):
        rows[group].append(i)

    def count(i):
        return [int((logits[i].argmax(1) == labels[i]).sum()), opposite(logits[i], labels[i]), len(i)]

    return {group: count(np.array(i)) for group, i in sorted(rows.items())}


def auc(scores, labels):
    """Area under the ROC curve: how often a positive scores above a negative (Mann-Whitney, ties count half). scores
    [texts], labels 0 or 1 [texts]."""
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    _values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.bincount(inverse, ranks) / counts)[inverse]
    positives = labels == 1
    wins = ranks[positives].sum() - positives.sum() * (positives.sum() + 1) / 2
    return float(wins / (positives.sum() * (~positives).sum()))


def f1(predicted, labels):
    """F1 of each label, [labels], of two bool arrays [texts, labels]."""
    both = (predicted & labels).sum(0)
    return 2 * both / np.maximum(predicted.sum(0) + labels.sum(0), 1)


def best_thresholds(logits, labels):
    """For each label the threshold of its logit with the highest F1 on these texts: halfway between two logits. logits
    [texts, labels], labels bool of the same shape."""
    thresholds = []
    for column, truth in zip(logits.T, labels.T, strict=True):
        order = np.argsort(-column, kind="stable")
        right = np.cumsum(truth[order])
        scores = 2 * right / (np.arange(1, len(column) + 1) + truth.sum())
        best = int(scores.argmax())
        after = column[order[min(best + 1, len(column) - 1)]]
        thresholds.append((column[order[best]] + after) / 2)
    return np.array(thresholds)


def multi_hot(texts, count):
    """The emotions of texts that all have emotion labels, bool [texts, count]."""
    labels = np.zeros((len(texts), count), bool)
    for row, text in enumerate(texts):
        labels[row, list(text.emotions)] = True
    return labels


def embedding_agreement(ours, original, seed=0, pairs=100_000, neighbours=10):
    """Normalised embeddings [texts, H] → (mean cosine, Spearman correlation of the similarities of random pairs of
    texts, mean fraction of a text's ten nearest neighbours that are the same)."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(len(ours), size=(2, pairs))

    def rank(x):
        return np.argsort(np.argsort(x)).astype(np.float64)

    similarities = [(e[a] * e[b]).sum(1) for e in (ours, original)]
    spearman = np.corrcoef(rank(similarities[0]), rank(similarities[1]))[0, 1]
    near = []
    for e in (ours, original):
        every = e @ e.T
        np.fill_diagonal(every, -np.inf)
        near.append(np.argpartition(-every, neighbours, axis=1)[:, :neighbours])
    overlap = np.mean([len(set(x) & set(y)) / neighbours for x, y in zip(*near, strict=True)])
    return float((ours * original).sum(1).mean()), float(spearman), float(overlap)


def with_sentiment(logits, texts):
    """(logits [labelled, 3], labels [labelled]) of the texts whose sentiment is known."""
    known = np.array([text.sentiment is not None for text in texts])
    return logits[known], np.array([text.sentiment for text in texts if text.sentiment is not None])


def sentiment_scores(logits, texts):
    """{measure: number} of a dev set. "polar": accuracy between negative and positive, without neutral texts;
    "neutral": the fraction of texts predicted as neutral; "opposite" and "texts": counts."""
    logits, labels = with_sentiment(logits, texts)
    predicted_neutral = float((logits.argmax(1) == NEUTRAL).mean())
    result = {"accuracy": accuracy(logits, labels), "opposite": opposite(logits, labels), "neutral": predicted_neutral}
    polar = labels != NEUTRAL
    return result | {"polar": polar_accuracy(logits[polar], labels[polar]), "texts": len(labels)}


def alarms(logits, labels, threshold):
    """(fraction of the harmless texts, fraction of the others) whose logit reaches the threshold: false alarms,
    recall."""
    predicted = logits >= threshold
    return float(predicted[labels == 0].mean()), float(predicted[labels == 1].mean())
