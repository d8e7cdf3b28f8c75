"""Variants of texts: words replaced by similar ones, and pairs of texts in a row. They have no labels of their own: the
teachers say what became of the sentiment. So the student reads more texts of the kind that is written for this project
than anyone can write (data augmentation as in TinyBERT, Jiao et al. 2020, whose similar words are those of GloVe)."""

import re
from functools import cache

import numpy as np
import sources
from corpora import Text
from tokens import load_source_tokenizer

# How likely a word is replaced, and a text is followed by another one.
REPLACED, FOLLOWED = 0.35, 0.15
# A word's similar words: at most so many, with at least this cosine.
SIMILAR, LEAST = 8, 0.35
# The commonest words stay, without which a text would not be a sentence: "the", "but", "not". The vocabulary is in the
# order of frequency.
COMMON = 250


@cache
def similar_words():
    """{word: its similar words}, by the word embeddings of the pretrained all-MiniLM-L6-v2. Antonyms are among them."""
    vocabulary = load_source_tokenizer().get_vocab()
    words = [word for word in sorted(vocabulary, key=vocabulary.get) if re.fullmatch("[a-z]{2,}", word)]
    table = sources.encoder_weights()["embeddings.word.weight"].astype(np.float32)
    rows = table[[vocabulary[word] for word in words]]
    rows -= rows.mean(0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = {}
    for start in range(0, len(words), 1000):
        # Rounded, so that the order does not depend on the machine.
        cosines = (rows[start : start + 1000] @ rows.T).round(4)
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, 1 : SIMILAR + 1]
        for i, others in enumerate(nearest):
            if start + i >= COMMON:
                found[words[start + i]] = [words[j] for j in others if j >= COMMON and cosines[i, j] >= LEAST]
    return found


def with_similar_words(text, similar, rng):
    def replace(match):
        word = match[0]
        others = similar.get(word.lower())
        if not others or rng.random() >= REPLACED:
            return word
        other = others[rng.integers(len(others))]
        return other.capitalize() if word[0].isupper() else other

    return re.sub(r"(?<![\w'’])[^\W\d_]+(?![\w'’])", replace, text)


def variants(texts, copies, seed):
    """At most so many variants of each text: those that differ from it."""
    rng, similar, found = np.random.default_rng(seed), similar_words(), []
    for text in [text for text in texts for _ in range(copies)]:
        changed = with_similar_words(text.text, similar, rng)
        if rng.random() < FOLLOWED:
            changed += " " + texts[rng.integers(len(texts))].text
        if changed != text.text:
            found.append(Text(changed, "variants"))
    return found
