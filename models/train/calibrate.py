"""Stage 6: a temperature for each head, and a threshold for each label of those heads that have several labels at once.

Temperature scaling: Guo et al. 2017. The student computes here with the rounding of our runtime, in float32. Emotions'
thresholds are fitted on a tenth of GoEmotions train that trained nothing, those of toxicity on held-out parts of
corpora that are otherwise scored without a threshold."""

from collections import defaultdict

import judge
import measures
import numpy as np
import torch
from encoder import TASKS
from files import read_arrays, read_seal, was_made_by, write_arrays, write_json
from heads import TOXICITY
from rounding import runtime_network
from training import device, threads
from vocabulary import load_cut_tokenizer

POLAR = [0, 2]
# The threshold of a toxicity label is the lowest with at most this fraction of harmless texts above it.
FALSE_ALARMS = 0.04


def negative_log_likelihood(logits, labels, temperature):
    return float(-np.log(measures.softmax(logits / temperature)[np.arange(len(labels)), labels]).mean())


def binary_loss(logits, labels, temperature):
    """Mean over the labels that are known (≥ 0)."""
    x, known = logits / temperature, labels >= 0
    return float((np.logaddexp(0, x) - x * labels)[known].mean())


def best_temperature(loss, low=0.1, high=10.0):
    """Ternary search: the loss has one minimum in the temperature."""
    while high - low > 1e-5:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return round((low + high) / 2, 4)


def answered(logits, texts):
    """(logits, labels) of the classes that the texts are about: two for SST-2, three for the others."""
    known = np.array([text.sentiment is not None for text in texts])
    labels = np.array([text.sentiment for text in texts if text.sentiment is not None])
    logits = logits["sentiment"][known].astype(np.float64)
    return (logits[:, POLAR], np.searchsorted(POLAR, labels)) if texts[0].polar else (logits, labels)


def sentiment_temperature(parts):
    """parts: [(logits, labels)], each weighs the same."""
    return best_temperature(lambda t: sum(negative_log_likelihood(logits, labels, t) for logits, labels in parts))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def emotion_calibration(logits, texts):
    labels = measures.multi_hot(texts, TASKS["emotion"])
    temperature = best_temperature(lambda t: binary_loss(logits, labels.astype(np.float64), t))
    thresholds = measures.best_thresholds(logits, labels)
    return temperature, sigmoid(thresholds / temperature)


def toxicity_calibration(logits, dev):
    """Positives: the held-out parts of the corpora of toxicity; harmless: theirs, reviews, dialogue, GoEmotions."""
    names = ("paradetox", "toxicspans", "toxigen", "implicit-hate", "embedding", "thresholds")
    texts = [text for name in names for text in dev[name]]
    found = np.concatenate([logits[name]["toxicity"] for name in names]).astype(np.float64)
    known = [[-1 if label is None else label for label in (text.toxic, text.hateful)] for text in texts]
    labels = np.array(known, np.float64)
    temperature = best_temperature(lambda t: binary_loss(found, labels, t))
    thresholds = []
    for column in range(len(TOXICITY)):
        harmless = np.sort(found[labels[:, column] == 0, column])
        thresholds.append(harmless[int(np.ceil((1 - FALSE_ALARMS) * len(harmless))) - 1])
    return temperature, sigmoid(np.array(thresholds) / temperature)


def student_file(args, name):
    """The file of this name that a stage writes about the student."""
    return args.student.with_name(f"{args.student.name}-{name}")


def student_logits(args, corpora):
    """{set: {task: logits}}, kept in a file: they take minutes."""
    student = args.student.with_suffix(".npz")
    path, recipe = student_file(args, "logits.npz"), {"student": read_seal(student)}
    if not was_made_by(path, recipe):
        model, tokenizer = runtime_network(read_arrays(student)).to(device()), load_cut_tokenizer(args)
        arrays = {}
        for name in args.description.measured(corpora.dev):
            found = judge.logits_of(model, tokenizer, corpora.dev[name])
            arrays |= {f"{name}/{task}": rows for task, rows in found.items()}
        write_arrays(path, arrays, recipe)
    logits = defaultdict(dict)
    for key, rows in read_arrays(path).items():
        name, task = key.split("/")
        logits[name][task] = rows
    return dict(logits)


def calibrate(args):
    torch.set_num_threads(threads())
    description, corpora = args.description, args.description.corpora(args.data)
    logits, dev = student_logits(args, corpora), corpora.dev
    parts = [answered(logits[name], dev[name]) for name in description.CALIBRATED]
    found = {"sentiment": {"temperature": sentiment_temperature(parts), "thresholds": None}}
    if "emotion" in description.TASKS:
        temperature, limits = emotion_calibration(logits["thresholds"]["emotion"].astype(np.float64), dev["thresholds"])
        found["emotion"] = {"temperature": temperature, "thresholds": [round(float(t), 4) for t in limits]}
    if "toxicity" in description.TASKS:
        temperature, limits = toxicity_calibration(logits, dev)
        found["toxicity"] = {"temperature": temperature, "thresholds": [round(float(t), 4) for t in limits]}
    write_json(student_file(args, "calibration.json"), found)
    for task, values in found.items():
        print(f"{task}: temperature {values['temperature']}")
