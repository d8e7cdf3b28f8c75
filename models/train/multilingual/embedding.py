"""The sentence embedding of the whole multilingual-e5-small, which the embedding head learns. Learning it keeps the
topic of a text in the features, so that users can teach labels of their own.

e5's embeddings of any two texts have a cosine of 0.7 and more. The mean over texts is subtracted here, so that texts
about different things lie far apart (Mu and Viswanath 2018)."""

import measures
import numpy as np
import torch
import torch.nn.functional as F

from inference import outputs

# e5 reads every text with this before it.
PREFIX = "query:"
# Texts over which the mean is taken, and on which the head is compared with the original.
SAMPLE = 2000


def sample(texts):
    """Texts from everywhere in a list, always the same."""
    return [text.text for text in texts[:: max(1, len(texts) // SAMPLE)]]


class Original:
    """`network`: e5 with all its layers and our vocabulary. `texts`: those of the mean."""

    def __init__(self, network, tokenizer, texts, precision):
        self.network = network.requires_grad_(False).to(precision)
        self.network.precision = precision
        self.prefix = torch.tensor([tokenizer.encode(PREFIX, add_special_tokens=False).ids])
        self.mean = 0
        rows = outputs(self, tokenizer, texts, lambda embedding: embedding)
        self.mean = torch.from_numpy(rows.mean(0))

    def __call__(self, ids, mask):
        """Normalised mean of the last layer less that of other texts, f32 [B, H]. The first id of a text is <s>."""
        prefix, positions = self.prefix.expand(len(ids), -1), self.network.config.positions
        ids = torch.cat([ids[:, :1], prefix, ids[:, 1:]], 1)[:, :positions]
        mask = torch.cat([torch.ones_like(prefix), mask], 1)[:, :positions]
        with torch.no_grad():
            hidden = self.network.hidden(ids, mask, all_positions=True)[-1].float()
        return F.normalize(F.normalize((hidden * mask[..., None]).sum(1), dim=1) - self.mean, dim=1)


def agreement(model, tokenizer, original, texts):
    """How near the head is to the original: {measure: value}."""
    ours = outputs(model, tokenizer, texts, lambda output: output.embedding)
    theirs = outputs(original, tokenizer, texts, lambda embedding: embedding)
    found = measures.embedding_agreement(ours / np.linalg.norm(ours, axis=1, keepdims=True), theirs)
    return dict(zip(("embedding_cosine", "embedding_spearman", "embedding_overlap"), found, strict=True))
