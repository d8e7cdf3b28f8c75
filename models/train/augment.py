"""New texts from old ones: words replaced by neighbours in the teacher's word table (TinyBERT, Jiao et al. 2020), and
emoji put behind texts that have no opinion of their own."""

import numpy as np

from sources import NEGATIVE, NEUTRAL, POSITIVE

# Those whose sentiment does not hang on the text. Written for this project.
EMOJI = {
    NEGATIVE: "👎😠😡🤬😞😔😟☹🙁😣😖😩😫😢🤢🤮💔😒😤😨😰😱",
    POSITIVE: "👍😀😃😄😁😊🙂😍🥰😘❤💕💖💜😎👏🙌🎉💯🤗🤩🥳😋",
}

# Of TinyBERT's settings: a word is replaced with this probability, by one of its 15 nearest words.
PROBABILITY = 0.4
NEIGHBOURS = 15


class Augmenter:
    def __init__(self, table, tokenizer):
        """table: the teacher's word embeddings, f32 [vocabulary, hidden]."""
        self.tokenizer = tokenizer
        self.words = {i: w for w, i in tokenizer.get_vocab().items() if w.isalpha() and w.isascii() and len(w) > 2}
        self.table = table / np.linalg.norm(table, axis=1, keepdims=True)
        self.candidates = np.array(sorted(self.words))
        self.known = {}

    def neighbours(self, word):
        """The nearest words by cosine, the word itself left out."""
        if word not in self.known:
            near = self.table[self.candidates] @ self.table[word]
            nearest = self.candidates[np.argpartition(-near, NEIGHBOURS)[: NEIGHBOURS + 1]]
            self.known[word] = [int(i) for i in nearest if i != word]
        return self.known[word]

    def augmented(self, texts, seed):
        """One new text for each."""
        rng = np.random.default_rng(seed)
        new = []
        for text, encoding in zip(texts, self.tokenizer.encode_batch(list(texts))):
            parts, end = [], 0
            pieces = list(zip(encoding.ids, encoding.offsets, encoding.word_ids))
            for i, (piece, (start, stop), word) in enumerate(pieces):
                whole = piece in self.words and word != pieces[i + 1][2]
                if whole and rng.random() < PROBABILITY:
                    parts += [text[end:start], self.words[int(rng.choice(self.neighbours(piece)))]]
                    end = stop
            new.append("".join(parts) + text[end:])
        return new


def with_emoji(labelled, count, seed):
    """[(text, label)]: one emoji up to three times, behind a neutral text, one of the same sentiment, or alone."""
    rng = np.random.default_rng(seed)
    new = []
    for _ in range(count):
        label = int(rng.choice([NEGATIVE, POSITIVE]))
        text, before = labelled[rng.integers(len(labelled))]
        emoji = str(rng.choice(list(EMOJI[label]))) * int(rng.integers(1, 4))
        new.append((f"{text} {emoji}" if before in (NEUTRAL, label) else emoji, label))
    return new
