"""Stage 4: rounded weights. 4 bits get a short training with the rounding in the network, taught by the teacher's
logits (quantisation-aware training, Jacob et al. 2018); 8 bits need none.

It also teaches what the teacher was not told: texts of SST-2 are not neutral, as those that were have been left out."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import torch

import sources
from augment import with_emoji
from data import dev_scores, encoded_again, examples, label_loss, labelled_dev, logits_of
from distil import load, logit_loss, training_texts
from encoder import LABELS, Linear
from files import made, read_arrays, seal, write_arrays
from quantisation import ROW, STORED, WEIGHT, block_scales, coarse, packed, rounded_rows
from quantisation import straight_through, through_int4, through_whole, whole_numbers
from sources import NEUTRAL
from tokens import load_tokenizer
from training import device, log, train
from trim import load_trimmed

RECIPE = {
    "seed": 3,
    "batch": 64,
    "texts": 110_000,
    "augmented": 0.25,  # new texts per text
    "emoji": 4000,  # texts with an emoji put behind them
    "emoji_share": 0.9,  # what their label is taught as
    "label_weight": 0.5,
    "neutral": 0.1,  # how much of the teacher's belief that a text of SST-2 is neutral is kept
    "dropout": 0.05,
    "learning_rate": 4e-5,
    "table_rate": 1.5e-4,  # the table's rows have pieces of cut words and emoji to learn
    "layer_decay": 1.0,
    "warm_up": 0.1,
    "weight_decay": 0.0,
    "threads": 1,
}
TABLE = "embeddings.word.weight"


def rounded_names(arrays):
    """The weights that are kept in few bits: what multiplies, and the word table."""
    return [name for name, array in arrays.items() if name.startswith("encoder.") and array.ndim == 2] + [TABLE]


def shipped_arrays(weights, bits, scales):
    """Named f32 arrays → those of the graph. 8 bits: Linear weights int8 [in, out] with a scale per column, word table
    int8 [rows, hidden] with a scale per row. 4 bits: uint8 [out, in / 32, 16] and [rows, hidden / 2], scales beside."""
    arrays = {name: array.T.copy() if name == "classifier.weight" else array for name, array in weights.items()}
    for name in rounded_names(weights):
        weight = torch.from_numpy(weights[name].copy())
        if bits == 8:
            q, scale = whole_numbers(weight, STORED)
            q, scale = q.numpy().astype(np.int8), scale.squeeze(1)
            arrays[name] = q if name == TABLE else np.ascontiguousarray(q.T)
        else:
            q, scale = packed(weight, scales[name]).numpy(), scales[name]
            arrays[name] = q.reshape(len(q), -1) if name == TABLE else q
        arrays[f"{name}.scale"] = scale.numpy()
    return arrays


def round_classifier_and_rows(model):
    """The part of the runtime's rounding that hangs on no stored scale."""
    for module in model.modules():
        if isinstance(module, Linear):
            module.through_rows = rounded_rows
    model.classifier.through = lambda weight: straight_through(weight, through_whole(weight.detach(), WEIGHT))


def round_in_network(model, scales):
    """Lets `model` compute as the runtime will. The scales of the blocks stay what they are."""

    def weight_through(scale):
        return lambda weight: straight_through(weight, through_int4(weight.detach(), scale))

    for name, module in model.named_modules():
        if f"{name}.weight" in scales and f"{name}.weight" != TABLE:
            module.through = weight_through(scales[f"{name}.weight"].to(device()))
    round_classifier_and_rows(model)
    table = scales[TABLE].to(device())

    def rows_through(rows, ids):
        flat = rows.detach().flatten(0, -2)
        return straight_through(rows, through_int4(flat, table[ids.flatten()]).view_as(rows))

    model.embeddings.through = rows_through


