"""The description of the multilingual model: the first six layers of multilingual-e5-small with a cut vocabulary and a
head for sentiment. It learns the labels of the corpora and, for English texts, also the logits of the English model.

README.md, "Another model or language", lists what a description has."""

import judge
import losses
import numpy as np
from distillation import teacher_loss
from encoder import Config, Encoder
from epochs import draw, mixed_epoch
from files import read_arrays, read_json, read_seal, sha256, write_json
from folder import read_folder
from heads import encoder_id
from rounding import TABLE, unpacked_arrays
from sources import checked
from vocabulary import cut_table, table_rows, tokenizer_path

from examples import targets
from multilingual import dev_sets, e5, sources, texts
from multilingual.teacher import FOLDER as ENGLISH
from multilingual.teacher import Teacher

NAME, VERSION = "multilingual", "3.0.0"
# Id of the padding token, <pad>.
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
HEADS = TASKS
WRITTEN = ("written-zh", *dev_sets.WRITTEN)  # corpora
# Two epochs, each a run of its own: TUNE of the stage `tune`, which starts from the pretrained weights, and RECIPE of
# the stage `student`, which starts from the result of `tune` or from an exported model. "copies": how often each text
# of a corpus is in the epoch; "fraction": how much of a corpus is drawn. The default of both is 1.
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
    # Most Chinese texts are from polar corpora. With the English weight of 0.3, the model would learn that no Chinese
    # text is neutral.
    "three_way_weight": 0.15,
    "neutral": 0.1,  # see `distillation.teacher_logits_of`
    "fraction": {
        "shopping": 0.6,
        "sst2": 0.25,
        "goemotions": 0.45,
        "semeval17_4A-train_all": 0.35,
        "nltk-pros_cons": 0.1,
        "dmaste-reviews": 0.5,
        "vader-nytEditorialSnippets": 0.3,
    },
    "copies": {"written": 2} | dict.fromkeys(dev_sets.UMSAB, 2) | dict.fromkeys(WRITTEN, 3),
    # Labelled as neutral. Only a few, because some headlines express a sentiment.
    "unlabelled": {"headlines": 3000},
    # How many English texts of each corpus are learned from the teacher's logits alone.
    "distilled": {"variants": 45_000, "yelp": 8000, "amazon": 6000, "sarcasm": 1700},
    "traditional": 0.12,  # fraction of the Chinese texts that is converted to traditional characters
}
# Shorter, because version 3.0.0 starts from version 2.0.0, which was trained for three epochs.
RECIPE = {
    **TUNE,
    "seed": 13,
    "learning_rate": 1e-4,
    "layer_decay": 1.0,
    "fraction": {
        "waimai": 0.3,
        "shopping": 0.15,
        "stars": 0.5,
        "weibo": 0.4,
        "sst2": 0.12,
        "goemotions": 0.2,
        "semeval17_4A-train_all": 0.1,
        "nltk-pros_cons": 0.02,
        "dmaste-reviews": 0.2,
        "vader-nytEditorialSnippets": 0.15,
        "vader-tweets": 0.5,
        "vader-amazonReviewSnippets": 0.5,
        "taeckstroem-finegrained": 0.5,
        "senti4sd-train3098itemPOLARITY": 0.3,
    }
    | dict.fromkeys(dev_sets.UMSAB, 0.5),
    "copies": {"chnsenticorp": 2, "written-zh": 3} | dict.fromkeys(dev_sets.WRITTEN, 2),
    "unlabelled": {"headlines": 2500},
    "distilled": {"variants": 6000, "yelp": 2000, "amazon": 1000, "sarcasm": 1700},
}
# How many texts of each dev set are measured at the evaluations of a run.
LOGGED = 300
# Dev sets that the temperature of sentiment is fitted to; each has the same weight.
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
# Texts on which the exported folder is compared with the network.
EXAMPLES = [
    "这部电影太好看了，我非常喜欢。",
    "The worst two hours of my year",
    "La reunión es a las tres del martes",
    "還不錯👍🏽",
]
# Of version 3.0.0, a training with `--from`.
PROVENANCE = {
    "weights": [sources.WEIGHTS, sources.PREVIOUS],
    "tokenizer": sources.TOKENIZER,
    "teachers": [sources.ENGLISH],
    "train": sources.TRAINED_ON,
    "vocabulary": [sources.WORDS, sources.OPENCC, *sources.EPRSTMT_UNLABELLED],
    # Held-out parts of the corpora.
    "calibration": sources.CALIBRATED_ON,
}
corpora = texts.Corpora


