"""Runs a model on texts."""

import numpy as np
import torch
from tokens import batches_by_length, pad

# Tokens of the longest input; longer texts are truncated. The encoders have 512 positions.
MAX_TOKENS = 510


def outputs(model, tokenizer, texts, read, preprocess=lambda text: text, size=64, ids_of=lambda ids: ids):
    """`read(output)` of every text, f32 [texts, columns] in the order of `texts`, which are strings.

    The model must be in evaluation mode. read(the model's output) → [B, columns]. preprocess: changes a text before it
    is encoded. size: texts in a batch. ids_of: maps the tokenizer's ids to the model's.
    """
    sequences = [ids_of(e.ids[:MAX_TOKENS]) for e in tokenizer.encode_batch([preprocess(text) for text in texts])]
    results = None
    with torch.no_grad():
        for indices in batches_by_length(sequences, size):
            ids, mask = (torch.from_numpy(a) for a in pad([sequences[i] for i in indices]))
            rows = read(model(ids, mask)).float().cpu().numpy()
            if results is None:
                results = np.empty((len(sequences), rows.shape[1]), np.float32)
            results[indices] = rows
    return results
