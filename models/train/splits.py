"""Decides which texts are held out of training: dev parts of corpora that have none, and texts to fit thresholds on.

The dev part of the written texts is a committed list, data/held-out.txt: whole clusters of similar texts, about a tenth
of each group. Other corpora are split by a hash of their words (`corpora.hash_fraction`)."""

import re
from collections import Counter, defaultdict

import corpora
import numpy as np
import sources
from corpora import DATA_FOLDER, hash_fraction
from files import write_text

HELD_OUT = DATA_FOLDER / "held-out.txt"
# Files of data/written and data/written-zh that were written after the split. Like those whose name ends in "later",
# they train only, and no text in them may be similar to a held-out one.
LATER = (*"mnopqrstuv", "more", "third", "fourth", "fifth", "sixth", "mixed", "implied", "sarcasm", "domains")
OVERLAP = 0.35  # two texts are similar if the Jaccard index of their words is at least this
HELD_OUT_FRACTION = 0.1  # of each group of the written texts
# Of GoEmotions train: `dev["thresholds"]`, to which the thresholds of the emotion labels are fitted.
THRESHOLD_FRACTION = 0.1
# How much of each corpus is held out; how many texts are, to measure the embedding.
TOXICITY_FRACTIONS = {"paradetox": 0.1, "toxigen": 0.15, "implicit-hate": 0.1, "toxicspans": 0.05}
EMBEDDING_TEXTS = {"wiki": 1666, "dialogue": 1667, "yelp": 1667}


def words_of(text):
    return frozenset(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("’", "'"))) or frozenset([text])


def clusters(texts, units=words_of):
    """For each text the index of the first text of its cluster. Texts are in one cluster if a chain of similar texts
    connects them (single linkage, by union-find). units(string) → the set of words that similarity is counted in."""
    words = [units(text.text) for text in texts]
    parent, texts_with = list(range(len(texts))), defaultdict(list)

    def root(i):
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    for i, mine in enumerate(words):
        common = Counter(j for word in mine for j in texts_with[word])
        for j, count in common.items():
            if count / (len(mine) + len(words[j]) - count) >= OVERLAP:
                a, b = sorted((root(i), root(j)))
                parent[b] = a  # the first text becomes the root, whatever the order of the words in a set
        for word in mine:
            texts_with[word].append(i)
    return [root(i) for i in range(len(texts))]


def chosen_rows(texts, seed, units=words_of):
    """The rows to hold out: whole clusters in random order, each unless a group of it would exceed its tenth."""
    members = defaultdict(list)
    for text, cluster in zip(texts, clusters(texts, units), strict=True):
        members[cluster].append(text)
    limits = {group: HELD_OUT_FRACTION * count for group, count in Counter(text.group for text in texts).items()}
    drawn, rows = Counter(), []
    order = sorted(members)
    for i in np.random.default_rng(seed).permutation(len(order)):
        cluster = members[order[i]]
        after = drawn + Counter(text.group for text in cluster)
        if all(after[text.group] <= limits[text.group] + 0.5 for text in cluster):
            drawn, rows = after, rows + [text.row for text in cluster]
    return rows


def is_later(text):
    """Whether a written text was added after the split."""
    file = text.row.split(":")[0]
    return file in LATER or file.endswith("later")


def split(args):
    """The stage: writes the list data/held-out.txt if it does not exist, and checks it."""
    written = {"written": corpora.written(), "written-toxicity": corpora.written_toxicity()}
    if not HELD_OUT.is_file():
        split_texts = [[text for text in texts if not is_later(text)] for texts in written.values()]
        write_rows(HELD_OUT, [chosen_rows(texts, seed) for seed, texts in enumerate(split_texts)])
    held = read_rows(HELD_OUT)
    for name, texts in written.items():
        check(texts, held)
        dev = [text for text in texts if text.row in held]
        print(f"{name}: {len(dev)} of {len(texts)} texts held out")


