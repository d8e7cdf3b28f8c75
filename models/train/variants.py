"""Data augmentation for the student: variants of texts, in which words are replaced by similar ones and to which
another text may be appended. A variant has no label, because the changes may change its sentiment; the student learns
the teachers' logits of it. This multiplies the written texts. As in TinyBERT (Jiao et al. 2020), which takes similar
words from GloVe."""

import re
from functools import cache

import numpy as np
import sources
from corpora import Text
from tokens import load_source_tokenizer

REPLACE_PROBABILITY = 0.35  # of each word that has similar words
APPEND_PROBABILITY = 0.15  # of another text after a variant
# A word's similar words: the nearest ones, at most so many, with at least this cosine.
MAX_SIMILAR, MIN_COSINE = 8, 0.35
# So many of the commonest words ("the", "but", "not") are neither replaced nor inserted, so that a variant remains a
# sentence. The vocabulary is sorted by frequency.
COMMON = 250


@cache
def similar_words():
    """{word: its similar words}, by the word embeddings of the pretrained all-MiniLM-L6-v2. Some are antonyms."""
    vocabulary = load_source_tokenizer().get_vocab()
    words = [word for word in sorted(vocabulary, key=vocabulary.get) if re.fullmatch("[a-z]{2,}", word)]
    table = sources.encoder_weights()["embeddings.word.weight"].astype(np.float32)
    rows = table[[vocabulary[word] for word in words]]
    rows -= rows.mean(0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    similar = {}
    for start in range(0, len(words), 1000):
        # Rounded, so that the order does not depend on the machine's arithmetic.
        cosines = (rows[start : start + 1000] @ rows.T).round(4)
        # Without the nearest word, which is the word itself.
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, 1 : MAX_SIMILAR + 1]
        for i, others in enumerate(nearest):
            if start + i >= COMMON:
                similar[words[start + i]] = [words[j] for j in others if j >= COMMON and cosines[i, j] >= MIN_COSINE]
    return similar


def with_similar_words(text, similar, rng):
    """The string with random words replaced. Words with an apostrophe stay."""

    def replace(match):
        word = match[0]
        others = similar.get(word.lower())
        if not others or rng.random() >= REPLACE_PROBABILITY:
            return word
        other = others[rng.integers(len(others))]
        return other.capitalize() if word[0].isupper() else other

    return re.sub(r"(?<![\w'’])[^\W\d_]+(?![\w'’])", replace, text)


def variants(texts, copies, seed):
    """Up to `copies` variants of each text, as unlabelled texts: those that differ from the text."""
    rng, similar, changed_texts = np.random.default_rng(seed), similar_words(), []
    for text in [text for text in texts for _ in range(copies)]:
        changed = with_similar_words(text.text, similar, rng)
        if rng.random() < APPEND_PROBABILITY:
            changed += " " + texts[rng.integers(len(texts))].text
        if changed != text.text:
            changed_texts.append(Text(changed, "variants"))
    return changed_texts
