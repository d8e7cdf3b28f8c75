"""Text to padded ids, with the tokenizer exactly as it is shipped."""

import json

import numpy as np
import sources
from tokenizers import Tokenizer


def source_tokenizer():
    """The source's tokenizer.json, parsed, without its padding and truncation: both are the runtime's business."""
    tokenizer = json.loads(sources.packaged(sources.TOKENIZER).read_text(encoding="utf-8"))
    tokenizer["padding"] = tokenizer["truncation"] = None
    return tokenizer


def as_json(tokenizer):
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))


def load_source_tokenizer():
    """The untrimmed tokenizer, which the teacher reads with."""
    tokenizer = Tokenizer.from_str(as_json(source_tokenizer()))
    # A tokenizer loaded wrongly maps all to [UNK] and training still "works": check ids that are known.
    assert tokenizer.encode("the movie").ids == [101, 1996, 3185, 102]
    return tokenizer


def pad(sequences):
    """(ids, mask), int64 [batch, longest]."""
    longest = max(map(len, sequences))
    ids = np.zeros((len(sequences), longest), np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return ids, mask


def batches_by_length(sequences, size):
    """Indices of all sequences in batches of similar length."""
    by_length = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    return [by_length[i : i + size] for i in range(0, len(by_length), size)]
