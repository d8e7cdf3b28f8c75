"""Stage 4: what the teachers say about every text that a student may learn from: logits of all heads.

Written in pieces of some thousand texts, so that a run that is killed goes on at the piece where it was."""

import hashlib

import judge
import mpnet
import numpy as np
import torch
from corpora import asked
from data import STUDENT_SEEDS, UNLABELLED, mixed, outputs
from encoder import Config, Encoder
from files import made, read_arrays, seal, write_arrays
from splits import Corpora
from tokens import load_tokenizer
from training import device, fast_precision, threads
from vocabulary import load_cut, without_emoji

PIECE = 4000
TEACHERS = ("minilm", "mpnet")


def load_teacher(args, name):
    """(model, how `data.outputs` reads texts for it)"""
    arrays = read_arrays(args.work / f"teacher-{name}.npz")
    if name == "minilm":
        model = Encoder(Config(vocab=len(arrays["embeddings.word.weight"])))
        how = {"tokenizer": load_cut(args)}
    else:
        model = mpnet.Mpnet()
        how = {"tokenizer": load_tokenizer(), "change": without_emoji, "ids_of": mpnet.ids_of}
    assert not model.load_arrays(arrays)
    model.precision = fast_precision()
    return model.to(device()).eval(), how


def texts_to_label(corpora):
    """Those of the student's epochs, sorted, each once."""
    epochs = [mixed(corpora, seed, UNLABELLED) for seed in STUDENT_SEEDS]
    return sorted({asked(text) for texts in epochs for text in texts} - {""})


def pieces(args, name, texts):
    """[(path, texts, recipe)]"""
    teacher, found = seal(args.work / f"teacher-{name}.npz"), []
    for number, start in enumerate(range(0, len(texts), PIECE)):
        part = texts[start : start + PIECE]
        digest = hashlib.sha256("\n".join(part).encode()).hexdigest()
        found.append((args.work / f"labels-{name}/{number:04}.npz", part, {"teacher": teacher, "texts": digest}))
    return found


def label(args):
    torch.set_num_threads(threads())
    texts = texts_to_label(Corpora(args.data))
    for name in [args.encoder] if args.encoder else TEACHERS:
        left = [piece for piece in pieces(args, name, texts) if not made(piece[0], piece[2])]
        if not left:
            continue
        model, how = load_teacher(args, name)
        for done, (path, part, recipe) in enumerate(left, 1):
            logits = outputs(model, texts=part, read=judge.all_logits, **how)
            write_arrays(path, {"logits": logits.astype(np.float16)}, recipe)
            print(f"{name}: {done} of {len(left)} pieces", flush=True)


def labels(args, corpora, names):
    """{text: f32 [33]}: the mean of the teachers' logits."""
    texts, total = texts_to_label(corpora), 0
    for name in names:
        parts = pieces(args, name, texts)
        missing = [str(path) for path, _, recipe in parts if not made(path, recipe)]
        if missing:
            raise SystemExit(f"{missing[0]}: {name} has not labelled it; run the stage label")
        total = total + np.concatenate([read_arrays(path)["logits"].astype(np.float32) for path, _, _ in parts])
    return dict(zip(texts, total / len(names), strict=True))
