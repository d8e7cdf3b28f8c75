"""The English model: what it is called, what its student starts from and learns. The student is the fine-tuned MiniLM.
It learns the teachers' logits and the labels of the corpora. A text with emoji has only the label of its corpus,
because the teachers read the text without them."""

import judge
import losses
import measures
import numpy as np
import robustness
import sources
from distillation import teacher_logits_of, teacher_loss
from encoder import TASKS as ALL_TASKS
from encoder import Config
from epochs import student_epochs
from files import read_arrays, read_seal, sha256
from heads import TOXICITY
from label import MIX, TEACHERS, student_labels
from sources import WRITTEN
from splits import Corpora
from teacher import original_embeddings, with_source_ids
from training import device, fast_precision
from vocabulary import tokenizer_path

from examples import targets

NAME, VERSION, LANGUAGES = "english", "3.0.0", ["en"]
TASKS = tuple(ALL_TASKS)
# The id of the token that fills up short texts of a batch.
PADDING = 0
STAGES = {
    "split": "splits",
    "vocabulary": "vocabulary",
    "teacher": "teacher",
    "label": "label",
    "student": "student",
    "calibrate": "calibrate",
    "evaluate": "evaluate",
    "export": "export",
}
# Training runs before the student's, by the names of their files.
RUNS = [f"teacher-{name}" for name in TEACHERS]
# Stages that `all` does not run.
EXTRA_STAGES = {"compare": "compare", "baselines": "baselines", "exits": "exits"}
RECIPE = {
    "seed": 3,
    "batch": 64,
    "learning_rate": 6e-5,
    "layer_decay": 1.0,
    "head_rate": 4.0,
    "table_rate": 2.5,  # the table's rows have pieces of cut words and emoji to learn
    "warm_up": 0.06,
    "weight_decay": 0.0,
    "dropout": 0.05,
    "gold": 0.5,  # weight of the corpora's labels beside the teachers'
    "neutral": 0.1,  # factor on the teachers' probability of neutral, for texts of polar corpora
}
# The original's embedding is computed for every second text of a batch: it takes a sixth of a step's time.
EMBEDDED = slice(None, None, 2)
# Rows of the table: what, the key, the factor, the bar.
TABLE_ROWS = [
    ("written dev", "written_accuracy", 100, 83),
    ("SST-2 dev, polar", "sst2_polar", 100, 91),
    ("GoEmotions dev, three-way", "goemotions_accuracy", 100, 75.6),
    ("emotion, macro-F1", "emotion_macro_f1", 1, 0.42),
    ("toxic, AUC on ParaDetox", "toxic_auc_paradetox", 1, 0.93),
    ("hateful, AUC on ToxiGen", "hateful_auc_toxigen", 1, 0.85),
    ("hateful, AUC on Implicit Hate", "hateful_auc_implicit-hate", 1, 0.80),
    ("HateCheck, balanced accuracy", "hatecheck_balanced", 100, 65),
    ("embedding, mean cosine", "embedding_cosine", 1, 0.90),
    ("embedding, Spearman", "embedding_spearman", 1, 0.85),
    ("embedding, nearest ten", "embedding_overlap", 1, 0.55),
    ("taught, BANKING77", "taught_features_banking77", 100, 80.9),
    ("taught, CLINC150", "taught_features_clinc", 100, 87.9),
    ("taught, HWU64", "taught_features_hwu64", 100, 79.0),
]
# Sets that the temperature of sentiment is fitted to; each weighs the same.
CALIBRATED = ("sst2", "goemotions", "written")
# What the exported folder is compared with the network on.
EXAMPLES = ["I loved every minute of it", "The worst two hours of my year", "The meeting is at three on Tuesday", "👎"]
PROVENANCE = {
    "weights": sources.WEIGHTS,
    "tokenizer": sources.TOKENIZER,
    "teachers": [sources.WEIGHTS, sources.MPNET],
    "train": sources.TRAINED_ON,
    "calibration": [sources.SST2_DEV, sources.GOEMOTIONS_DEV],
}
corpora, epochs = Corpora, student_epochs


