"""The stage `label`: the teachers' logits, of all heads, for every text that a student may learn from.

They are written in pieces of some thousand texts, so that a killed run continues with the piece that it was working
on."""

import hashlib

import judge
import mpnet
import numpy as np
import torch
from corpora import teacher_text
from encoder import TASKS, Config, Encoder
from epochs import student_epochs
from files import read_arrays, read_seal, was_made_by, write_arrays
from splits import Corpora
from tokens import load_source_tokenizer
from training import fast_precision, threads
from vocabulary import load_cut_tokenizer, without_emoji

from inference import outputs

PIECE = 4000  # texts
TEACHERS = ("minilm", "mpnet")
# The fraction of mpnet in the weighted mean of both teachers' logits, by task. Chosen by the table that compare.py
# prints. Sentiment: best for the written texts, and near the best for SST-2 and GoEmotions. Emotion: MiniLM knows more.
# Toxicity: mpnet knows the written texts and ToxiGen better, MiniLM knows ParaDetox better.
MIX = {"sentiment": 0.75, "emotion": 0.25, "toxicity": 0.65}


def load_teacher(args, name):
    """(model, the keyword arguments with which `inference.outputs` encodes texts for it)"""
    arrays = read_arrays(args.work / f"teacher-{name}.npz")
    if name == "minilm":
        model = Encoder(Config(vocab=len(arrays["embeddings.word.weight"])))
        encode_options = {"tokenizer": load_cut_tokenizer(args)}
    else:
        model = mpnet.Mpnet()
        encode_options = {"tokenizer": load_source_tokenizer(), "preprocess": without_emoji, "ids_of": mpnet.ids_of}
    assert not model.load_arrays(arrays)
    model.precision = fast_precision()
    # `Linear.forward` would convert the weights for each batch, to the same bits.
    model.encoder.to(model.precision)
    return model.eval(), encode_options


def texts_to_label(corpora):
    """The distinct strings of the student's epochs that teachers label, sorted."""
    return sorted({teacher_text(text) for texts in student_epochs(corpora) for text in texts} - {""})


def key(text):
    """The key of a text in the pieces: the first 8 bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def load_labels(work, name):
    """({key: f16 [33]}, the recipe that its pieces have): the logits that this teacher has written, 33 for all tasks.
    Pieces that were written by a teacher with other weights do not count."""
    recipe, logits = {"teacher": read_seal(work / f"teacher-{name}.npz")}, {}
    for path in sorted((work / f"labels-{name}").glob("*.npz")):
        if was_made_by(path, recipe):
            piece = read_arrays(path)
            logits |= zip(piece["keys"].tolist(), piece["logits"], strict=True)
    return logits, recipe


def label(args):
    """The stage: labels the texts that no piece has yet."""
    torch.set_num_threads(threads())
    texts = texts_to_label(Corpora(args.data))
    for name in [args.encoder] if args.encoder else TEACHERS:
        known, recipe = load_labels(args.work, name)
        left = [text for text in texts if key(text) not in known]
        if not left:
            continue
        model, encode_options = load_teacher(args, name)
        folder = args.work / f"labels-{name}"
        first = 1 + max((int(path.stem) for path in folder.glob("*.npz")), default=-1)
        parts = [left[start : start + PIECE] for start in range(0, len(left), PIECE)]
        for number, part in enumerate(parts):
            logits = outputs(model, texts=part, read=judge.all_logits, **encode_options)
            keys = np.array([key(text) for text in part], np.uint64)
            arrays = {"keys": keys, "logits": logits.astype(np.float16)}
            write_arrays(folder / f"{first + number:04}.npz", arrays, recipe)
            print(f"{name}: {number + 1} of {len(parts)} pieces", flush=True)


def student_labels(work, corpora):
    """{text: f32 [33]}: the weighted mean (MIX) of the teachers' logits, for every text of the English student's
    epochs. A missing one stops the run."""
    known = {name: load_labels(work, name)[0] for name in TEACHERS}
    keys = {text: key(text) for text in texts_to_label(corpora)}
    missing = sum(any(number not in by_key for by_key in known.values()) for number in keys.values())
    if missing:
        raise SystemExit(f"not every teacher has labelled {missing:,} of {len(keys):,} texts; run the stage label")
    of_mpnet = np.concatenate([np.full(count, MIX[task], np.float32) for task, count in TASKS.items()])
    fractions = {"minilm": 1 - of_mpnet, "mpnet": of_mpnet}
    total = sum(
        fractions[name] * np.array([by_key[number] for number in keys.values()], np.float32)
        for name, by_key in known.items()
    )
    return dict(zip(keys, total, strict=True))
