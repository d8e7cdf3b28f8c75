"""Stage 4: the temperature that makes the shipped model's probabilities fit the dev set best."""

import numpy as np

import sources
from files import read_json, write_json
from shipped import Shipped


def softmax(logits):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def negative_log_likelihood(logits, labels, temperature):
    return float(-np.log(softmax(logits / temperature)[np.arange(len(labels)), labels]).mean())


def best_temperature(logits, labels, low=0.1, high=10.0):
    """Ternary search: the loss has one minimum in the temperature."""
    loss = lambda t: negative_log_likelihood(logits, labels, t)
    while high - low > 1e-5:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return (low + high) / 2


def calibrate(args):
    texts, labels = zip(*sources.sentences(args.data, sources.DEV))
    logits, labels = Shipped(args.out).logits(texts).astype(np.float64), np.array(labels)
    temperature = round(best_temperature(logits, labels), 4)
    litmus = read_json(args.out / "litmus.json")
    litmus["temperature"] = temperature
    write_json(args.out / "litmus.json", litmus)
    before, after = (negative_log_likelihood(logits, labels, t) for t in (1.0, temperature))
    print(f"temperature {temperature}: negative log likelihood on dev {before:.4f} → {after:.4f}")