def epoch(corpora, recipe):
    """The texts of one epoch."""
    seed = recipe["seed"]
    rng, converted = np.random.default_rng(seed), []
    for text in mixed_epoch(corpora, seed, recipe["unlabelled"], recipe["fraction"], recipe["copies"]):
        is_chinese = text.corpus in (*texts.CHINESE, "written-zh")
        converted.append(texts.traditional(text) if is_chinese and rng.random() < recipe["traditional"] else text)
    return converted + draw(corpora.distilled, recipe["distilled"], rng)


def epochs(corpora):
    return [epoch(corpora, RECIPE)]


def config(vocabulary, layers, dropout=Config.dropout):
    """`vocabulary`: the number of tokens."""
    return Config(vocab=vocabulary, layers=layers, dropout=dropout, tasks=TASKS, exits=())


def pretrained_weights(args, layers):
    """{name: array} of the first layers of e5, with the word table of our vocabulary. No heads."""
    weights = e5.encoder_weights(layers)
    weights[TABLE] = cut_table(weights[TABLE], table_rows(args))
    return weights


def whole_pretrained(args):
    """e5 with all its layers and our vocabulary."""
    weights = pretrained_weights(args, e5.LAYERS)
    network = Encoder(config(len(weights[TABLE]), e5.LAYERS, dropout=0.0))
    network.load_arrays(weights)
    return network.eval()


def tuned_file(args):
    return args.work / "tuned.npz"


def start(args):
    """The arrays that the student starts from: those of the folder `--from`, or the result of `tune`."""
    if not args.base:
        return read_arrays(tuned_file(args))
    if read_json(args.base / "tokenizer.json") != read_json(tokenizer_path(args))["tokenizer"]:
        raise SystemExit(f"{tokenizer_path(args)} is not the tokenizer of {args.base}: run vocabulary with --from")
    return unpacked_arrays(read_folder(args.base))


def loss(args, corpora, epochs, model, recipe):
    """The function `loss_of` for `training.train`. `epochs`: a list of examples for each."""
    teacher = Teacher()

    def loss_of(batch, ids, mask):
        output = model(ids, mask)
        divergence = teacher_loss(output.logits, *teacher(batch, recipe["neutral"]))
        gold, parts = losses.label_loss(output, targets(batch), recipe["three_way_weight"])
        return gold + divergence, parts | {"teacher": float(divergence.detach())}

    return loss_of


def scores(model, tokenizer, corpora, data):
    """{set: score} of some texts of each dev set, for the log at the evaluations of a run. They come from everywhere in
    a set, because the files of some corpora are sorted by label."""
    dev = {name: texts[:: max(1, -(-len(texts) // LOGGED))] for name, texts in corpora.dev.items()}
    logits = {name: judge.logits_of(model, tokenizer, dev[name]) for name in dev}
    return {name: values["score"] for name, values in dev_sets.scores(logits, dev).items()}


def measured(dev):
    """The dev sets whose logits calibration and the report need: all."""
    return list(dev)


def report(args, model, tokenizer, corpora, logits, heads):
    """{measure: value} for student-report.json. Also writes the dev sets to held-out.json, for models/evaluate."""
    write_json(args.student.with_name("held-out.json"), dev_sets.labelled_rows(corpora.dev))
    sets = dev_sets.scores(logits, corpora.dev)
    recalls = [sets[name]["recall"] for name in dev_sets.UMSAB]
    groups = judge.group_table(logits["written-zh"], corpora.dev["written-zh"])
    return {
        "sets": sets,
        "umsab_recall": float(np.mean(recalls)),
        "taught": judge.taught_scores(model, tokenizer, args.data),
        "groups": groups,
    }


def table(report):
    """Rows of the printed table, [what, the value, the bar]."""
    rows = [
        [name, f"{100 * values['score']:.1f}", dev_sets.BARS.get(name, "")] for name, values in report["sets"].items()
    ]
    rows.append(["UMSAB, mean of eight languages", f"{100 * report['umsab_recall']:.1f}", "58"])
    rows += [[name.replace("_", " "), f"{value:.3f}", ""] for name, value in report["taught"].items()]
    return rows + judge.group_rows(report["groups"])


def complete_recipe(args, recipe, initial):
    """A recipe with the sums of the files that the training depends on. `initial`: that of the weights that it starts
    from."""
    checked(ENGLISH / "model.onnx", sources.ENGLISH["sha256"])
    return {
        **recipe,
        "from": initial,
        "tokenizer": sha256(tokenizer_path(args)),
        "teacher": encoder_id(ENGLISH),
        "written": [source["sha256"] for source in sources.ALL_WRITTEN],
    }


def recipe(args):
    """The recipe of the student. Stored in its files: another recipe means another training."""
    if not args.base:
        return complete_recipe(args, RECIPE, read_seal(tuned_file(args)))
    checked(args.base / "model.onnx", sources.PREVIOUS["sha256"])
    return complete_recipe(args, RECIPE, encoder_id(args.base))
