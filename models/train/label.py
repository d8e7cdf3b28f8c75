"""Stage 4: what the teachers say about every text that a student may learn from: logits of all heads.

Written in pieces of some thousand texts, so that a killed run continues with the piece that it was working on."""

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
from training import device, fast_precision, threads
from vocabulary import load_cut_tokenizer, without_emoji

from inference import outputs

PIECE = 4000
TEACHERS = ("minilm", "mpnet")
# The fraction of mpnet in the mean of both teachers' logits, by head. From compare.py's table: three quarters are best
# for SST-2 and GoEmotions, and 0.6 points below the best for the written texts.
MIX = {"sentiment": 0.75, "emotion": 0.25, "toxicity": 0.5}


def load_teacher(args, name):
    """(model, how `inference.outputs` reads texts for it)"""
    arrays = read_arrays(args.work / f"teacher-{name}.npz")
    if name == "minilm":
        model = Encoder(Config(vocab=len(arrays["embeddings.word.weight"])))
        how = {"tokenizer": load_cut_tokenizer(args)}
    else:
        model = mpnet.Mpnet()
        how = {"tokenizer": load_source_tokenizer(), "change": without_emoji, "ids_of": mpnet.ids_of}
    assert not model.load_arrays(arrays)
    model.precision = fast_precision()
    model.encoder.to(model.precision)  # once, not in every batch: the same bits
    return model.to(device()).eval(), how


def texts_to_label(corpora):
    """Those of the student's epochs, sorted, each once."""
    return sorted({teacher_text(text) for texts in student_epochs(corpora) for text in texts} - {""})


def key(text):
    """The key of a text in a piece: the first 8 bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def labelled(work, name):
    """({key: f16 [33]}, the recipe of a piece): the logits by this teacher with these weights. Pieces of other
    weights are deleted."""
    recipe, found = {"teacher": read_seal(work / f"teacher-{name}.npz")}, {}
    for path in sorted((work / f"labels-{name}").glob("*.npz")):
        if not was_made_by(path, recipe):
            path.unlink()
            continue
        piece = read_arrays(path)
        found |= zip(piece["keys"].tolist(), piece["logits"], strict=True)
    return found, recipe


def label(args):
    """Texts that are new since the last run are the only ones that it labels."""
    torch.set_num_threads(threads())
    texts = texts_to_label(Corpora(args.data))
    for name in [args.encoder] if args.encoder else TEACHERS:
        known, recipe = labelled(args.work, name)
        left = [text for text in texts if key(text) not in known]
        if not left:
            continue
        model, how = load_teacher(args, name)
        folder = args.work / f"labels-{name}"
        first = 1 + max((int(path.stem) for path in folder.glob("*.npz")), default=-1)
        parts = [left[start : start + PIECE] for start in range(0, len(left), PIECE)]
        for number, part in enumerate(parts):
            logits = outputs(model, texts=part, read=judge.all_logits, **how)
            keys = np.array([key(text) for text in part], np.uint64)
            arrays = {"keys": keys, "logits": logits.astype(np.float16)}
            write_arrays(folder / f"{first + number:04}.npz", arrays, recipe)
            print(f"{name}: {number + 1} of {len(parts)} pieces", flush=True)


def mixed_logits(work, texts):
    """{text: f32 [33]}: the teachers' logits, mixed, of those texts that all teachers have labelled."""
    known = {name: labelled(work, name)[0] for name in TEACHERS}
    keys = {text: key(text) for text in texts}
    keys = {text: number for text, number in keys.items() if all(number in by_key for by_key in known.values())}
    if not keys:
        return {}
    of_mpnet = np.concatenate([np.full(count, MIX[task], np.float32) for task, count in TASKS.items()])
    fractions = {"minilm": 1 - of_mpnet, "mpnet": of_mpnet}
    total = sum(
        fractions[name] * np.array([by_key[number] for number in keys.values()], np.float32)
        for name, by_key in known.items()
    )
    return dict(zip(keys, total, strict=True))


def labels(work, corpora):
    """The same of every text that the English student learns from."""
    texts = texts_to_label(corpora)
    found = mixed_logits(work, texts)
    if len(found) < len(texts):
        missing = len(texts) - len(found)
        raise SystemExit(f"not every teacher has labelled {missing:,} of {len(texts):,} texts; run the stage label")
    return found
