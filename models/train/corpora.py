"""Reads every corpus of the English model as a list of `Text`, with the labels that the corpus gives.

splits.py decides which of them are held out of training."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import sources
from sources import NEGATIVE, NEUTRAL, POSITIVE

# The texts written for this project and the list of emoji. Parameters named `data` are the folder of the other corpora.
DATA_FOLDER = Path(__file__).resolve().parent / "data"
SENTIMENT = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}
# A GoEmotions comment with one of these emotions may be toxic: its toxicity is unknown. All others count as harmless.
HEATED = {"anger", "annoyance", "disapproval", "disgust"}


@dataclass(frozen=True)
class Text:
    """A text with its labels; None: the label is unknown, and no loss or measure of that head counts the text."""

    text: str
    corpus: str
    sentiment: int | None = None  # NEGATIVE, NEUTRAL or POSITIVE
    polar: bool = False  # the corpus has no neutral texts: `losses.sentiment_loss` gives its labels less say on neutral
    emotions: tuple | None = None  # indices into GoEmotions' labels
    toxic: int | None = None  # 0 or 1
    hateful: int | None = None  # 0 or 1
    group: str = ""  # written texts: their kind, by which accuracy is reported; ParaDetox: the toxic text of a pair
    row: str = ""  # written texts: "file:line", which identifies the text in data/held-out*.txt
    base: str | None = None  # the text that teachers label instead of this one; "": teachers do not label it


def teacher_text(text):
    """The string that teachers label, and that their labels are looked up by; "" if they do not label the text."""
    return text.text if text.base is None else text.base


def hash_fraction(text):
    """A hash of the text's lower-case words as a number in [0, 1). Texts that differ in punctuation or case only have
    the same number: they fall on the same side of a split, and splits.py recognises copies by it."""
    words = " ".join(re.findall(r"\w+", text.lower())) or text
    return int(hashlib.sha256(words.encode()).hexdigest()[:12], 16) / 16**12


def read_columns(data, source, count):
    """The rows of a TSV, `count` columns each. The last column keeps any further tabs."""
    return [line.split("\t", count - 1) for line in sources.source_lines(data, source)]


def with_contractions(text):
    """Joins contractions that a corpus has tokenised: "do n't" → "don't"."""
    return re.sub(r" (n't|'(?:s|m|re|ve|ll|d))\b", r"\1", text)


def sst2(data, source):
    return [Text(text, "sst2", label, polar=True) for text, label in sources.sst2_rows(data, source)]


def goemotions(data, source):
    heated = {i for i, label in enumerate(sources.source_lines(data, sources.GOEMOTIONS_LABELS)) if label in HEATED}
    texts = []
    for text, sentiment, emotions, row in sources.goemotions_rows(data, source):
        harmless = None if heated & set(emotions) else 0
        texts.append(Text(text, "goemotions", sentiment, False, emotions, harmless, harmless, row=row))
    return texts


def public(data):
    """Reviews, tweets and editorials of eleven corpora, which the first column names."""
    polar = ("nltk", "dmaste")  # prefixes of the corpora without neutral texts
    texts = []
    for corpus, label, text in read_columns(data, sources.PUBLIC, 3):
        if corpus == "nltk-pros_cons" and len(text.split()) < 3:
            continue  # a pro or con like "battery" or "price" expresses no sentiment
        texts.append(Text(text, corpus, SENTIMENT[label], corpus.startswith(polar)))
    return texts


def read_written(folder, source):
    """The texts of a folder of data/, all of them harmless. `source["sha256"]` is that of the concatenated files."""
    paths, texts = sorted((DATA_FOLDER / folder).glob("*.tsv")), []
    content = b"".join(path.read_bytes() for path in paths)
    sources.expect(DATA_FOLDER / folder, hashlib.sha256(content).hexdigest(), source["sha256"])
    for path in paths:
        for number, line in enumerate(sources.read_lines(path), 1):
            label, group, text = line.split("\t")
            row = f"{path.stem}:{number}"
            texts.append(Text(text, folder, SENTIMENT[label], toxic=0, hateful=0, group=group, row=row))
    return texts


def written():
    return read_written("written", sources.WRITTEN)


def written_toxicity():
    """Both files. Teachers do not label these texts: what other toxicity corpora taught them is often wrong here."""
    texts = []
    for source in (sources.WRITTEN_TOXICITY, sources.WRITTEN_TOXICITY_LATER):
        path = sources.checked(DATA_FOLDER / Path(source["file"]).name, source["sha256"])
        file = path.stem.removeprefix("written-")
        for number, line in enumerate(sources.read_lines(path), 1):
            labels, group, text = line.split("\t")
            toxic, hateful = (int(label in labels.split(",")) for label in ("toxic", "identity_attack"))
            row = f"{file}:{number}"
            texts.append(Text(text, "written-toxicity", toxic=toxic, hateful=hateful, group=group, row=row, base=""))
    return texts


def paradetox(data):
    """Toxic texts, each followed in the file by its rewordings without insults. `group` is the toxic text, so that a
    split keeps a text and its rewordings on one side."""
    texts, source = [], ""
    for label, text in read_columns(data, sources.PARADETOX, 2):
        source = text if label == "toxic" else source
        texts.append(Text(text, "paradetox", toxic=int(label == "toxic"), group=source))
    return texts


def hate_speech(data, source, corpus):
    """ToxiGen, Implicit Hate or HateCheck."""
    return [
        Text(text, corpus, hateful=int(label in ("hate", "hateful"))) for label, text in read_columns(data, source, 2)
    ]


def toxic_spans(data):
    """Comments with at least one toxic span; the first column is "toxic" in every row."""
    return [Text(text, "toxicspans", toxic=1) for _, text in read_columns(data, sources.TOXIC_SPANS, 2)]


def sentences(text):
    """The sentences of a text that have three words or more."""
    return [part.strip() for part in re.split(r"(?<=[.!?]) +", text) if len(part.split()) > 2]


def sarcasm(data):
    """Unlabelled: sarcastic texts and their authors' literal rephrasings. For both, teachers label the rephrasing."""
    pairs = [line.split("\t") for line in sources.source_lines(data, sources.SARCASM)]
    literal = [Text(meant, "sarcasm") for _, meant in pairs]
    return literal + [Text(said, "sarcasm", base=meant) for said, meant in pairs]


