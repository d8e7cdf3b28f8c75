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
from epochs import student_unlabelled
from sources import NEGATIVE, NEUTRAL, POSITIVE

from multilingual import dev_sets, held_out, sources

CHINESE_HELD_OUT = DATA_FOLDER / "held-out-zh.txt"
LANGUAGES_HELD_OUT = DATA_FOLDER / "held-out-languages.txt"
STARS_AND_REVIEWS = {"0": NEGATIVE, "1": POSITIVE, "Negative": NEGATIVE, "Positive": POSITIVE, **SENTIMENT}
# The sentiment of SMP2020's emotions. "surprise", which may be either, is left out.
WEIBO = {"happy": POSITIVE, "angry": NEGATIVE, "sad": NEGATIVE, "fear": NEGATIVE, "neutral": NEUTRAL}
UMSAB_FRACTION = 0.1
# Corpora of `Corpora.unlabelled`. The headlines have the label neutral.
UNLABELLED = ("headlines", "eprstmt-unlabelled")
CHINESE = ("chnsenticorp", "waimai", "shopping", "eprstmt", "stars", "weibo", *UNLABELLED)
# Corpora that the English model does not label: those of other languages, and UMSAB.
WITHOUT_TEACHER = (*CHINESE, "written-zh", *dev_sets.WRITTEN, *dev_sets.UMSAB)
ENGLISH_DEV = ("sst2", "goemotions", "written")
CONVERTER = opencc.OpenCC("s2t")  # simplified characters to traditional ones


def read_texts(data, files, corpus, labels, polar=False):
    """The texts of TSV files with the columns label and text. labels: {label in the file: sentiment}; rows with other
    labels and empty texts are left out."""
    rows = [row for source in files for row in read_columns(data, source, 2)]
    texts = [(labels[label], text.lstrip("\ufeff").strip()) for label, text in rows if label in labels]
    return [Text(text, corpus, label, polar) for label, text in texts if text]


def chinese(data):
    """The Chinese corpora with labels."""
    polar = {
        "chnsenticorp": sources.CHNSENTICORP,
        "waimai": sources.WAIMAI,
        "shopping": sources.SHOPPING,
        "eprstmt": sources.EPRSTMT,
    }
    texts = []
    for corpus, files in polar.items():
        texts += read_texts(data, files, corpus, STARS_AND_REVIEWS, polar=True)
    texts += read_texts(data, sources.STARS, "stars", STARS_AND_REVIEWS)
    # Posts that quote others, after "//@", are kept whole, because the label is that of the whole post.
    return texts + read_texts(data, sources.WEIBO, "weibo", WEIBO)


def chinese_unlabelled(data):
    """Headlines, some of which are trained on as neutral, and reviews, which only the vocabulary is made from."""
    headlines = read_texts(data, sources.HEADLINES, "headlines", {"None": NEUTRAL})
    return headlines + read_texts(data, sources.EPRSTMT_UNLABELLED, "eprstmt-unlabelled", {"None": None})


def umsab(data):
    texts = []
    for corpus, source in sources.UMSAB_CORPORA.items():
        texts += read_texts(data, [source], corpus, SENTIMENT)
    return texts


def without_names(text):
    """A tweet without handles and links, which corpora mask in different ways. Copies of a tweet are recognised by
    it."""
    return re.sub(r"@\w+|\bhttp\S*", "", text)


def written_chinese():
    return read_written("written-zh", sources.WRITTEN)


def written_languages():
    """The texts of data/written-languages. Each language is a corpus: `written-arabic` has those of arabic.tsv and
    arabic-later.tsv. Hindi in Latin letters is the corpus `written-hindi-latin`."""
    texts = read_written("written-languages", sources.WRITTEN_LANGUAGES)
    return [replace(text, corpus=f"written-{language_of(text)}") for text in texts]


def language_of(text):
    language = re.match("[a-z]+", text.row)[0]
    return "hindi-latin" if language == "hindi" and not re.search("[\u0900-\u097f]", text.text) else language


def pairs_of_characters(text):
    """The units in which splits.py counts the overlap of Chinese texts, which have no spaces between words."""
    text = held_out.characters(text)
    return frozenset(text[i : i + 2] for i in range(len(text) - 1)) or frozenset([text])


def words_with_marks(text):
    """Words as runs of letters, marks and digits. `\\w`, which `splits.words_of` uses, does not match the vowel signs
    of Devanagari."""
    kept = (character if unicodedata.category(character)[0] in "LMN" else " " for character in text.lower())
    return frozenset("".join(kept).split()) or frozenset([text])


def split(args):
    """The stage: writes the lists data/held-out-zh.txt and data/held-out-languages.txt if they do not exist, and checks
    them."""
    for path, texts, units in (
        (CHINESE_HELD_OUT, written_chinese(), pairs_of_characters),
        (LANGUAGES_HELD_OUT, written_languages(), words_with_marks),
    ):
        if not path.is_file():
            candidates = [text for text in texts if not splits.is_later(text)]
            names = sorted({text.corpus for text in candidates})
            lists = [[text for text in candidates if text.corpus == name] for name in names]
            splits.write_rows(path, [splits.chosen_rows(of_corpus, 0, units) for of_corpus in lists])
        splits.check(texts, splits.read_rows(path), units)
    corpora = Corpora(args.data)
    for name, dev in corpora.dev.items():
        print(f"{name}: {len(dev)} held out, {sum(text.corpus == name for text in corpora.train)} to train")


def traditional(text):
    """The `Text` in traditional characters."""
    return replace(text, text=CONVERTER.convert(text.text))


class Corpora:
    """The multilingual model's texts, from `data`, the folder of the corpora. train: texts with a sentiment;
    unlabelled: those of UNLABELLED; distilled: English texts that have only the English model's logits; dev:
    {set: texts}, which train nothing."""

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

        def without_held_out(texts):
            return [text for text in texts if hash_fraction(without_names(text.text)) not in forbidden]

        train, self.distilled = without_held_out(train), without_held_out(student_unlabelled(english))
        self.train = splits.unique(text for text in train if text.corpus not in UNLABELLED)
        self.unlabelled = splits.unique(text for text in train if text.corpus in UNLABELLED)
        held_out.check(held, [text for text in self.train + self.unlabelled if text.corpus in CHINESE])
        self.dev["written-zh-hant"] = [traditional(text) for text in self.dev["written-zh"]]
