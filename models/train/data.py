"""Texts as examples: token ids, a label, and which of the logits the label is about."""

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F

import sources
from sources import NEGATIVE, NEUTRAL, POSITIVE
from tokens import batches, pad
from training import device

POLAR = [NEGATIVE, POSITIVE]


@dataclass(frozen=True)
class Example:
    text: str
    ids: list
    label: int | None  # None: unlabelled, for distillation
    polar: bool  # SST-2 knows no neutral: its label decides only between the two polar classes


def examples(tokenizer, labelled, polar):
    texts, labels = zip(*labelled)
    encoded = tokenizer.encode_batch(list(texts))
    return [Example(text, e.ids, label, polar) for text, e, label in zip(texts, encoded, labels)]


def encoded_again(tokenizer, examples):
    """The same examples read by another tokenizer."""
    encoded = tokenizer.encode_batch([example.text for example in examples])
    return [replace(example, ids=e.ids) for example, e in zip(examples, encoded)]


def labelled_train(args, tokenizer):
    """SST-2 train and those rows of GoEmotions train that have one sentiment."""
    emotions = [row for row in sources.goemotions(args.data, sources.GOEMOTIONS_TRAIN) if row[1] is not None]
    films = sources.sst2(args.data, sources.SST2_TRAIN)
    return examples(tokenizer, films, True) + examples(tokenizer, emotions, False)


def labelled_dev(args, tokenizer):
    """(SST-2 dev, GoEmotions dev), each a list of examples."""
    emotions = [row for row in sources.goemotions(args.data, sources.GOEMOTIONS_DEV) if row[1] is not None]
    return examples(tokenizer, sources.sst2(args.data, sources.SST2_DEV), True), examples(tokenizer, emotions, False)


def label_loss(logits, batch):
    """Mean cross-entropy of the labels, [B, labels] → scalar. A polar label's is over the two polar logits alone."""
    labelled = [i for i, example in enumerate(batch) if example.label is not None]
    polar = torch.tensor([batch[i].polar for i in labelled], device=logits.device)
    labels = torch.tensor([batch[i].label for i in labelled], device=logits.device)
    logits = logits[labelled]
    without_neutral = logits.detach().clone().fill_(0)
    without_neutral[:, NEUTRAL] = torch.where(polar, -torch.inf, 0.0)
    return F.cross_entropy(logits + without_neutral, labels)


def logits_of(model, encoded):
    """[texts, labels] float64; encoded: a list of examples."""
    model.eval()
    sequences = [example.ids for example in encoded]
    logits = np.zeros((len(sequences), len(model.config.labels)))
    with torch.no_grad():
        for batch in batches(sequences, 64):
            ids, mask = (torch.from_numpy(a).to(device()) for a in pad([sequences[i] for i in batch]))
            logits[batch] = model(ids, mask).logits.cpu().numpy()
    return logits


def scores(logits, encoded):
    """Accuracy (between the polar classes where the labels are) and, for three classes, the mean F1 of the classes."""
    labels = np.array([example.label for example in encoded])
    if encoded[0].polar:
        right = np.array(POLAR)[logits[:, POLAR].argmax(1)] == labels
        neutral = int((logits.argmax(1) == NEUTRAL).sum())
        counts = {"correct": int(right.sum()), "called_neutral": neutral, "texts": len(labels)}
        return counts | {"accuracy": float(right.mean())}
    guesses = logits.argmax(1)
    confusion = np.zeros((logits.shape[1], logits.shape[1]), int)  # [label, guess]
    np.add.at(confusion, (labels, guesses), 1)
    f1 = 2 * confusion.diagonal() / (confusion.sum(0) + confusion.sum(1))
    accuracy = float((guesses == labels).mean())
    return {
        "correct": int(confusion.trace()),
        "texts": len(labels),
        "accuracy": accuracy,
        "macro_f1": float(f1.mean()),
        "confusion": confusion.tolist(),
    }


def dev_scores(model, dev):
    films, emotions = (scores(logits_of(model, encoded), encoded) for encoded in dev)
    return {
        "sst2_dev": films["accuracy"],
        "sst2_dev_called_neutral": films["called_neutral"],
        "goemotions_dev": emotions["accuracy"],
        "goemotions_dev_macro_f1": emotions["macro_f1"],
    }
