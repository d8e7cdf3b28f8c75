"""The source's tokenizer, and padded batches of token ids."""

import json

import numpy as np
import sources
from files import read_json
from tokenizers import Tokenizer


def source_tokenizer(source=sources.TOKENIZER):
    """A source's tokenizer.json, parsed, without padding and truncation: the runtime does both itself."""
    tokenizer = read_json(sources.packaged(source))
    tokenizer["padding"] = tokenizer["truncation"] = None
    return tokenizer


def as_json(tokenizer):
    """The parsed tokenizer.json as the string that is shipped."""
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))


def load_source_tokenizer():
    """The tokenizer of all-MiniLM-L6-v2 with its whole vocabulary, for mpnet and for the original's embedding."""
    tokenizer = Tokenizer.from_str(as_json(source_tokenizer()))
    # With a wrongly loaded tokenizer every word would be [UNK], and training would still run: so known ids are checked.
    assert tokenizer.encode("the movie").ids == [101, 1996, 3185, 102]
    return tokenizer


def pad(sequences):
    """Lists of ids → (ids padded with 0, mask: 1 for tokens), both int64 [B, S]. The mask makes the padding's id
    irrelevant."""
    longest = max(map(len, sequences))
    ids = np.zeros((len(sequences), longest), np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return ids, mask


def batches_by_length(sequences, size):
    """Indices of all sequences, in batches of `size` with similar lengths."""
    by_length = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    return [by_length[i : i + size] for i in range(0, len(by_length), size)]
