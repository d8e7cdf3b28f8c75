"""The multilingual model: the first six layers of multilingual-e5-small with a cut vocabulary. It learns the labels of
the corpora, and for English texts also the logits of the English model's teachers. It has one head, sentiment."""

import judge
import losses
import numpy as np
from corpora import teacher_text
from distillation import teacher_logits_of, teacher_loss
from encoder import Config
from epochs import mixed_epoch
from files import read_arrays, read_seal, sha256, write_json
from label import TEACHERS, mixed_logits
from vocabulary import cut_table, table_rows, tokenizer_path

from examples import targets
from multilingual import dev_sets, e5, sources, texts

NAME, VERSION = "multilingual", "1.0.0"
# The id of <pad>, which fills up short texts of a batch.
PADDING = 1
LANGUAGES = ["zh", "en", "es", "fr", "de", "pt", "it", "hi", "ar"]
STAGES = {
    "split": "multilingual.texts",
    "vocabulary": "multilingual.vocabulary",
    "tune": "multilingual.tuning",
    "student": "student",
    "calibrate": "calibrate",
    "evaluate": "evaluate",
    "export": "export",
}
EXTRA_STAGES, RUNS = {}, ["tuned"]
TASKS = ("sentiment",)
WRITTEN = ("written-zh", *dev_sets.WRITTEN)
# Two epochs, each a run of its own: `tune` starts from the pretrained weights, `student` from its result. "copies" of a
# corpus, or the "fraction" of it that is drawn; what is named nowhere is taken once.
TUNE = {
    "seed": 11,
    "batch": 64,
    "learning_rate": 1.2e-4,
    "layer_decay": 0.95,
    "head_rate": 4.0,
    "table_rate": 1.0,
    "warm_up": 0.06,
    "weight_decay": 0.0,
    "dropout": 0.05,
    # Most Chinese texts are of polar corpora. With the English weight of 0.3 they would teach that none is neutral.
    "three_way_weight": 0.15,
    # Factor on the English teachers' probability of neutral, for texts of polar corpora.
    "neutral": 0.1,
    "fraction": {
        "shopping": 0.6,
        "sst2": 0.25,
        "goemotions": 0.45,
        "semeval17_4A-train_all": 0.35,
        "nltk-pros_cons": 0.1,
        "dmaste-reviews": 0.5,
        "vader-nytEditorialSnippets": 0.3,
    },
    "copies": {"written": 2} | dict.fromkeys(sources.UMSAB_CORPORA, 2) | dict.fromkeys(WRITTEN, 3),
    # Most headlines express no sentiment, some do: a few of them, as neutral.
    "unlabelled": {"headlines": 3000},
    # Of the Chinese texts.
    "traditional": 0.12,
}
RECIPE = {
    **TUNE,
    "seed": 12,
    "learning_rate": 1e-4,
    "layer_decay": 1.0,
    "head_rate": 1.0,
    "fraction": TUNE["fraction"] | {"sst2": 0.35, "goemotions": 0.5},
    "copies": TUNE["copies"] | {"written": 3} | dict.fromkeys(WRITTEN, 4),
}
# Of each dev set, at evaluations of a run.
LOGGED = 300
# Sets that the temperature of sentiment is fitted to; each weighs the same.
CALIBRATED = (
    *WRITTEN,
    "weibo",
    "stars",
    "waimai",
    "chnsenticorp",
    *dev_sets.UMSAB,
    "sst2",
    "goemotions",
    "written",
)
# What the exported folder is compared with the network on.
EXAMPLES = [
    "这部电影太好看了，我非常喜欢。",
    "The worst two hours of my year",
    "La reunión es a las tres del martes",
    "還不錯👍🏽",
]
PROVENANCE = {
    "weights": sources.WEIGHTS,
    "tokenizer": sources.TOKENIZER,
    "teachers": sources.TEACHERS,
    "train": sources.TRAINED_ON,
    "vocabulary": [sources.WORDS, sources.OPENCC],
    # Held-out parts of the corpora.
    "calibration": sources.CALIBRATED_ON,
}
corpora = texts.Corpora


def epoch(corpora, recipe):
    seed = recipe["seed"]
    rng, found = np.random.default_rng(seed), []
    for text in mixed_epoch(corpora, seed, recipe["unlabelled"], recipe["fraction"], recipe["copies"]):
        is_chinese = text.corpus in (*texts.CHINESE, "written-zh")
        found.append(texts.traditional(text) if is_chinese and rng.random() < recipe["traditional"] else text)
    return found


def epochs(corpora):
    return [epoch(corpora, RECIPE)]


def config(vocabulary, layers, dropout=Config.dropout):
    return Config(vocab=vocabulary, layers=layers, dropout=dropout, tasks=TASKS, exits=(), embeds=False)


def pretrained_weights(args, layers):
    weights = e5.encoder_weights(layers)
    weights["embeddings.word.weight"] = cut_table(weights["embeddings.word.weight"], table_rows(args))
    return weights


def tuned(args):
    return args.work / "tuned.npz"


def start(args):
    return read_arrays(tuned(args))


def loss(args, corpora, epochs, model, recipe):
    by_text = mixed_logits(args.teachers, {teacher_text(example.text) for epoch in epochs for example in epoch})
    if not by_text:
        raise SystemExit(
            f"{args.teachers} has no labels of the English texts; run the stage label of the English model"
        )

    def loss_of(batch, ids, mask):
        output = model(ids, mask)
        distance = teacher_loss(output.logits, *teacher_logits_of(batch, by_text, recipe["neutral"]))
        gold, shown = losses.label_loss(output, targets(batch), recipe["three_way_weight"])
        return gold + distance, shown | {"teachers": float(distance.detach())}

    return loss_of


def scores(model, tokenizer, corpora, data):
    """What is logged at evaluations of a run, of the first texts of each set."""
    dev = {name: found[:LOGGED] for name, found in corpora.dev.items()}
    found = {name: judge.logits_of(model, tokenizer, dev[name]) for name in dev}
    return {name: values["score"] for name, values in dev_sets.scores(found, dev).items()}


def measured(dev):
    """The sets whose logits are kept for calibration and the report."""
    return list(dev)


def report(args, model, tokenizer, corpora, logits, head):
    write_json(args.student.with_name("held-out.json"), dev_sets.labelled_rows(corpora.dev))
    found = dev_sets.scores(logits, corpora.dev)
    recalls = [found[name]["recall"] for name in dev_sets.UMSAB]
    groups = judge.group_table(logits["written-zh"], corpora.dev["written-zh"])
    return {"sets": found, "umsab_recall": float(np.mean(recalls)), "groups": groups}


def table(found):
    """Rows of cells: what, the value, the bar."""
    rows = [
        [name, f"{100 * values['score']:.1f}", dev_sets.BARS.get(name, "")] for name, values in found["sets"].items()
    ]
    rows.append(["UMSAB, mean of eight languages", f"{100 * found['umsab_recall']:.1f}", "58"])
    groups = found["groups"].items()
    return rows + [
        [group, f"{right} of {count}, {opposite} opposite", ""] for group, (right, opposite, count) in groups
    ]


def recipe_of(args, recipe):
    teachers = {name: read_seal(args.teachers / f"teacher-{name}.npz") for name in TEACHERS}
    return {
        **recipe,
        "from": sources.WEIGHTS["sha256"],
        "tokenizer": sha256(tokenizer_path(args)),
        "teachers": teachers,
    }


def recipe(args):
    return {**recipe_of(args, RECIPE), "from": read_seal(tuned(args))}
