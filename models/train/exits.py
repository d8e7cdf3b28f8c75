"""Not a stage: prints what early answers would save and cost: a text is answered after layer 3 or 4 where the head
there is confident enough. Worth it only if the mean time halves at no more than half a point of accuracy."""

import numpy as np
import torch
from calibrate import best_temperature, negative_log_likelihood, sentiment_part
from encoder import EXITS, Config
from files import read_arrays
from measures import softmax
from rounding import runtime_network
from splits import Corpora
from training import device, threads
from vocabulary import load_cut_tokenizer

from inference import outputs

SETS = ("sst2", "goemotions", "written")
# Confidence from which on a text is answered early.
CONFIDENCES = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98]
# Of a layer's multiply-adds per token: the keys and values, which a layer needs of all tokens even where it computes
# [CLS] alone.
KEYS_AND_VALUES = 2 / 12


def work(layers):
    """The multiply-adds of an answer after this many layers, in whole layers: the last computes [CLS] alone. Its other
    positions are computed later where the text goes on, so going on costs nothing twice."""
    return layers - 1 + KEYS_AND_VALUES


def sentiment_by_layer(output):
    """[B, 3 · (exits + 1)]"""
    return torch.cat([output.exits[layer]["sentiment"] for layer in EXITS] + [output.logits["sentiment"]], 1)


def early(logits, confidence, layers):
    """Index of the layer, of `layers`, that answers each text: the first that is confident, else the last.
    logits: for each layer [texts, classes], calibrated."""
    sure = np.array([softmax(rows).max(1) >= confidence for rows in logits[:-1]])
    sure[[layer not in layers for layer in EXITS]] = False
    return np.where(sure.any(0), sure.argmax(0), len(EXITS))


def exits(args):
    torch.set_num_threads(threads())
    corpora, tokenizer = Corpora(args.data), load_cut_tokenizer(args)
    model = runtime_network(read_arrays(args.student.with_suffix(".npz"))).to(device())
    depths = [*EXITS, Config().layers]
    found = []
    for name in SETS:
        texts = corpora.dev[name]
        rows = outputs(model, tokenizer, [text.text for text in texts], sentiment_by_layer)
        parts = [sentiment_part({"sentiment": part}, texts) for part in np.split(rows, len(depths), axis=1)]
        found.append(([logits for logits, _ in parts], parts[0][1]))
    for i in range(len(depths)):
        t = best_temperature(lambda t, i=i: sum(negative_log_likelihood(rows[i], labels, t) for rows, labels in found))
        for rows, _ in found:
            rows[i] /= t
    full = [float((rows[-1].argmax(1) == labels).mean()) for rows, labels in found]
    print(f"all layers: {', '.join(f'{name} {100 * right:.1f} %' for name, right in zip(SETS, full, strict=True))}")
    print("| answers after | confidence | early | work | mean change | " + " | ".join(SETS) + " |")
    print("|---" * (5 + len(SETS)) + "|")
    for layers in ((3,), (4,), EXITS):
        for confidence in CONFIDENCES:
            taken, right = [], []
            for rows, labels in found:
                index = early(rows, confidence, layers)
                predicted = np.array([row.argmax(1) for row in rows])[index, np.arange(len(labels))]
                right.append(float((predicted == labels).mean()))
                taken.append(index)
            index = np.concatenate(taken)
            share = np.array([work(depth) for depth in depths])[index].mean() / work(depths[-1])
            changes = [100 * (now - before) for now, before in zip(right, full, strict=True)]
            shown = [f"{change:+.1f}" for change in (np.mean(changes), *changes)]
            taken_early = f"{100 * (index < len(EXITS)).mean():.0f} %"
            cells = [" and ".join(map(str, layers)), str(confidence), taken_early, f"{share:.2f}", *shown]
            print("| " + " | ".join(cells) + " |")
