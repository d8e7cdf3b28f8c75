"""The loss of each head. A batch mixes corpora: a text counts for the heads whose labels it has."""

import torch
import torch.nn.functional as F
from sources import NEUTRAL

SMOOTHING = 0.05
# A polar text's loss is over negative and positive, plus this much of the three-way one.
THREE_WAY_WEIGHT = 0.3
TASK_WEIGHTS = {"sentiment": 1.0, "emotion": 0.7, "toxicity": 0.6}
EMBEDDING_WEIGHT = 1.5
EXIT_WEIGHT = 0.1


def sentiment_loss(logits, labels, polar, three_way_weight=THREE_WAY_WEIGHT, smoothing=SMOOTHING):
    """Sum over the labelled texts of a batch."""
    known = labels >= 0
    logits, labels, polar = logits[known], labels[known], polar[known]
    three_way = F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    two = logits[:, [0, 2]]
    two_way = F.cross_entropy(two, (labels > NEUTRAL).long(), label_smoothing=smoothing, reduction="none")
    return torch.where(polar, two_way + three_way_weight * three_way, three_way).sum()


def labels_loss(logits, labels):
    """Binary cross-entropy of the labels that are known (≥ 0), summed over texts and labels."""
    known = labels >= 0
    return F.binary_cross_entropy_with_logits(logits[known], labels[known], reduction="sum")


def head_losses(logits, known, three_way_weight=THREE_WAY_WEIGHT):
    """{task: loss per text of the batch}, of the heads that the model has."""
    sums = {task: labels_loss(logits[task], known[task]) for task in logits if task != "sentiment"}
    sentiment = sentiment_loss(logits["sentiment"], known["sentiment"], known["polar"], three_way_weight)
    return {task: loss / len(known["polar"]) for task, loss in {"sentiment": sentiment, **sums}.items()}


def weighted(losses):
    return sum(TASK_WEIGHTS[task] * loss for task, loss in losses.items())


def embedding_loss(ours, original):
    """1 − cosine, mean over the batch, and the error of the similarities between the batch's texts."""
    ours = F.normalize(ours, dim=1)
    cosine = 1 - (ours * original).sum(1).mean()
    between = (ours @ ours.T - original @ original.T).square().sum() / (len(ours) * (len(ours) - 1))
    return cosine + 2 * between


def label_loss(output, batch_targets, three_way_weight=THREE_WAY_WEIGHT):
    """Loss of the gold labels at the last layer and the exits, and what to log."""
    losses = head_losses(output.logits, batch_targets, three_way_weight)
    loss = weighted(losses)
    for logits in output.exits.values():
        loss = loss + EXIT_WEIGHT * weighted(head_losses(logits, batch_targets, three_way_weight))
    return loss, {task: float(value.detach()) for task, value in losses.items()}
