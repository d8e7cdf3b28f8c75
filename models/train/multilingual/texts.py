"""The corpora of the multilingual model: Chinese, tweets in eight languages, texts written for this project, and those
of the English model that have a sentiment. What is held out: Chinese by held_out.py, whole clusters of the written
texts by committed lists, a tenth of the tweets by a hash, the English texts as for the English model."""

import re
import unicodedata
from collections import defaultdict
from dataclasses import replace

import opencc
import splits
from corpora import DATA_FOLDER, SENTIMENT, Text, hash_fraction, read_columns, read_written
from sources import NEGATIVE, NEUTRAL, POSITIVE

from multilingual import held_out, sources

CHINESE_HELD_OUT = DATA_FOLDER / "held-out-zh.txt"
LANGUAGES_HELD_OUT = DATA_FOLDER / "held-out-languages.txt"
STARS_AND_REVIEWS = {"0": NEGATIVE, "1": POSITIVE, "Negative": NEGATIVE, "Positive": POSITIVE, **SENTIMENT}
# Of SMP2020's emotions; a surprise may be either.
WEIBO = {"happy": POSITIVE, "angry": NEGATIVE, "sad": NEGATIVE, "fear": NEGATIVE, "neutral": NEUTRAL}
UMSAB_FRACTION = 0.1
UNLABELLED = ("headlines", "eprstmt-unlabelled")
CHINESE = ("chnsenticorp", "waimai", "shopping", "eprstmt", "stars", "weibo", *UNLABELLED)
ENGLISH_DEV = ("sst2", "goemotions", "written")
CONVERTER = opencc.OpenCC("s2t")  # simplified characters to traditional ones


def rows(data, files, corpus, labels, polar=False):
    """Files of a label and a text in a line; rows with another label are left out."""
    found = [row for source in files for row in read_columns(data, source, 2)]
    texts = [(labels[label], text.lstrip("\ufeff").strip()) for label, text in found if label in labels]
    return [Text(text, corpus, label, polar) for label, text in texts if text]


def chinese(data):
    polar = {
        "chnsenticorp": sources.CHNSENTICORP,
        "waimai": sources.WAIMAI,
        "shopping": sources.SHOPPING,
        "eprstmt": sources.EPRSTMT,
    }
    texts = [text for corpus, files in polar.items() for text in rows(data, files, corpus, STARS_AND_REVIEWS, True)]
    texts += rows(data, sources.STARS, "stars", STARS_AND_REVIEWS)
    # A post that quotes others separates them by "//@": the label is that of the whole, so it is kept.
    return texts + rows(data, sources.WEIBO, "weibo", WEIBO)


def chinese_unlabelled(data):
    """Headlines, of which some train as neutral, and reviews for the vocabulary."""
    none = {"None": None}
    headlines = rows(data, sources.HEADLINES, "headlines", {"None": NEUTRAL})
    return headlines + rows(data, sources.EPRSTMT_UNLABELLED, "eprstmt-unlabelled", none)


def umsab(data):
    return [
        text for corpus, source in sources.UMSAB_CORPORA.items() for text in rows(data, [source], corpus, SENTIMENT)
    ]


def without_names(text):
    """A tweet without handles and links, which corpora mask in different ways."""
    return re.sub(r"@\w+|\bhttp\S*", "", text)


def written_chinese():
    return read_written("written-zh", sources.WRITTEN)


def written_languages():
    """Each language is a corpus of its own: `written-arabic` from `arabic.tsv` and `arabic-later.tsv`. So is Hindi in
    Latin letters."""
    texts = read_written("written-languages", sources.WRITTEN_LANGUAGES)
    return [replace(text, corpus=f"written-{language_of(text)}") for text in texts]


def language_of(text):
    language = re.match("[a-z]+", text.row)[0]
    return "hindi-latin" if language == "hindi" and not re.search("[\u0900-\u097f]", text.text) else language


def pairs_of_characters(text):
    """What an overlap of two texts is counted in, as Chinese has no blanks between words."""
    text = held_out.characters(text)
    return frozenset(text[i : i + 2] for i in range(len(text) - 1)) or frozenset([text])


def words_with_marks(text):
    """Words as runs of letters, marks and digits: to `\\w`, the vowel signs of Devanagari are no part of a word."""
    kept = (character if unicodedata.category(character)[0] in "LMN" else " " for character in text.lower())
    return frozenset("".join(kept).split()) or frozenset([text])


def split(args):
    """The stage: writes the lists of the written texts' dev parts if they are not there, and checks them."""
    for path, texts, units in (
        (CHINESE_HELD_OUT, written_chinese(), pairs_of_characters),
        (LANGUAGES_HELD_OUT, written_languages(), words_with_marks),
    ):
        if not path.is_file():
            first = [text for text in texts if not splits.is_later(text)]
            lists = [[text for text in first if text.corpus == name] for name in sorted({t.corpus for t in first})]
            splits.write_rows(path, [splits.chosen_rows(of_corpus, 0, units) for of_corpus in lists])
        splits.check(texts, splits.read_rows(path), units)
    corpora = Corpora(args.data)
    for name, dev in corpora.dev.items():
        print(f"{name}: {len(dev)} held out, {sum(text.corpus == name for text in corpora.train)} to train")


def traditional(text):
    return replace(text, text=CONVERTER.convert(text.text))


class Corpora:
    """`train`, `unlabelled`: lists of texts. `dev`: by name, lists of texts that nothing is trained on."""

    def __init__(self, data):
        english, dev, train = splits.Corpora(data), defaultdict(list), []
        held_rows = splits.read_rows(CHINESE_HELD_OUT) | splits.read_rows(LANGUAGES_HELD_OUT)
        for text in written_chinese() + written_languages():
            (dev[text.corpus] if text.row in held_rows else train).append(text)
        held, rest = held_out.split(chinese(data) + chinese_unlabelled(data))
        for text in held:
            dev[text.corpus].append(text)
        train += rest
        for text in umsab(data):
            (dev[text.corpus] if hash_fraction(without_names(text.text)) < UMSAB_FRACTION else train).append(text)
        train += [text for text in english.train if text.sentiment is not None]
        dev |= {name: english.dev[name] for name in ENGLISH_DEV}
        self.dev = {name: splits.unique(texts) for name, texts in dev.items() if name not in UNLABELLED}
        # A held-out text is removed from all corpora that also contain it, however they mask names.
        forbidden = {hash_fraction(without_names(text.text)) for texts in self.dev.values() for text in texts}
        train = [text for text in train if hash_fraction(without_names(text.text)) not in forbidden]
        self.train = splits.unique(text for text in train if text.corpus not in UNLABELLED)
        self.unlabelled = splits.unique(text for text in train if text.corpus in UNLABELLED)
        held_out.check(held, [text for text in self.train + self.unlabelled if text.corpus in CHINESE])
        self.dev["written-zh-hant"] = [traditional(text) for text in self.dev["written-zh"]]
