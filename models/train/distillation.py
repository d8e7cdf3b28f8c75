"""Distillation (Hinton et al. 2015): a student learns the logits of teachers beside the labels of the corpora."""

import losses
import numpy as np
import torch
import torch.nn.functional as F
from corpora import teacher_text
from encoder import TASKS
from sources import NEUTRAL
from training import device


def teacher_loss(logits, teacher_logits, labelled):
    """Divergence from the teachers, per text, of the heads that the student has. logits: by task; teacher_logits:
    [B, 33]; labelled: bool [B], which texts have them."""
    loss, ends = 0, np.cumsum(list(TASKS.values()))[:-1].tolist()
    theirs = dict(zip(TASKS, teacher_logits[labelled].tensor_split(ends, dim=1), strict=True))
    for task in logits:
        ours = logits[task][labelled]
        if task == "sentiment":
            divergence = F.kl_div(ours.log_softmax(1), theirs[task].log_softmax(1), reduction="sum", log_target=True)
        else:
            target = theirs[task].sigmoid()
            entropy = F.binary_cross_entropy_with_logits(ours, target, reduction="sum")
            # Less the entropy of the teachers, which cannot be learnt: the best loss is then zero, with the same
            # gradient.
            divergence = entropy - F.binary_cross_entropy(target, target, reduction="sum")
        loss = loss + losses.TASK_WEIGHTS[task] * divergence
    return loss / len(labelled)


def teacher_logits_of(batch, by_text, neutral):
    """([B, 33] logits of the teachers, zero for texts that they did not label; bool [B], whether they did).
    `neutral`: a factor on their probability of neutral, for texts of polar corpora."""
    rows = np.zeros((len(batch), sum(TASKS.values())), np.float32)
    labelled = np.zeros(len(batch), bool)
    for i, example in enumerate(batch):
        text = teacher_text(example.text)
        if text in by_text:
            rows[i], labelled[i] = by_text[text], True
            if example.text.polar:
                rows[i, NEUTRAL] += np.log(neutral)
    return torch.from_numpy(rows).to(device()), torch.from_numpy(labelled).to(device())
