"""The network in plain torch: a BERT encoder, a masked mean over its last hidden states, a linear head."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

# Large enough that exp() of a masked score is exactly zero in f32, small enough never to overflow.
MASKED = -1e4


@dataclass(frozen=True)
class Config:
    vocab: int = 30522
    hidden: int = 384
    layers: int = 3
    heads: int = 12
    intermediate: int = 1536
    positions: int = 512
    norm_epsilon: float = 1e-12
    dropout: float = 0.1
    labels: tuple = ("negative", "positive")


class Embeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.word = nn.Embedding(config.vocab, config.hidden)
        self.position = nn.Embedding(config.positions, config.hidden)
        self.norm = nn.LayerNorm(config.hidden, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, ids):
        return self.dropout(self.norm(self.word(ids) + self.position.weight[: ids.shape[1]]))


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.hidden, config.hidden)
        self.key = nn.Linear(config.hidden, config.hidden)
        self.value = nn.Linear(config.hidden, config.hidden)
        self.output = nn.Linear(config.hidden, config.hidden)
        self.norm = nn.LayerNorm(config.hidden, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x, bias):
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5 + bias
        mixed = self.dropout(scores.softmax(-1)) @ value
        return self.norm(x + self.dropout(self.output(mixed.transpose(1, 2).flatten(2))))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = nn.Linear(config.hidden, config.intermediate)
        self.output = nn.Linear(config.intermediate, config.hidden)
        self.norm = nn.LayerNorm(config.hidden, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x, bias):
        x = self.attention(x, bias)
        return self.norm(x + self.dropout(self.output(F.gelu(self.intermediate(x)))))


class Classifier(nn.Module):
    def __init__(self, config=Config()):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(config) for _ in range(config.layers))})
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.hidden, len(config.labels))
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def hidden_states(self, ids, mask):
        bias = (1 - mask[:, None, None, :].float()) * MASKED
        x = self.embeddings(ids)
        for layer in self.encoder["layer"]:
            x = layer(x, bias)
        return x

    def forward(self, ids, mask):
        # The mean runs over real tokens only, so padding never changes the answer.
        kept = mask[:, :, None].float()
        pooled = (self.hidden_states(ids, mask) * kept).sum(1) / kept.sum(1)
        return self.classifier(self.dropout(pooled))

    def load_arrays(self, arrays):
        """Takes named numpy arrays; returns the names it was not given."""
        state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        missing, unexpected = self.load_state_dict(state, strict=False)
        if unexpected:
            raise ValueError(f"weights for no parameter: {unexpected}")
        return missing
