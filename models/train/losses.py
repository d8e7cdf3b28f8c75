"""The loss of each head. A batch mixes corpora, and a text counts for the heads whose labels it has.

Shapes: B texts, H features. Labels are −1 where they are unknown; `examples.targets` makes them."""

import torch
import torch.nn.functional as F
from sources import NEGATIVE, NEUTRAL, POSITIVE

SMOOTHING = 0.05
# The loss of a text of a polar corpus: cross-entropy over negative and positive, plus this much of the three-way loss.
THREE_WAY_WEIGHT = 0.3
TASK_WEIGHTS = {"sentiment": 1.0, "emotion": 0.7, "toxicity": 0.6}
# Of the embedding loss, and of each early exit's losses, in the sum.
EMBEDDING_WEIGHT = 1.5
EXIT_WEIGHT = 0.1


def sentiment_loss(logits, labels, polar, three_way_weight=THREE_WAY_WEIGHT, smoothing=SMOOTHING):
    """Cross-entropy summed over the labelled texts of a batch. logits [B, 3], labels int64 [B], polar bool [B]."""
    known = labels >= 0
    logits, labels, polar = logits[known], labels[known], polar[known]
    three_way = F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    two = logits[:, [NEGATIVE, POSITIVE]]
    two_way = F.cross_entropy(two, (labels > NEUTRAL).long(), label_smoothing=smoothing, reduction="none")
    return torch.where(polar, two_way + three_way_weight * three_way, three_way).sum()


def labels_loss(logits, labels):
    """Binary cross-entropy of the known labels, summed over texts and labels. Both arguments are [B, labels]."""
    known = labels >= 0
    return F.binary_cross_entropy_with_logits(logits[known], labels[known], reduction="sum")


def head_losses(logits, known, three_way_weight=THREE_WAY_WEIGHT):
    """{task: loss} for the tasks of `logits`, {task: [B, labels]}: sums divided by B, the number of all texts, so that
    a label counts the same in every batch. `known`: the labels by `examples.targets`."""
    sums = {task: labels_loss(logits[task], known[task]) for task in logits if task != "sentiment"}
    sentiment = sentiment_loss(logits["sentiment"], known["sentiment"], known["polar"], three_way_weight)
    return {task: loss / len(known["polar"]) for task, loss in {"sentiment": sentiment, **sums}.items()}


def weighted_sum(losses):
    return sum(TASK_WEIGHTS[task] * loss for task, loss in losses.items())


def embedding_loss(ours, original):
    """1 − cosine, mean over the batch, plus twice the mean squared error of the cosines between the batch's texts. Both
    arguments are [B, H]; `original` is normalised, `ours` need not be."""
    ours = F.normalize(ours, dim=1)
    cosine = 1 - (ours * original).sum(1).mean()
    pairs = max(1, len(ours) * (len(ours) - 1))  # the last batch of an epoch may have a single text
    between = (ours @ ours.T - original @ original.T).square().sum() / pairs
    return cosine + 2 * between


def label_loss(output, batch_targets, three_way_weight=THREE_WAY_WEIGHT):
    """(loss of the corpora's labels at the last layer and the exits, {task: loss at the last layer} for the log)."""
    losses = head_losses(output.logits, batch_targets, three_way_weight)
    loss = weighted_sum(losses)
    for logits in output.exits.values():
        loss = loss + EXIT_WEIGHT * weighted_sum(head_losses(logits, batch_targets, three_way_weight))
    return loss, {task: float(value.detach()) for task, value in losses.items()}
