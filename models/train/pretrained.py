"""Checks that a network with pretrained weights computes like the original: wrong weights, names or ids would still
train, to a worse model. In an encoder of sentence embeddings, a text is closer to its paraphrase or translation than to
a text about something else."""

import torch

# A text, a paraphrase of it, and a text about something else.
ENGLISH = ["A man is eating a piece of bread.", "Someone eats some bread.", "The stock market fell on Friday."]


def similarities(last_layer, sequences):
    """(cosine of the first text and the second, cosine of the first and the third), of the mean over the positions of
    the last layer's output. `last_layer(ids, mask)` → [1, S, H]; `sequences`: the token ids of the three texts."""
    means = []
    with torch.no_grad():
        for sequence in sequences:
            ids = torch.tensor([sequence])
            hidden = last_layer(ids, torch.ones_like(ids))
            means.append(torch.nn.functional.normalize(hidden[0].mean(0), dim=0))
    return float(means[0] @ means[1]), float(means[0] @ means[2])
