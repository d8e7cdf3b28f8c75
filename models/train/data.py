"""Texts as examples: token ids and, for each head, what is known about the text."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from augment import emoji_alone, with_endings
from corpora import Text, teacher_text, with_contractions
from encoder import TASKS
from tokens import batches_by_length, pad
from training import device
from variants import variants

# Copies of a corpus in one epoch; where only some of its texts are drawn, the fraction.
COPIES = {"written": 3, "written-toxicity": 4}
FRACTION = {"nltk-pros_cons": 0.25, "sst2": 0.6, "toxicspans": 0.5}
# Unlabelled texts in the labelled mix: harmless ones of all lengths for toxicity, all kinds for the embedding.
HARMLESS = {"yelp": 8000, "amazon": 6000, "amazon-reviews": 5000, "dialogue": 8000, "web": 6000, "wiki": 6000}
# Those that a student is taught from teachers in each epoch, and the seeds of the epochs.
UNLABELLED = {
    "yelp": 32_000,
    "amazon": 24_000,
    "amazon-reviews": 4000,
    "dialogue": 10_000,
    "web": 8000,
    "wiki": 6500,
    "sarcasm": 1700,
}
STUDENT_SEEDS = (3, 4)
# Variants of each written text.
VARIANTS = 3
# All of SST-2: the MiniLM teacher, which read 0.6 of it once, is weak there (87.3 on dev).
STUDENT_FRACTION = {**FRACTION, "sst2": 1}
ENDINGS = 0.12
EMOJI_ALONE = 2500


@dataclass(frozen=True)
class Example:
    text: Text
    ids: list


def mixed_epoch(corpora, seed, unlabelled=HARMLESS, fraction=FRACTION, copies=COPIES):
    """The texts of one epoch, in the order of the corpora. `unlabelled`: how many of each corpus without labels.
    `fraction`: how much of a corpus with labels is drawn; `copies`: how often one that is taken whole is."""
    rng, texts = np.random.default_rng(seed), []
    for text in corpora.train:
        if rng.random() < fraction.get(text.corpus, 1):
            texts += [text] * copies.get(text.corpus, 1)
    texts += draw(corpora.unlabelled, unlabelled, rng)
    texts = [sometimes_detokenised(text, rng) for text in texts]
    return with_endings(texts, ENDINGS, seed) + emoji_alone(EMOJI_ALONE, seed)


def student_epochs(corpora):
    """The texts of each epoch of the student. Those without labels are the same in all epochs: the teachers take longer
    to label a text than the student to learn from it twice."""
    rng = np.random.default_rng(STUDENT_SEEDS[0])
    written = [text for text in corpora.train if text.corpus == "written"]
    unlabelled = draw(corpora.unlabelled, UNLABELLED, rng) + variants(written, VARIANTS, STUDENT_SEEDS[0])
    return [mixed_epoch(corpora, seed, {}, STUDENT_FRACTION) + unlabelled for seed in STUDENT_SEEDS]


def draw(texts, counts, rng):
    """That many texts of each corpus."""
    found = []
    for corpus, count in counts.items():
        of_corpus = [text for text in texts if text.corpus == corpus]
        found += [of_corpus[i] for i in rng.permutation(len(of_corpus))[:count]]
    return found


def sometimes_detokenised(text, rng):
    """Half of SST-2's texts as people write: "do n't" as "don't"."""
    if text.corpus != "sst2" or rng.random() < 0.5:
        return text
    return replace(text, text=with_contractions(text.text), base=teacher_text(text))


def examples(tokenizer, texts, preprocess=lambda text: text):
    encoded = tokenizer.encode_batch([preprocess(text.text) for text in texts])
    return [Example(text, e.ids) for text, e in zip(texts, encoded, strict=True)]


def targets(batch):
    """By task: labels f32 or int64 on the device, and the mask of those that are known, for each label."""
    unknown = -1
    sentiment = [unknown if e.text.sentiment is None else e.text.sentiment for e in batch]
    emotion = np.zeros((len(batch), TASKS["emotion"]), np.float32)
    toxicity = np.zeros((len(batch), TASKS["toxicity"]), np.float32)
    for row, example in enumerate(batch):
        if example.text.emotions is None:
            emotion[row] = unknown
        else:
            emotion[row, list(example.text.emotions)] = 1
        known = (example.text.toxic, example.text.hateful)
        toxicity[row] = [unknown if label is None else label for label in known]
    arrays = {"sentiment": np.array(sentiment), "emotion": emotion, "toxicity": toxicity}
    arrays["polar"] = np.array([e.text.polar for e in batch])
    return {name: torch.from_numpy(array).to(device()) for name, array in arrays.items()}


def outputs(model, tokenizer, texts, read, preprocess=lambda text: text, size=64, ids_of=lambda ids: ids):
    """`read(output)`, f32 [B, columns], of every text, in order. The model must be in eval mode."""
    sequences = [ids_of(e.ids[:510]) for e in tokenizer.encode_batch([preprocess(text) for text in texts])]
    found = None
    with torch.no_grad():
        for indices in batches_by_length(sequences, size):
            ids, mask = (torch.from_numpy(a).to(device()) for a in pad([sequences[i] for i in indices]))
            rows = read(model(ids, mask)).float().cpu().numpy()
            if found is None:
                found = np.empty((len(sequences), rows.shape[1]), np.float32)
            found[indices] = rows
    return found
