"""Stage 5: for each candidate the temperature that makes its probabilities fit the two dev sets best.

Temperature scaling: Guo et al. 2017. The candidates compute here with the rounding of our runtime."""

import numpy as np
import torch

from data import POLAR, encoded_again, labelled_dev, logits_of
from distil import load
from files import read_arrays, write_arrays
from quantisation import runtime_weight
from quantise import TABLE, round_classifier_and_rows
from tokens import load_tokenizer
from training import device
from trim import load_trimmed


def softmax(logits):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def negative_log_likelihood(logits, labels, temperature):
    return float(-np.log(softmax(logits / temperature)[np.arange(len(labels)), labels]).mean())


def best_temperature(parts, low=0.1, high=10.0):
    """Ternary search: the loss has one minimum in the temperature. parts: [(logits, labels)], each weighs the same."""
    loss = lambda t: sum(negative_log_likelihood(logits, labels, t) for logits, labels in parts)
    while high - low > 1e-5:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return (low + high) / 2


def runtime_network(arrays, layers):
    """The network that computes as our runtime does, from the arrays that are shipped."""
    weights = {name: array for name, array in arrays.items() if not name.endswith(".scale")}
    weights["classifier.weight"] = weights["classifier.weight"].T
    for name in [name for name in weights if f"{name}.scale" in arrays]:
        weights[name] = runtime_weight(arrays[name], arrays[f"{name}.scale"], is_table=name == TABLE)
    model = load(weights, layers)
    round_classifier_and_rows(model)
    return model


def answered(logits, examples):
    """(logits, labels) of the classes that the examples are about: two for SST-2, three for GoEmotions."""
    labels = np.array([example.label for example in examples])
    return (logits[:, POLAR], np.searchsorted(POLAR, labels)) if examples[0].polar else (logits, labels)


def name_of(candidate):
    return "{}x{}".format(*candidate)


def calibrate(args):
    torch.set_num_threads(1)
    dev = labelled_dev(args, load_tokenizer())
    networks = {"teacher": (lambda: load(read_arrays(args.work / "teacher.npz"), 6), dev)}
    for candidate in args.candidates:
        path = args.work / f"quantised-{name_of(candidate)}.npz"
        network = lambda path=path, layers=candidate[0]: runtime_network(read_arrays(path), layers)
        trimmed = load_trimmed(args, candidate[0])
        networks[name_of(candidate)] = (network, [encoded_again(trimmed, part) for part in dev])
    for name, (network, parts) in networks.items():
        model = network().to(device())
        films, emotions = logits = [logits_of(model, part) for part in parts]
        temperature = round(best_temperature([answered(*pair) for pair in zip(logits, parts)]), 4)
        arrays = {"sst2_dev": films, "goemotions_dev": emotions, "temperature": np.array(temperature)}
        write_arrays(args.work / f"calibrated-{name}.npz", arrays)
        print(f"{name}: temperature {temperature}", flush=True)