def write_rows(path, lists):
    """Writes lists of rows, "file:line", one after the other, each sorted by file and line."""

    def by_line(row):
        return (row.split(":")[0], int(row.split(":")[1]))

    write_text(path, "".join(f"{row}\n" for rows in lists for row in sorted(rows, key=by_line)))


def read_rows(path):
    return set(path.read_text().split())


def check(texts, held, units=words_of):
    """Stops the run if a cluster is held out in part, or if a text that was written later is similar to a held-out one.
    `held`: the rows that are held out."""
    split_texts = [text for text in texts if not is_later(text)]
    sides = defaultdict(set)
    for text, cluster in zip(split_texts, clusters(split_texts, units), strict=True):
        sides[cluster].add(text.row in held)
        if len(sides[cluster]) > 1:
            raise SystemExit(
                f"data/{text.row}: a text with many of the same words stands on the other side of the split"
            )
    held_with = defaultdict(list)  # word → the word sets of the held-out texts that have it
    for words in (units(text.text) for text in split_texts if text.row in held):
        for word in words:
            held_with[word].append(words)
    for text in texts:
        words = units(text.text)
        near = (other for word in words for other in held_with[word])
        if is_later(text) and any(len(words & other) / len(words | other) >= OVERLAP for other in near):
            raise SystemExit(f"data/{text.corpus}/{text.row} overlaps a text that is held out: it may not train")


class Corpora:
    """The English model's texts, from `data`, the folder of the corpora. train: texts with labels; unlabelled: texts
    without sentiment or emotion labels; dev: {set: texts}, which train nothing."""

    def __init__(self, data):
        held, train, dev = read_rows(HELD_OUT), [], defaultdict(list)
        train += corpora.sst2(data, sources.SST2_TRAIN)
        dev["sst2"] = corpora.sst2(data, sources.SST2_DEV)
        dev["goemotions"] = corpora.goemotions(data, sources.GOEMOTIONS_DEV)
        for text in corpora.goemotions(data, sources.GOEMOTIONS_TRAIN):
            (dev["thresholds"] if hash_fraction(text.text) < THRESHOLD_FRACTION else train).append(text)
        train += corpora.public(data)
        for text in corpora.written() + corpora.written_toxicity():
            (dev[text.corpus] if text.row in held else train).append(text)
        toxicity = corpora.paradetox(data) + corpora.toxic_spans(data)
        toxicity += corpora.hate_speech(data, sources.TOXIGEN, "toxigen")
        toxicity += corpora.hate_speech(data, sources.IMPLICIT_HATE, "implicit-hate")
        for text in toxicity:
            held_out = hash_fraction(text.group or text.text) < TOXICITY_FRACTIONS[text.corpus]
            (dev[text.corpus] if held_out else train).append(text)
        unlabelled = corpora.unlabelled(data) + corpora.sarcasm(data)
        for corpus, count in EMBEDDING_TEXTS.items():
            of_corpus = {text.text: text for text in unlabelled if text.corpus == corpus}
            dev["embedding"] += sorted(of_corpus.values(), key=lambda text: hash_fraction(text.text))[:count]
        self.dev = dict(dev)
        # A held-out text is removed from all training corpora that also contain it.
        held_out = [
            text for name, part in sources.INTENTS if part == "test" for text, _ in corpora.intents(data, name, part)
        ]
        held_out += [text.text for texts in dev.values() for text in texts]
        held_out += [text.text for text in corpora.hate_speech(data, sources.HATECHECK, "hatecheck")]
        forbidden = {hash_fraction(text) for text in held_out}
        self.train = [text for text in train if hash_fraction(text.text) not in forbidden]
        self.unlabelled = unique(text for text in unlabelled if hash_fraction(text.text) not in forbidden)


def unique(texts):
    """The texts, of those with the same string only the last one, at the position of the first."""
    return list({text.text: text for text in texts}.values())
