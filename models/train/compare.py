"""Not a stage: prints how good the teachers' logits are on the dev sets, mixed in several proportions. label.MIX was
chosen from this table."""

import judge
import torch
from label import TEACHERS, load_teacher
from splits import Corpora
from training import threads

FRACTIONS = [0.0, 0.25, 0.5, 0.75, 1.0]
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
    corpora, found = Corpora(args.data), {}
    hatecheck = judge.hatecheck_texts(args.data)
    for name in TEACHERS:
        model, how = load_teacher(args, name)
        found[name] = {set_: judge.logits_of(model, texts=corpora.dev[set_], **how) for set_ in judge.SETS}
        found[name]["hatecheck"] = judge.logits_of(model, texts=hatecheck, **how)
    minilm, mpnet = (found[name] for name in TEACHERS)
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
