"""Distillation (Hinton et al. 2015): the student learns the teachers' logits besides the labels of the corpora.

Shapes: B texts; 33 logits, those of all tasks concatenated in the order of `encoder.TASKS`."""

import losses
import numpy as np
import torch
import torch.nn.functional as F
from corpora import teacher_text
from encoder import TASKS
from sources import NEUTRAL


def teacher_loss(logits, teacher_logits, labelled):
    """Divergence of the student's heads from the teachers, weighted by task, summed and divided by B. logits: the
    student's, {task: [B, labels]}; teacher_logits: [B, 33]; labelled: bool [B], whether the teachers have labelled the
    text."""
    loss, ends = 0, np.cumsum(list(TASKS.values()))[:-1].tolist()
    theirs = dict(zip(TASKS, teacher_logits[labelled].tensor_split(ends, dim=1), strict=True))
    for task in logits:
        ours = logits[task][labelled]
        if task == "sentiment":
            divergence = F.kl_div(ours.log_softmax(1), theirs[task].log_softmax(1), reduction="sum", log_target=True)
        else:
            target = theirs[task].sigmoid()
            entropy = F.binary_cross_entropy_with_logits(ours, target, reduction="sum")
            # Minus the teachers' own entropy, which is constant: the gradient is the same, and the best loss is zero.
            divergence = entropy - F.binary_cross_entropy(target, target, reduction="sum")
        loss = loss + losses.TASK_WEIGHTS[task] * divergence
    return loss / len(labelled)


def teacher_logits_of(batch, by_text, neutral):
    """(the teachers' logits f32 [B, 33], zero for texts that they have not labelled; bool [B], whether they have).

    by_text: {text: f32 [33]}. neutral: for texts of polar corpora, whose labels are never neutral, the factor on the
    teachers' probability of neutral before the softmax normalises it."""
    rows = np.zeros((len(batch), sum(TASKS.values())), np.float32)
    labelled = np.zeros(len(batch), bool)
    for i, example in enumerate(batch):
        text = teacher_text(example.text)
        if text in by_text:
            rows[i], labelled[i] = by_text[text], True
            if example.text.polar:
                rows[i, NEUTRAL] += np.log(neutral)
    return torch.from_numpy(rows), torch.from_numpy(labelled)
