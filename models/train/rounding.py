"""Puts the runtime's rounding into the network, for training and for measurements, and makes the arrays that are
shipped."""

import torch
from encoder import EXITS, TASKS, Config, Encoder, Linear
from quantisation import (
    ROW_LIMIT,
    STORED_LIMIT,
    WEIGHT_LIMIT,
    block_scales,
    fake_quantise,
    fake_quantise_int4,
    pack,
    quantised_input,
    straight_through,
    unpack,
)

TABLE = "embeddings.word.weight"


def quantised_names(arrays):
    """The names of the weights that are stored in 4 bits: the matrices of the encoder and the word table."""
    return [name for name, array in arrays.items() if name.startswith("encoder.") and array.ndim == 2] + [TABLE]


def block_scales_of(arrays):
    """{name: f32 [rows, columns / 32]}, the scales of all blocks, fitted to these weights."""
    limits = {name: ROW_LIMIT if name == TABLE else WEIGHT_LIMIT for name in quantised_names(arrays)}
    return {name: block_scales(torch.from_numpy(arrays[name].copy()), limit) for name, limit in limits.items()}


def round_linears(model):
    """Rounds the inputs of the encoder's linear layers as the runtime does, and the weight of the embedding head as its
    file stores it."""
    for name, module in model.named_modules():
        if isinstance(module, Linear) and name.startswith("encoder."):
            module.transform_input = quantised_input
    model.embedding.transform_weight = fake_quantise_embedding


def fake_quantise_embedding(weight):
    """int8 with one scale per row, as `heads.write_embedding` stores the weight."""
    return straight_through(weight, fake_quantise(weight.detach(), STORED_LIMIT))


def round_in_network(model, scales):
    """Makes `model`, with f32 weights, compute with the rounding of weights and inputs. `scales`: see
    `block_scales_of`; they stay fixed in training."""

    def round_weight_by(scale):
        return lambda weight: straight_through(weight, fake_quantise_int4(weight.detach(), scale))

    for name, module in model.named_modules():
        if f"{name}.weight" in scales and f"{name}.weight" != TABLE:
            module.transform_weight = round_weight_by(scales[f"{name}.weight"])
    round_linears(model)
    table = scales[TABLE]

    def round_rows(rows, ids):
        flat = rows.detach().flatten(0, -2)
        return straight_through(rows, fake_quantise_int4(flat, table[ids.flatten()]).view_as(rows))

    model.embeddings.transform_rows = round_rows


def shipped_arrays(weights, scales):
    """The trained f32 arrays → the arrays of student.npz, in the form that model.onnx has: 4-bit weights of Linears as
    uint8 [out, in / 32, 16], the word table as uint8 [rows, hidden / 2], their scales as NAME.scale; all others
    unchanged."""
    arrays = dict(weights)
    for name in quantised_names(weights):
        q = pack(torch.from_numpy(weights[name].copy()), scales[name]).numpy()
        arrays[name] = q.reshape(len(q), -1) if name == TABLE else q
        arrays[f"{name}.scale"] = scales[name].numpy()
    return arrays


def unpacked_arrays(arrays):
    """The inverse of `shipped_arrays`: {name: f32}, the 4-bit weights unpacked."""
    weights = {name: array for name, array in arrays.items() if not name.endswith(".scale")}
    for name in [name for name in weights if f"{name}.scale" in arrays]:
        weights[name] = unpack(arrays[name], arrays[f"{name}.scale"])
    return weights


def runtime_network(arrays):
    """The network, in evaluation mode, that computes as our runtime does, from the arrays of `shipped_arrays`."""
    weights = unpacked_arrays(arrays)
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder."))
    tasks = tuple(task for task in TASKS if f"heads.{task}.weight" in weights)
    exits = tuple(layer for layer in EXITS if any(name.startswith(f"exits.{layer}.") for name in weights))
    model = Encoder(Config(len(weights[TABLE]), layers=layers, dropout=0.0, tasks=tasks, exits=exits))
    missing = model.load_arrays(weights)
    assert not missing, missing
    round_linears(model)
    return model.eval()
