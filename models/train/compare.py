"""The subcommand `compare`: prints the scores on the dev sets of weighted means of the two teachers' logits, by weight.
label.MIX was chosen by this table."""

import judge
import torch
from label import TEACHERS, load_teacher
from splits import Corpora
from training import threads

FRACTIONS = [0.0, 0.25, 0.5, 0.75, 1.0]  # of mpnet
ROWS = [
    "written_accuracy",
    "written_opposite",
    "sst2_polar",
    "goemotions_accuracy",
    "emotion_macro_f1",
    "toxic_auc_paradetox",
    "hateful_auc_toxigen",
    "hateful_auc_implicit-hate",
    "toxic_auc_written",
    "hateful_auc_written",
    "hatecheck_auc",
    "hatecheck_balanced",
]


def compare(args):
    torch.set_num_threads(threads())
    corpora, logits = Corpora(args.data), {}
    hatecheck = judge.hatecheck_texts(args.data)
    for name in TEACHERS:
        model, encode_options = load_teacher(args, name)
        logits[name] = {dev: judge.logits_of(model, texts=corpora.dev[dev], **encode_options) for dev in judge.SETS}
        logits[name]["hatecheck"] = judge.logits_of(model, texts=hatecheck, **encode_options)
    minilm, mpnet = (logits[name] for name in TEACHERS)
    columns = []
    for fraction in FRACTIONS:
        mixed = {
            name: {task: (1 - fraction) * minilm[name][task] + fraction * mpnet[name][task] for task in minilm[name]}
            for name in minilm
        }
        checked = judge.hatecheck_of(mixed["hatecheck"], hatecheck)
        columns.append(judge.scores(mixed, corpora.dev, checked))
    print("| fraction of mpnet | " + " | ".join(str(fraction) for fraction in FRACTIONS) + " |")
    print("|---" * (1 + len(FRACTIONS)) + "|")
    for row in ROWS:
        print(f"| {row} | " + " | ".join(f"{column[row]:.4g}" for column in columns) + " |")