def teacher_logits(args, texts):
    """[texts, labels] f32 for examples read by the untrimmed tokenizer; kept in a file, as this takes minutes."""
    path = args.work / "teacher-logits.npz"
    read = hashlib.sha256(json.dumps([example.ids for example in texts]).encode()).hexdigest()
    recipe = {"teacher": seal(args.work / "teacher.npz"), "texts": read}
    if made(path, recipe):
        return read_arrays(path)["logits"]
    model = load(read_arrays(args.work / "teacher.npz"), 6).to(device())
    logits = logits_of(model, texts).astype(np.float32)
    write_arrays(path, {"logits": logits}, recipe)
    return logits


def emoji_texts(args, tokenizer, recipe):
    """(examples, logits) of texts with emoji, which the teacher cannot read."""
    labelled = [row for row in sources.goemotions(args.data, sources.GOEMOTIONS_TRAIN) if row[1] is not None]
    emoji = examples(tokenizer, with_emoji(labelled, recipe["emoji"], recipe["seed"]), False)
    shares = np.full((len(emoji), len(LABELS)), (1 - recipe["emoji_share"]) / (len(LABELS) - 1), np.float32)
    shares[np.arange(len(emoji)), [example.label for example in emoji]] = recipe["emoji_share"]
    return emoji, np.log(shares)


def train_rounded(args, layers, arrays, dev, recipe):
    """Weights and scales after training with 4-bit weights."""
    tokenizer = load_tokenizer()
    table = read_arrays(args.work / "teacher.npz")[TABLE]
    texts = training_texts(args, tokenizer, table, recipe)
    chosen = np.random.default_rng(recipe["seed"]).permutation(len(texts))[: recipe["texts"]]
    texts = [texts[i] for i in chosen]
    logits = teacher_logits(args, texts)
    logits[[example.polar for example in texts], NEUTRAL] += np.log(recipe["neutral"])
    texts = [replace(example, polar=False) for example in texts]
    emoji, emoji_logits = emoji_texts(args, tokenizer, recipe)
    logits, texts = np.concatenate([logits, emoji_logits]), texts + emoji
    texts = encoded_again(load_trimmed(args, layers), texts)
    logits_by_example = {id(example): row for example, row in zip(texts, torch.from_numpy(logits))}
    arrays["embeddings.position.weight"] = coarse(arrays["embeddings.position.weight"])
    limits = {name: ROW if name == TABLE else WEIGHT for name in rounded_names(arrays)}
    scales = {name: block_scales(torch.from_numpy(arrays[name].copy()), limit) for name, limit in limits.items()}
    model = load(arrays, layers, recipe["dropout"])
    model.embeddings.position.weight.requires_grad_(False)
    round_in_network(model, scales)

    def loss_of(batch, ids, mask):
        ours = model(ids, mask).logits
        shown = torch.stack([logits_by_example[id(example)] for example in batch]).to(ours.device)
        distance = logit_loss(ours, shown)
        return distance + recipe["label_weight"] * label_loss(ours, batch), {"logits": distance.item()}

    checkpoint, log_file = args.work / f"quantised-{layers}x4.pt", args.work / f"quantised-{layers}x4.jsonl"
    if not checkpoint.exists():
        log(log_file, event="rounded, not yet trained", **dev_scores(model.to(device()), dev))
    train(model, [texts], loss_of, recipe, checkpoint, lambda: dev_scores(model, dev))
    return model.arrays(), scales, checkpoint


def quantise(args):
    source_dev = labelled_dev(args, load_tokenizer())
    for layers, bits in args.candidates:
        finished, source = args.work / f"quantised-{layers}x{bits}.npz", args.work / f"trimmed-{layers}.npz"
        recipe = {**RECIPE, "layers": layers, "from": seal(source), "teacher": seal(args.work / "teacher.npz")}
        if made(finished, recipe):
            continue
        arrays = read_arrays(source)
        if bits == 8:
            arrays["embeddings.position.weight"] = coarse(arrays["embeddings.position.weight"])
            write_arrays(finished, shipped_arrays(arrays, bits, {}), recipe)
            continue
        dev = [encoded_again(load_trimmed(args, layers), part) for part in source_dev]
        arrays, scales, checkpoint = train_rounded(args, layers, arrays, dev, recipe)
        write_arrays(finished, shipped_arrays(arrays, bits, scales), recipe)
        checkpoint.unlink()
