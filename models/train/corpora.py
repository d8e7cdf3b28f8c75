"""Every corpus as a list of texts with what is known about each, and which of them are held out of training."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import sources
from sources import NEGATIVE, NEUTRAL, POSITIVE

OURS = Path(__file__).resolve().parent / "data"
SENTIMENT = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}
# Emotions whose comments may be toxic: such a comment of GoEmotions is no example of a harmless text.
HEATED = {"anger", "annoyance", "disapproval", "disgust"}


@dataclass(frozen=True)
class Text:
    text: str
    corpus: str
    sentiment: int | None = None
    polar: bool = False  # the corpus has no neutral texts: its label decides mainly between negative and positive
    emotions: tuple | None = None  # label numbers; None: unknown
    toxic: int | None = None
    hateful: int | None = None
    group: str = ""
    row: str = ""  # identifies the text in committed lists: file and line
    base: str | None = None  # the text that teachers label instead of this one; "": they label none


def teacher_text(text):
    """The text that teachers label."""
    return text.text if text.base is None else text.base


def fraction(text):
    """A number in [0, 1) from the words of the text alone, so that duplicates fall on one side of a split."""
    words = " ".join(re.findall(r"\w+", text.lower())) or text
    return int(hashlib.sha256(words.encode()).hexdigest()[:12], 16) / 16**12


def columns(data, source, count):
    """Rows of a TSV; the last column keeps further tabs."""
    return [line.split("\t", count - 1) for line in sources.lines(data, source)]


def with_contractions(text):
    """SST-2 and Amazon were tokenised: "do n't" back to "don't", as people write it."""
    return re.sub(r" (n't|'(?:s|m|re|ve|ll|d))\b", r"\1", text)


def sst2(data, source):
    return [Text(text, "sst2", label, polar=True) for text, label in sources.sst2(data, source)]


def goemotions(data, source):
    heated = {i for i, label in enumerate(sources.lines(data, sources.GOEMOTIONS_LABELS)) if label in HEATED}
    texts = []
    for text, sentiment, emotions, row in sources.goemotions(data, source):
        harmless = None if heated & set(emotions) else 0
        texts.append(Text(text, "goemotions", sentiment, False, emotions, harmless, harmless, row=row))
    return texts


def public(data):
    """Reviews, tweets and editorials. Corpora without neutral texts are polar."""
    polar = ("nltk", "dmaste")
    texts = []
    for corpus, label, text in columns(data, sources.PUBLIC, 3):
        if corpus == "nltk-pros_cons" and len(text.split()) < 3:
            continue  # "battery", "price": noise
        texts.append(Text(text, corpus, SENTIMENT[label], corpus.startswith(polar)))
    return texts


def read_written(folder, source):
    """Texts that were written for this project; `row` is the file and the line, from 1."""
    paths, texts = sorted((OURS / folder).glob("*.tsv")), []
    content = b"".join(path.read_bytes() for path in paths)
    sources.expect(OURS / folder, hashlib.sha256(content).hexdigest(), source["sha256"])
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").rstrip("\n").split("\n"), 1):
            label, group, text = line.split("\t")
            row = f"{path.stem}:{number}"
            texts.append(Text(text, folder, SENTIMENT[label], toxic=0, hateful=0, group=group, row=row))
    return texts


def written():
    return read_written("written", sources.WRITTEN)


def written_toxicity():
    """Both files. Teachers label none of them: what they learn from other corpora of toxicity is often wrong here."""
    texts = []
    for source in (sources.WRITTEN_TOXICITY, sources.WRITTEN_TOXICITY_LATER):
        path = sources.checked(OURS / Path(source["file"]).name, source["sha256"])
        file = path.stem.removeprefix("written-")
        for number, line in enumerate(path.read_text(encoding="utf-8").rstrip("\n").split("\n"), 1):
            labels, group, text = line.split("\t")
            toxic, hateful = (int(label in labels.split(",")) for label in ("toxic", "identity_attack"))
            known = {"toxic": toxic, "hateful": hateful, "group": group, "row": f"{file}:{number}", "base": ""}
            texts.append(Text(text, "written-toxicity", **known))
    return texts


def paradetox(data):
    """A toxic text is followed by its rewordings without insults; `group` is the toxic text, the source of a pair."""
    texts, source = [], ""
    for label, text in columns(data, sources.PARADETOX, 2):
        source = text if label == "toxic" else source
        texts.append(Text(text, "paradetox", toxic=int(label == "toxic"), group=source))
    return texts


def hate(data, source, corpus):
    return [Text(text, corpus, hateful=int(label in ("hate", "hateful"))) for label, text in columns(data, source, 2)]


def toxic_spans(data):
    return [Text(text, "toxicspans", toxic=1) for _, text in columns(data, sources.TOXIC_SPANS, 2)]


def sentences(text):
    return [part.strip() for part in re.split(r"(?<=[.!?]) +", text) if len(part.split()) > 2]


def sarcasm(data):
    """Sarcastic texts and what their authors meant, put literally. A teacher says what is meant, for both."""
    pairs = [line.split("\t") for line in sources.lines(data, sources.SARCASM)]
    literal = [Text(meant, "sarcasm") for _, meant in pairs]
    return literal + [Text(said, "sarcasm", base=meant) for said, meant in pairs]


def unlabelled(data):
    """Texts without labels of any use; reviews and dialogue are examples of texts that are not toxic."""
    yelp = [text for _, text in columns(data, sources.YELP, 2) if "_num_" not in text]
    reviews = [text for _, text in columns(data, sources.AMAZON, 2)]
    amazon = [part for text in reviews for part in sentences(text)]
    # Whole reviews as well: toxic comments are long, and length must not tell them from harmless texts.
    long = [text for text in reviews if 25 <= len(text.split()) <= 80]
    dialogue = sources.lines(data, sources.DIALOGUE)
    web = [text for _, text in columns(data, sources.WEB, 2)]
    wiki = [text for _, text in columns(data, sources.WIKI, 2)]
    texts = [Text(text, "yelp", toxic=0, hateful=0) for text in yelp]
    texts += [Text(with_contractions(text), "amazon", toxic=0, hateful=0) for text in amazon]
    texts += [Text(with_contractions(text), "amazon-reviews", toxic=0, hateful=0) for text in long]
    texts += [Text(text, "dialogue", toxic=0, hateful=0) for text in dialogue]
    return texts + [Text(text, "web") for text in web] + [Text(text, "wiki") for text in wiki]


def intents(data, name, part):
    """[(text, label)]"""
    file = f"intents/{name}.tsv" if part == "all" else f"intents/{name}-{part}.tsv"
    path = sources.checked(Path(data) / file, sources.INTENTS[name, part])
    rows = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")]
    return [(text, label) for label, text in rows]
