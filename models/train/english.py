"""The description of the English model: its name, the weights that its student starts from, what the student learns,
and how it is measured. README.md, "Another model or language", lists what a description has.

The student starts from the MiniLM teacher and learns both teachers' logits and the labels of the corpora. Of texts of
emoji alone and of the written texts on toxicity, it learns the labels only (`corpora.Text.base`)."""

import judge
import losses
import measures
import numpy as np
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
from teacher import original_embeddings, source_ids_of
from training import fast_precision
from vocabulary import tokenizer_path

from examples import targets

NAME, VERSION, LANGUAGES = "english", "4.0.0", ["en"]
TASKS = tuple(ALL_TASKS)
HEADS = (*TASKS, "embedding")
# Id of the padding token.
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
# File names, without suffix, of the training runs before the student's: their logs are summarised in the report.
RUNS = ["teacher-minilm", "teacher-mpnet-first", "teacher-mpnet"]
# Subcommands that `all` does not run.
EXTRA_STAGES = {"compare": "compare", "baselines": "baselines", "exits": "exits"}
RECIPE = {
    "seed": 3,
    "batch": 64,
    "learning_rate": 6e-5,
    "layer_decay": 1.0,
    "head_rate": 4.0,
    "table_rate": 2.5,  # high: rows of emoji and of pieces of words that were cut have much to learn
    "warm_up": 0.06,
    "weight_decay": 0.0,
    "dropout": 0.05,
    "gold": 0.5,  # weight of the loss of the corpora's labels; the loss of the teachers' logits has 1
    "neutral": 0.1,  # see `distillation.teacher_logits_of`
}
# Only every second text of a batch trains the embedding: even so the original's embedding takes a sixth of a step's
# time.
EMBEDDED = slice(None, None, 2)
# Rows of the printed table: what, key in the report, factor, bar (the value that a release should reach).
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
# Dev sets that the temperature of sentiment is fitted to; each has the same weight.
CALIBRATED = ("sst2", "goemotions", "written")
# Texts on which the exported folder is compared with the network.
EXAMPLES = ["I loved every minute of it", "The worst two hours of my year", "The meeting is at three on Tuesday", "👎"]
PROVENANCE = {
    "weights": [sources.WEIGHTS],
    "tokenizer": sources.TOKENIZER,
    "teachers": [sources.WEIGHTS, sources.MPNET],
    "train": sources.TRAINED_ON,
    "calibration": sources.CALIBRATED_ON,
}
corpora, epochs = Corpora, student_epochs


def first_layers(arrays, layers):
    """The arrays of a model with the first `layers` layers. Its heads are the early-exit heads after the last of
    these."""
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
    """`vocabulary`: the number of tokens."""
    return Config(vocab=vocabulary, layers=layers, dropout=dropout)


def start(args):
    """The arrays that the student starts from."""
    return first_layers(read_arrays(args.work / "teacher-minilm.npz"), args.layers)


def loss(args, corpora, epochs, model, recipe):
    """The function `loss_of` for `training.train`. `epochs`: a list of examples for each."""
    by_text = student_labels(args.work, corpora)
    source_ids = source_ids_of([example for epoch in epochs for example in epoch])
    original = judge.Original(fast_precision())

    def loss_of(batch, ids, mask):
        output = model(ids, mask)
        teacher_logits, labelled = teacher_logits_of(batch, by_text, recipe["neutral"])
        teachers = teacher_loss(output.logits, teacher_logits, labelled)
        gold, parts = losses.label_loss(output, targets(batch))
        wanted = original_embeddings(original, source_ids, batch[EMBEDDED])
        embedding = losses.embedding_loss(output.embedding[EMBEDDED], wanted)
        loss = teachers + recipe["gold"] * gold + losses.EMBEDDING_WEIGHT * embedding
        for logits in output.exits.values():
            loss = loss + losses.EXIT_WEIGHT * teacher_loss(logits, teacher_logits, labelled)
        return loss, parts | {"teachers": float(teachers.detach()), "embedding": float(embedding.detach())}

    return loss_of


def scores(model, tokenizer, corpora, data):
    """{measure: number}, for the log at the evaluations of a run."""
    return judge.encoder_scores(model, tokenizer, corpora, data)


def recipe(args):
    """RECIPE and what else the student depends on. Stored in its files: another recipe means another training."""
    seals = {name: read_seal(args.work / f"teacher-{name}.npz") for name in TEACHERS}
    return {
        **RECIPE,
        "mix": MIX,
        "from": seals,
        "tokenizer": sha256(tokenizer_path(args)),
        "written": WRITTEN["sha256"],
    }


def measured(dev):
    """The dev sets whose logits calibration and the report need."""
    return [*judge.SETS, "toxicspans", "embedding"]


def toxicity_alarms(logits, dev, head):
    """{label: (false alarms, recall)} at the shipped thresholds, on the dev part of the written texts on toxicity.
    `head`: temperature and thresholds by `calibrate`. A threshold is a probability; `limits` are the logits of the
    thresholds."""
    limits = np.log(np.array(head["thresholds"]) / (1 - np.array(head["thresholds"]))) * head["temperature"]
    toxicity, texts = logits["written-toxicity"]["toxicity"], dev["written-toxicity"]
    alarms = {}
    for column, name in enumerate(TOXICITY):
        labels = np.array([getattr(text, name) for text in texts])
        alarms[name] = measures.alarms(toxicity[:, column], labels, limits[column])
    return alarms


def report(args, model, tokenizer, corpora, logits, heads):
    """{measure: value} for student-report.json. `heads`: the content of student-calibration.json."""
    found = judge.scores(logits, corpora.dev, judge.hatecheck_scores(model, tokenizer, args.data))
    found |= judge.embedding_scores(model, tokenizer, corpora.dev["embedding"])
    found |= judge.taught_scores(model, tokenizer, args.data)
    found["alarms"] = toxicity_alarms(logits, corpora.dev, heads["toxicity"])
    found["groups"] = judge.group_table(logits["written"], corpora.dev["written"])
    return found


def table(report):
    """Rows of the printed table, [what, the value, the bar]."""
    rows = []
    for name, key, factor, bar in TABLE_ROWS:
        rows.append([name, f"{factor * report[key]:.{1 if factor == 100 else 3}f}", str(bar)])
    return rows + judge.group_rows(report["groups"])
