"""The subcommand `baselines`: prints the baselines for heads that `npm run evaluate -- heads` teaches: logistic
regression and the nearest example, with the same examples, on mean-pooled embeddings of all-MiniLM-L6-v2 in float32."""

import corpora
import numpy as np
from fewshot import logistic_regression, standardised
from judge import Original
from measures import auc

from inference import outputs

# Examples a label, 0 for all, and seeds: as in models/evaluate/heads.rs.
COUNTS, SEEDS = (1, 4, 8, 16, 0), 5
# The set and part whose texts have none of a set's labels.
OUT_OF_SCOPE = {
    "banking77": ("hwu64", "test"),
    "clinc": ("clinc", "oos_test"),
    "hwu64": ("banking77", "test"),
}
SETS = (*OUT_OF_SCOPE, "sms-spam")


def draw_examples(labels, count, seed):
    """Indices of `count` examples of each label, or of all examples if it is 0: the ones that models/evaluate/heads.rs
    draws with the same seed, by the same linear congruential generator."""
    order, state = list(range(len(labels))), seed
    for i in range(len(order) - 1, 0, -1):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        j = (state >> 33) % (i + 1)
        order[i], order[j] = order[j], order[i]
    taken, indices = {}, []
    for i in order:
        taken[labels[i]] = taken.get(labels[i], 0) + 1
        if count == 0 or taken[labels[i]] <= count:
            indices.append(i)
    return np.array(indices)


def read_set(data, name):
    """(train, test, texts out of scope); rows are (text, label)."""
    if name == "sms-spam":
        # One file with a header, split into alternate rows.
        _, *rows = corpora.intents(data, name, "all")
        return rows[0::2], rows[1::2], []
    outside = [text for text, _ in corpora.intents(data, *OUT_OF_SCOPE[name])]
    return corpora.intents(data, name, "train"), corpora.intents(data, name, "test"), outside


def measured(embed, data, name):
    """{examples a label: (accuracy of logistic regression, accuracy of the nearest example, AUROC of the regression's
    energy for texts out of scope)}, means over the seeds. embed(strings) → f32 [texts, H]."""
    train, test, outside = read_set(data, name)
    names = sorted({label for _, label in train})
    number = {label: i for i, label in enumerate(names)}
    labels, truth = (np.array([number[label] for _, label in rows]) for rows in (train, test))
    examples, tested = (embed([text for text, _ in rows]) for rows in (train, test))
    rejected = embed(outside) if outside else None

    result = {}
    for count in COUNTS:
        per_seed = []
        for seed in range(1 if count == 0 else SEEDS):
            rows = draw_examples(labels, count, seed)
            nearest = labels[rows][(tested @ examples[rows].T).argmax(1)]
            x, inside = standardised(examples[rows], tested)
            weight, bias = logistic_regression(x.astype(np.float32), labels[rows], len(names))
            logits = inside @ weight.T + bias
            area = np.nan
            if rejected is not None:
                others = standardised(examples[rows], rejected)[1] @ weight.T + bias
                scope = np.r_[np.zeros(len(logits), int), np.ones(len(others), int)]
                area = auc(-np.logaddexp.reduce(np.r_[logits, others], axis=1), scope)
            per_seed.append([(logits.argmax(1) == truth).mean(), (nearest == truth).mean(), area])
        result[count] = np.mean(per_seed, axis=0)
    return result


def baselines(args):
    original = Original()

    def embed(texts):
        return outputs(original, original.tokenizer, texts, lambda embedding: embedding)

    print("| set | examples a label | logistic regression | nearest example | AUROC out of scope |")
    print("|---|---|---|---|---|")
    for name in SETS:
        for count, (regression, nearest, area) in measured(embed, args.data, name).items():
            known = "–" if np.isnan(area) else f"{area:.3f}"
            print(f"| {name} | {count or 'all'} | {100 * regression:.1f} | {100 * nearest:.1f} | {known} |", flush=True)
