"""The texts that are held out of training: dev parts of corpora that have none, and texts to fit thresholds on.

The dev part of the written texts is a committed list, data/held-out.txt: whole clusters of similar texts, about a tenth
of each group. Other corpora are split by a hash of their words (`corpora.fraction`)."""

import re
from collections import Counter, defaultdict

import corpora
import numpy as np
import sources
from corpora import DATA_FOLDER, hash_fraction
from files import write_text

HELD_OUT = DATA_FOLDER / "held-out.txt"
# Files that were written after the split, beside those whose name ends in "later": they train only.
LATER = (*"mnopqrstuv", "more", "third", "fourth", "fifth")
OVERLAP = 0.35  # Jaccard index of the words of two texts from which on they stand in one cluster
HELD_OUT_FRACTION = 0.1
# Of GoEmotions train: thresholds of the emotion labels are fitted on these comments.
THRESHOLD_FRACTION = 0.1
TOXICITY_FRACTIONS = {"paradetox": 0.1, "toxigen": 0.15, "implicit-hate": 0.1, "toxicspans": 0.05}
EMBEDDING_TEXTS = {"wiki": 1666, "dialogue": 1667, "yelp": 1667}


def words_of(text):
    return frozenset(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("’", "'"))) or frozenset([text])


def clusters(texts, units=words_of):
    """For each text the number of its cluster: texts with a chain of overlaps between them. `units`: the set that an
    overlap of two texts is counted in."""
    words = [units(text.text) for text in texts]
    parent, having = list(range(len(texts))), defaultdict(list)

    def root(i):
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    for i, mine in enumerate(words):
        common = Counter(j for word in mine for j in having[word])
        for j, count in common.items():
            if count / (len(mine) + len(words[j]) - count) >= OVERLAP:
                a, b = sorted((root(i), root(j)))
                parent[b] = a  # the first text names the cluster, in whatever order words come
        for word in mine:
            having[word].append(i)
    return [root(i) for i in range(len(texts))]


def chosen_rows(texts, seed, units=words_of):
    """Rows of whole clusters, drawn until a tenth of each group is held out."""
    members = defaultdict(list)
    for text, cluster in zip(texts, clusters(texts, units), strict=True):
        members[cluster].append(text)
    wanted = {group: HELD_OUT_FRACTION * count for group, count in Counter(text.group for text in texts).items()}
    drawn, rows = Counter(), []
    order = sorted(members)
    for i in np.random.default_rng(seed).permutation(len(order)):
        cluster = members[order[i]]
        after = drawn + Counter(text.group for text in cluster)
        if all(after[text.group] <= wanted[text.group] + 0.5 for text in cluster):
            drawn, rows = after, rows + [text.row for text in cluster]
    return rows


def is_later(text):
    file = text.row.split(":")[0]
    return file in LATER or file.endswith("later")


def split(args):
    """The stage: writes the committed list if it is not there, and checks it."""
    written = {"written": corpora.written(), "written-toxicity": corpora.written_toxicity()}
    if not HELD_OUT.is_file():
        first = [[text for text in texts if not is_later(text)] for texts in written.values()]
        write_rows(HELD_OUT, [chosen_rows(texts, seed) for seed, texts in enumerate(first)])
    held = rows_of(HELD_OUT)
    for name, texts in written.items():
        check(texts, held)
        dev = [text for text in texts if text.row in held]
        print(f"{name}: {len(dev)} of {len(texts)} texts held out")


def write_rows(path, lists):
    def by_line(row):
        return (row.split(":")[0], int(row.split(":")[1]))

    write_text(path, "".join(f"{row}\n" for rows in lists for row in sorted(rows, key=by_line)))


def rows_of(path):
    return set(path.read_text().split())


def check(texts, held, units=words_of):
    """A cluster is held out as a whole or not at all, and no text that was written later overlaps one held out."""
    first = [text for text in texts if not is_later(text)]
    sides = defaultdict(set)
    for text, cluster in zip(first, clusters(first, units), strict=True):
        sides[cluster].add(text.row in held)
        if len(sides[cluster]) > 1:
            raise SystemExit(
                f"data/{text.row}: a text with many of the same words stands on the other side of the split"
            )
    having = defaultdict(list)
    for words in (units(text.text) for text in first if text.row in held):
        for word in words:
            having[word].append(words)
    for text in texts:
        words = units(text.text)
        near = (other for word in words for other in having[word])
        if is_later(text) and any(len(words & other) / len(words | other) >= OVERLAP for other in near):
            raise SystemExit(f"data/{text.corpus}/{text.row} overlaps a text that is held out: it may not train")


class Corpora:
    """`train`, `unlabelled`: lists of texts. `dev`: by name, lists of texts that nothing is trained on."""

    def __init__(self, data):
        held, train, dev = rows_of(HELD_OUT), [], defaultdict(list)
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
        tests = [
            text for name, part in sources.INTENTS if part == "test" for text, _ in corpora.intents(data, name, part)
        ]
        tests += [text.text for texts in dev.values() for text in texts]
        tests += [text.text for text in corpora.hate_speech(data, sources.HATECHECK, "hatecheck")]
        forbidden = {hash_fraction(text) for text in tests}
        self.train = [text for text in train if hash_fraction(text.text) not in forbidden]
        self.unlabelled = unique(text for text in unlabelled if hash_fraction(text.text) not in forbidden)


def unique(texts):
    return list({text.text: text for text in texts}.values())
