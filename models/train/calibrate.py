"""The stage `calibrate`: a temperature for each head (temperature scaling, Guo et al. 2017), and a threshold for each
label of the heads whose labels are independent of each other.

The student runs in float32 with the rounding of our runtime. The thresholds of the emotions are fitted to a held-out
tenth of GoEmotions train, those of toxicity to the held-out parts of corpora whose other measure, AUC, needs no
threshold."""

import hashlib
import json
from collections import defaultdict

import judge
import measures
import numpy as np
import torch
from encoder import TASKS
from files import read_arrays, read_seal, was_made_by, write_arrays, write_json
from heads import TOXICITY
from rounding import runtime_network
from sources import NEGATIVE, POSITIVE
from training import threads
from vocabulary import load_cut_tokenizer

POLAR_CLASSES = [NEGATIVE, POSITIVE]
# The threshold of a toxicity label is the lowest with at most this fraction of harmless texts above it.
FALSE_ALARMS = 0.04


def negative_log_likelihood(logits, labels, temperature):
    return float(-np.log(measures.softmax(logits / temperature)[np.arange(len(labels)), labels]).mean())


def binary_loss(logits, labels, temperature):
    """Mean binary cross-entropy over the known labels (≥ 0). Both arrays are [texts, labels]."""
    x, known = logits / temperature, labels >= 0
    return float((np.logaddexp(0, x) - x * labels)[known].mean())


def best_temperature(loss, low=0.1, high=10.0):
    """The temperature with the least loss(temperature), by ternary search: the loss must have a single minimum."""
    while high - low > 1e-5:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return round((low + high) / 2, 4)


def sentiment_part(logits, texts):
    """(logits f64 [texts, classes], labels) of the texts of a dev set whose sentiment is known. Of polar corpora, only
    the classes negative and positive, numbered 0 and 1."""
    logits, labels = measures.with_sentiment(logits["sentiment"], texts)
    logits = logits.astype(np.float64)
    if texts[0].polar:
        return logits[:, POLAR_CLASSES], np.searchsorted(POLAR_CLASSES, labels)
    return logits, labels


def sentiment_temperature(parts):
    """The temperature that fits several dev sets, each with the same weight. parts: [(logits, labels)]."""
    return best_temperature(lambda t: sum(negative_log_likelihood(logits, labels, t) for logits, labels in parts))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def emotion_calibration(logits, texts):
    """(temperature, thresholds as probabilities [28])"""
    labels = measures.multi_hot(texts, TASKS["emotion"])
    temperature = best_temperature(lambda t: binary_loss(logits, labels.astype(np.float64), t))
    thresholds = measures.best_thresholds(logits, labels)
    return temperature, sigmoid(thresholds / temperature)


def toxicity_calibration(logits, dev):
    """(temperature, thresholds as probabilities [2]). Fitted to the held-out parts of the toxicity corpora and to
    harmless texts: reviews, dialogue and GoEmotions."""
    names = ("paradetox", "toxicspans", "toxigen", "implicit-hate", "embedding", "thresholds")
    texts = [text for name in names for text in dev[name]]
    toxicity = np.concatenate([logits[name]["toxicity"] for name in names]).astype(np.float64)
    known = [[-1 if label is None else label for label in (text.toxic, text.hateful)] for text in texts]
    labels = np.array(known, np.float64)
    temperature = best_temperature(lambda t: binary_loss(toxicity, labels, t))
    thresholds = []
    for column in range(len(TOXICITY)):
        harmless = np.sort(toxicity[labels[:, column] == 0, column])
        thresholds.append(harmless[int(np.ceil((1 - FALSE_ALARMS) * len(harmless))) - 1])
    return temperature, sigmoid(np.array(thresholds) / temperature)


def student_file(args, name):
    """The path of student-NAME, or student-3-NAME with --layers 3."""
    return args.student.with_name(f"{args.student.name}-{name}")


def student_logits(args, corpora):
    """{set: {task: f32 [texts, labels]}}, kept in student-logits.npz because they take minutes to compute."""
    student = args.student.with_suffix(".npz")
    path, measured = student_file(args, "logits.npz"), args.description.measured(corpora.dev)
    texts = hashlib.sha256(json.dumps({name: [text.text for text in corpora.dev[name]] for name in measured}).encode())
    recipe = {"student": read_seal(student), "texts": texts.hexdigest()}
    if not was_made_by(path, recipe):
        model, tokenizer = runtime_network(read_arrays(student)), load_cut_tokenizer(args)
        arrays = {}
        for name in measured:
            by_task = judge.logits_of(model, tokenizer, corpora.dev[name])
            arrays |= {f"{name}/{task}": rows for task, rows in by_task.items()}
        write_arrays(path, arrays, recipe)
    logits = defaultdict(dict)
    for key, rows in read_arrays(path).items():
        name, task = key.split("/")
        logits[name][task] = rows
    return dict(logits)


def calibrate(args):
    """The stage: writes student-calibration.json."""
    torch.set_num_threads(threads())
    description, corpora = args.description, args.description.corpora(args.data)
    logits, dev = student_logits(args, corpora), corpora.dev
    parts = [sentiment_part(logits[name], dev[name]) for name in description.CALIBRATED]
    heads = {"sentiment": {"temperature": sentiment_temperature(parts), "thresholds": None}}
    if "emotion" in description.TASKS:
        temperature, limits = emotion_calibration(logits["thresholds"]["emotion"].astype(np.float64), dev["thresholds"])
        heads["emotion"] = {"temperature": temperature, "thresholds": [round(float(t), 4) for t in limits]}
    if "toxicity" in description.TASKS:
        temperature, limits = toxicity_calibration(logits, dev)
        heads["toxicity"] = {"temperature": temperature, "thresholds": [round(float(t), 4) for t in limits]}
    write_json(student_file(args, "calibration.json"), heads)
    for task, values in heads.items():
        print(f"{task}: temperature {values['temperature']}")
