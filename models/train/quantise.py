"""Stage 2: weight-only int8. Symmetric, one scale per output channel of a Linear and per row of the word table."""

import numpy as np

from files import read_arrays, write_arrays


def symmetric(weight, axis):
    """(q, scale) with weight ≈ q × scale and max |q| = 127 along `axis`, so that quantising q × scale again gives q."""
    largest = np.abs(weight).max(axis=axis, keepdims=True)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale.squeeze(axis)


def quantise_weights(weights):
    """Linear weights leave as int8 [in, out], the layout that the graph multiplies by."""
    quantised = {}
    for name, array in weights.items():
        linear = name.startswith("encoder.") and array.ndim == 2
        if not linear and name != "embeddings.word.weight":
            quantised[name] = array  # positions, norms, biases, head: small, and they matter
            continue
        q, scale = symmetric(array.T, axis=0) if linear else symmetric(array, axis=1)
        quantised[name] = np.ascontiguousarray(q)
        quantised[name + ".scale"] = scale
    return quantised


def quantise(args):
    weights = read_arrays(args.work / "finetuned.npz")
    quantised = quantise_weights(weights)
    write_arrays(args.work / "quantised.npz", quantised)
    before, after = (sum(a.nbytes for a in d.values()) for d in (weights, quantised))
    print(f"{before:,} → {after:,} bytes")