def first_layers(arrays, layers):
    """The encoder's first layers. Its heads are those that read [CLS] after the last of them."""
    if not any(name.startswith(f"encoder.layer.{layers}.") for name in arrays):
        return arrays

    def is_deeper(name):
        kind, *rest = name.split(".")
        return (
            kind == "heads"
            or (kind == "exits" and int(rest[0]) > layers)
            or (kind == "encoder" and int(rest[1]) >= layers)
        )

    kept = {name: array for name, array in arrays.items() if not is_deeper(name)}
    return {name.replace(f"exits.{layers}.", "heads."): array for name, array in kept.items()}


def config(vocabulary, layers, dropout=Config.dropout):
    return Config(vocab=vocabulary, layers=layers, dropout=dropout)


def start(args):
    return first_layers(read_arrays(args.work / "teacher-minilm.npz"), args.layers)


def loss(args, corpora, epochs, model, recipe):
    by_text = student_labels(args.work, corpora)
    source_ids = with_source_ids([example for epoch in epochs for example in epoch])
    original = judge.Original(fast_precision())
    original.model.to(device())

    def loss_of(batch, ids, mask):
        output = model(ids, mask)
        teacher_logits, labelled = teacher_logits_of(batch, by_text, recipe["neutral"])
        distance = teacher_loss(output.logits, teacher_logits, labelled)
        gold, shown = losses.label_loss(output, targets(batch))
        wanted = original_embeddings(original, source_ids, batch[EMBEDDED])
        away = losses.embedding_loss(output.embedding[EMBEDDED], wanted)
        loss = distance + recipe["gold"] * gold + losses.EMBEDDING_WEIGHT * away
        for logits in output.exits.values():
            loss = loss + losses.EXIT_WEIGHT * teacher_loss(logits, teacher_logits, labelled)
        return loss, shown | {"teachers": float(distance.detach()), "embedding": float(away.detach())}

    return loss_of


def scores(model, tokenizer, corpora, data):
    """What is logged at evaluations of a run."""
    found, _ = judge.dev_scores(model, tokenizer, corpora, data)
    found |= judge.embedding_scores(model, tokenizer, corpora.dev["embedding"])
    return found | judge.taught_scores(model, tokenizer, data)


def recipe(args):
    seals = {name: read_seal(args.work / f"teacher-{name}.npz") for name in TEACHERS}
    return {
        **RECIPE,
        "mix": MIX,
        "from": seals,
        "tokenizer": sha256(tokenizer_path(args)),
        "written": WRITTEN["sha256"],
    }


def measured(dev):
    """The sets whose logits are kept for calibration and the report."""
    return [*judge.SETS, "toxicspans", "embedding"]


def toxicity_alarms(logits, dev, head):
    """On the dev part of the written toxicity: {label: [false alarms, recall]} at the shipped threshold."""
    limits = np.log(np.array(head["thresholds"]) / (1 - np.array(head["thresholds"]))) * head["temperature"]
    found, texts = logits["written-toxicity"]["toxicity"], dev["written-toxicity"]
    alarms = {}
    for column, name in enumerate(TOXICITY):
        labels = np.array([getattr(text, name) for text in texts])
        alarms[name] = measures.alarms(found[:, column], labels, limits[column])
    return alarms


def report(args, model, tokenizer, corpora, logits, head):
    found = judge.scores(logits, corpora.dev, judge.hatecheck_scores(model, tokenizer, args.data))
    found |= judge.embedding_scores(model, tokenizer, corpora.dev["embedding"])
    found |= judge.taught_scores(model, tokenizer, args.data)
    found["alarms"] = toxicity_alarms(logits, corpora.dev, head["toxicity"])
    found["groups"] = judge.group_table(logits["written"], corpora.dev["written"])
    found["robustness"] = robustness.same_label(model, tokenizer, corpora.dev, head["sentiment"]["temperature"])
    return found


def table(report):
    """Rows of cells: what, the value, the bar."""
    rows = []
    for name, key, factor, bar in TABLE_ROWS:
        rows.append([name, f"{factor * report[key]:.{1 if factor == 100 else 3}f}", str(bar)])
    groups = report["groups"].items()
    return rows + [
        [group, f"{right} of {count}, {opposite} opposite", ""] for group, (right, opposite, count) in groups
    ]
