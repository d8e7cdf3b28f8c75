"""The rule by which Chinese rows are held out. It depends on the text alone and needs no list: a copy of a held-out row
in another file is held out too."""

import hashlib
import re
import unicodedata

# Rows whose SHA-256 begins with one of these hexadecimal digits are held out: an eighth.
DIGITS = "01"


def characters(text):
    """The letters and digits of the text. Punctuation, symbols and spaces differ between copies of a review."""
    return re.sub(r"[\W_]+", "", text)


def is_held_out(text):
    return hashlib.sha256(characters(text).encode()).hexdigest()[0] in DIGITS


def canonical_form(text):
    """A canonical form, equal for copies of a text that differ in punctuation, case or full-width letters."""
    return characters(unicodedata.normalize("NFKC", text).lower()) or text


def split(texts):
    """(the texts that are held out, the texts to train on): copies of held-out texts are in neither list. `texts`:
    objects with an attribute `text`."""
    texts = list(texts)
    held = [text for text in texts if is_held_out(text.text)]
    forms = {canonical_form(text.text) for text in held}
    return held, [text for text in texts if canonical_form(text.text) not in forms]


def check(held, train):
    """Stops the run if a text in `train` is held out by the rule, or is a copy of one in `held`."""
    forms = {canonical_form(text.text) for text in held}
    for text in train:
        if is_held_out(text.text) or canonical_form(text.text) in forms:
            raise SystemExit(f"{text.corpus}: {text.text[:40]!r} is held out and may not train")
