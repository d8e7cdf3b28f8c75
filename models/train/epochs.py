"""Which texts an epoch has: how often each corpus is repeated or how much of it is drawn, and what is added to it."""

from dataclasses import replace

import numpy as np
from augment import emoji_alone, with_endings
from corpora import teacher_text, with_contractions
from variants import variants

# How often each text of a corpus is in an epoch, 1 by default.
COPIES = {"written": 3, "written-toxicity": 4}
# The fraction of a corpus with labels that is drawn for an epoch, 1 by default.
FRACTIONS = {"nltk-pros_cons": 0.25, "sst2": 0.6, "toxicspans": 0.5}
# How many texts of each corpus without sentiment an epoch of the MiniLM teacher has: harmless texts of all lengths for
# toxicity, texts of all kinds for the embedding.
UNLABELLED = {"yelp": 8000, "amazon": 6000, "amazon-reviews": 5000, "dialogue": 8000, "web": 6000, "wiki": 6000}
# The same for an epoch of the student, which learns the teachers' logits of these texts.
STUDENT_UNLABELLED = {
    "yelp": 32_000,
    "amazon": 24_000,
    "amazon-reviews": 4000,
    "dialogue": 10_000,
    "web": 8000,
    "wiki": 6500,
    "sarcasm": 1700,
}
STUDENT_SEEDS = (3, 4)  # one for each epoch of the student
VARIANTS = 3  # of each written text
# The student reads all of SST-2: the MiniLM teacher, from which it starts, read 0.6 of it and is weak there (87.3 on
# dev).
STUDENT_FRACTIONS = {**FRACTIONS, "sst2": 1}
ENDING_PROBABILITY = 0.12
EMOJI_ALONE = 2500  # texts of emoji alone in an epoch


def mixed_epoch(corpora, seed, unlabelled=UNLABELLED, fractions=FRACTIONS, copies=COPIES):
    """The texts of one epoch, not yet shuffled, with the additions of augment.py. For `corpora` see `splits.Corpora`;
    the others are {corpus: number}, like UNLABELLED, FRACTIONS and COPIES."""
    rng, texts = np.random.default_rng(seed), []
    for text in corpora.train:
        if rng.random() < fractions.get(text.corpus, 1):
            texts += [text] * copies.get(text.corpus, 1)
    texts += draw(corpora.unlabelled, unlabelled, rng)
    texts = [sometimes_detokenised(text, rng) for text in texts]
    return with_endings(texts, ENDING_PROBABILITY, seed) + emoji_alone(EMOJI_ALONE, seed)


def student_unlabelled(corpora):
    """The texts that the student learns from the teachers' logits alone: unlabelled ones, and variants of the written
    texts."""
    rng = np.random.default_rng(STUDENT_SEEDS[0])
    written = [text for text in corpora.train if text.corpus == "written"]
    return draw(corpora.unlabelled, STUDENT_UNLABELLED, rng) + variants(written, VARIANTS, STUDENT_SEEDS[0])


def student_epochs(corpora):
    """A list of texts for each epoch of the student. Those of `student_unlabelled` are the same in all epochs, because
    labelling a new text takes the teachers longer than the student needs to learn from an old one again."""
    unlabelled = student_unlabelled(corpora)
    return [mixed_epoch(corpora, seed, {}, STUDENT_FRACTIONS) + unlabelled for seed in STUDENT_SEEDS]


def draw(texts, counts, rng):
    """Draws texts by {corpus: how many}, without repetition; all of a corpus that has fewer."""
    chosen = []
    for corpus, count in counts.items():
        of_corpus = [text for text in texts if text.corpus == corpus]
        chosen += [of_corpus[i] for i in rng.permutation(len(of_corpus))[:count]]
    return chosen


def sometimes_detokenised(text, rng):
    """Half of SST-2's texts as people write them, "don't" instead of "do n't". The teachers label the corpus's form."""
    if text.corpus != "sst2" or rng.random() < 0.5:
        return text
    return replace(text, text=with_contractions(text.text), base=teacher_text(text))