def unlabelled(data):
    """Texts without sentiment or emotion labels. Reviews and dialogue count as harmless; the web and Wikipedia texts
    have no labels at all."""
    yelp = [text for _, text in read_columns(data, sources.YELP, 2) if "_num_" not in text]
    reviews = [text for _, text in read_columns(data, sources.AMAZON, 2)]
    amazon = [part for text in reviews for part in sentences(text)]
    # Whole reviews as well, because toxic comments are long: a model must not learn that long texts are toxic.
    long = [text for text in reviews if 25 <= len(text.split()) <= 80]
    dialogue = sources.source_lines(data, sources.DIALOGUE)
    web = [text for _, text in read_columns(data, sources.WEB, 2)]
    wiki = [text for _, text in read_columns(data, sources.WIKI, 2)]
    texts = [Text(text, "yelp", toxic=0, hateful=0) for text in yelp]
    texts += [Text(with_contractions(text), "amazon", toxic=0, hateful=0) for text in amazon]
    texts += [Text(with_contractions(text), "amazon-reviews", toxic=0, hateful=0) for text in long]
    texts += [Text(text, "dialogue", toxic=0, hateful=0) for text in dialogue]
    return texts + [Text(text, "web") for text in web] + [Text(text, "wiki") for text in wiki]


def intents(data, name, part):
    """[(text, label)] of a set of `sources.INTENTS`."""
    file = f"intents/{name}.tsv" if part == "all" else f"intents/{name}-{part}.tsv"
    path = sources.checked(Path(data) / file, sources.INTENTS[name, part])
    rows = [line.split("\t", 1) for line in sources.read_lines(path)]

    return [(text, label) for label, text in rows]
