"""The multilingual model: the first six layers of multilingual-e5-small with a cut vocabulary. There is no teacher: the
student learns the labels of the corpora, of which it has one head, sentiment."""


import judge
import losses
import numpy as np
from data import mixed, targets
from encoder import Config
from files import sha256
from vocabulary import path

from multilingual import e5, report, sources, texts, vocabulary

NAME, VERSION = "multilingual", "1.0.0"
LANGUAGES = ["zh", "en", "es", "fr", "de", "pt", "it", "hi", "ar"]
STAGES = {
    "split": "multilingual.texts",
    "vocabulary": "multilingual.vocabulary",
    "student": "student",
    "calibrate": "calibrate",
    "evaluate": "evaluate",
    "export": "export",
}
EXTRA_STAGES = {}
RECIPE = {
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
}
COPIES = {"written": 2, "written-zh": 3}
COPIES |= {f"umsab-{source['file'].split('-')[1]}": 2 for source in sources.UMSAB}
FRACTION = {
    "shopping": 0.6,
    "sst2": 0.25,
    "goemotions": 0.45,
    "semeval17_4A-train_all": 0.35,
    "nltk-pros_cons": 0.1,
    "dmaste-reviews": 0.5,
    "vader-nytEditorialSnippets": 0.3,
}
# Most headlines express no sentiment, some do: a few of them, as neutral.
UNLABELLED = {"headlines": 3000}
# Of the Chinese texts.
TRADITIONAL = 0.12
# Of each dev set, at evaluations of a run.
LOGGED = 300
corpora = texts.Corpora


def epochs(corpora):
    """The texts of the one epoch."""
    seed = RECIPE["seed"]
    rng, found = np.random.default_rng(seed), []
    for text in mixed(corpora, seed, UNLABELLED, FRACTION, COPIES):
        is_chinese = text.corpus in (*texts.CHINESE, "written-zh")
        found.append(texts.traditional(text) if is_chinese and rng.random() < TRADITIONAL else text)
    return [found]


def config(vocabulary, layers, dropout=Config.dropout):
    return Config(vocab=vocabulary, layers=layers, dropout=dropout, tasks=("sentiment",), exits=(), embeds=False)


def start(args):
    weights = e5.encoder_weights(args.layers)
    weights["embeddings.word.weight"] = vocabulary.table(args, weights["embeddings.word.weight"])
    return weights


def loss(args, corpora, epochs, model, recipe):
    def loss_of(batch, ids, mask):
        return losses.label_loss(model(ids, mask), targets(batch), recipe["three_way_weight"])

    return loss_of


def scores(model, tokenizer, corpora, data):
    """What is logged at evaluations of a run, of the first texts of each set."""
    dev = {name: found[:LOGGED] for name, found in corpora.dev.items()}
    found = {name: judge.logits_of(model, tokenizer, dev[name]) for name in dev}
    return {name: values["score"] for name, values in report.sets(found, dev).items()}


def recipe(args):
    used = {"fraction": FRACTION, "copies": COPIES, "unlabelled": UNLABELLED, "traditional": TRADITIONAL}
    return {**RECIPE, **used, "from": sources.WEIGHTS["sha256"], "tokenizer": sha256(path(args))}
