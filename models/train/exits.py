"""The subcommand `exits`: prints what early exits of the sentiment head would save and cost. A text exits after layer 3
or 4 if the head there is confident enough. Worth it only if the mean time halves and costs at most half a point of
accuracy."""

import numpy as np
import torch
from calibrate import best_temperature, negative_log_likelihood, sentiment_part
from encoder import EXITS, Config
from files import read_arrays
from measures import softmax
from rounding import runtime_network
from splits import Corpora
from training import threads
from vocabulary import load_cut_tokenizer

from inference import outputs

SETS = ("sst2", "goemotions", "written")
# Least probability of the predicted class with which a text exits.
CONFIDENCES = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98]
# The fraction of a layer's multiply-adds per token that its keys and values take: 2 of 12 H². A layer that computes
# [CLS] alone still needs the keys and values of all tokens.
KEYS_AND_VALUES = 2 / 12


def relative_cost(layers):
    """The multiply-adds of an exit after so many layers, in units of a whole layer. The last one computes [CLS] alone;
    if the text does not exit, its other positions are computed then, so nothing is computed twice."""
    return layers - 1 + KEYS_AND_VALUES


def sentiment_by_layer(output):
    """The sentiment logits of the exits and of the last layer, concatenated: [B, 3 · (exits + 1)]."""
    return torch.cat([output.exits[layer]["sentiment"] for layer in EXITS] + [output.logits["sentiment"]], 1)


def exit_index(logits, confidence, layers):
    """For each text the index into [*EXITS, last layer] of where it exits: the first of the exits `layers` that is
    confident enough, else the last layer. logits: calibrated, [texts, classes] for each exit and the last layer."""
    sure = np.array([softmax(rows).max(1) >= confidence for rows in logits[:-1]])
    sure[[layer not in layers for layer in EXITS]] = False
    return np.where(sure.any(0), sure.argmax(0), len(EXITS))


def exits(args):
    """For the student of six layers only: a smaller one has no exit after layer 4, or none at all."""
    if args.layers != Config().layers:
        raise SystemExit(f"exits measures the student of {Config().layers} layers: leave --layers out")
    torch.set_num_threads(threads())
    corpora, tokenizer = Corpora(args.data), load_cut_tokenizer(args)
    model = runtime_network(read_arrays(args.student.with_suffix(".npz")))
    depths = [*EXITS, Config().layers]
    measured = []  # for each set ([logits of each depth], labels)
    for name in SETS:
        texts = corpora.dev[name]
        rows = outputs(model, tokenizer, [text.text for text in texts], sentiment_by_layer)
        parts = [sentiment_part({"sentiment": part}, texts) for part in np.split(rows, len(depths), axis=1)]
        measured.append(([logits for logits, _ in parts], parts[0][1]))
    for i in range(len(depths)):
        t = best_temperature(
            lambda t, i=i: sum(negative_log_likelihood(rows[i], labels, t) for rows, labels in measured)
        )
        for rows, _ in measured:
            rows[i] /= t
    full = [float((rows[-1].argmax(1) == labels).mean()) for rows, labels in measured]
    print(f"all layers: {', '.join(f'{name} {100 * right:.1f} %' for name, right in zip(SETS, full, strict=True))}")
    print("| answers after | confidence | early | work | mean change | " + " | ".join(SETS) + " |")
    print("|---" * (5 + len(SETS)) + "|")
    for layers in ((3,), (4,), EXITS):
        for confidence in CONFIDENCES:
            taken, right = [], []
            for rows, labels in measured:
                index = exit_index(rows, confidence, layers)
                predicted = np.array([row.argmax(1) for row in rows])[index, np.arange(len(labels))]
                right.append(float((predicted == labels).mean()))
                taken.append(index)
            index = np.concatenate(taken)
            cost = np.array([relative_cost(depth) for depth in depths])[index].mean() / relative_cost(depths[-1])
            changes = [100 * (now - before) for now, before in zip(right, full, strict=True)]
            shown = [f"{change:+.1f}" for change in (np.mean(changes), *changes)]
            taken_early = f"{100 * (index < len(EXITS)).mean():.0f} %"
            cells = [" and ".join(map(str, layers)), str(confidence), taken_early, f"{cost:.2f}", *shown]
            print("| " + " | ".join(cells) + " |")
