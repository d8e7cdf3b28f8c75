"""Few-shot accuracy of an encoder: logistic regression on its features, taught by eight examples a label.

The bars in english.py are the accuracies on the mean-pooled embedding of all-MiniLM-L6-v2 in float32, minus two
points."""

import corpora
import numpy as np
import torch
import torch.nn.functional as F

SETS = ("banking77", "clinc", "hwu64")
EXAMPLES, SEEDS = 8, 3
PENALTY = 1.0  # on the squared weights: scikit-learn's C = 1


def standardised(train, test):
    """[train, test], both f32 [texts, width], standardised by statistics of `train`: each row divided by its norm, the
    mean of each column subtracted, and all divided by one number so that the columns' mean variance is 1."""
    unit = [rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9) for rows in (train, test)]
    mean = unit[0].mean(0)
    scale = np.sqrt(((unit[0] - mean) ** 2).mean()) + 1e-9
    return [(rows - mean) / scale for rows in unit]


def logistic_regression(features, labels, classes, penalty=PENALTY):
    """(weights [classes, width], biases [classes]) of multinomial logistic regression with an L2 penalty, by L-BFGS."""
    x, y = torch.from_numpy(features), torch.from_numpy(labels)
    weight = torch.zeros(classes, x.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=60, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weight.T + bias, y, reduction="sum") + penalty / 2 * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weight.detach().numpy(), bias.detach().numpy()


def taught_accuracy(features_of, data, name):
    """Test accuracy on a set of `sources.INTENTS`, mean over the seeds. features_of(strings) → f32 [texts, width]."""
    train, test = corpora.intents(data, name, "train"), corpora.intents(data, name, "test")
    names = sorted({label for _, label in train})
    number = {label: i for i, label in enumerate(names)}
    labels = np.array([number[label] for _, label in train])
    truth = np.array([number[label] for _, label in test])
    tested, accuracies = features_of([text for text, _ in test]), []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        rows = np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:EXAMPLES] for c in range(len(names))])
        x, other = standardised(features_of([train[i][0] for i in rows]), tested)
        weight, bias = logistic_regression(x.astype(np.float32), labels[rows], len(names))
        accuracies.append(float(((other @ weight.T + bias).argmax(1) == truth).mean()))
    return float(np.mean(accuracies))


def taught_accuracies(features_of, data):
    return {name: taught_accuracy(features_of, data, name) for name in SETS}
