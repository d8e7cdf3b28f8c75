"""Which Chinese rows are held out. The rule needs no list: a row is held out by its own text, in whatever file it
stands, so that a copy in another file is held out with it."""

import hashlib
import re
import unicodedata

# First hexadecimal digits of the SHA-256: an eighth of all rows.
DIGITS = "01"


def characters(text):
    """The text without punctuation, symbols and blanks, all of which differ between copies of a review."""
    return re.sub(r"[\W_]+", "", text)


def is_held_out(text):
    return hashlib.sha256(characters(text).encode()).hexdigest()[0] in DIGITS


def form(text):
    """The same for copies that differ in punctuation, case or the width of letters."""
    return characters(unicodedata.normalize("NFKC", text).lower()) or text


def split(texts):
    """Objects with `text` → (held out, the others without those whose form is that of a held-out one)."""
    texts = list(texts)
    held = [text for text in texts if is_held_out(text.text)]
    forms = {form(text.text) for text in held}
    return held, [text for text in texts if form(text.text) not in forms]


def check(held, train):
    """No text that trains may be held out by the rule or be a copy of one that is."""
    forms = {form(text.text) for text in held}
    for text in train:
        if is_held_out(text.text) or form(text.text) in forms:
            raise SystemExit(f"{text.corpus}: {text.text[:40]!r} is held out and may not train")
