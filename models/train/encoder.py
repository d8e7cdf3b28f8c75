"""The network in plain torch: a BERT encoder whose classifier reads the first position, [CLS].

Shapes: B texts, S positions, H = 384 wide, A = 12 heads. Nothing but [CLS] is read after the last layer, so that
layer computes its queries, its output and its feed-forward block for this position alone."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

LABELS = ("negative", "neutral", "positive")
# Large enough that exp() of a masked score is exactly zero in f32, small enough never to overflow.
MASKED = -1e4


@dataclass(frozen=True)
class Config:
    vocab: int = 30522
    hidden: int = 384
    layers: int = 6
    heads: int = 12
    intermediate: int = 1536
    positions: int = 512
    norm_epsilon: float = 1e-12
    dropout: float = 0.1
    labels: tuple = LABELS


class Output(NamedTuple):
    logits: torch.Tensor  # [B, labels]
    hidden: list  # embeddings and each layer's output, [B, S, H]; [B, 1, H] after the last layer
    scores: list  # each layer's masked attention scores before softmax, [B, A, S, S]; [B, A, 1, S] in the last


def unchanged(weight, ids=None):
    return weight


class Linear(nn.Linear):
    """A linear layer that can compute with functions of its weight and input: quantise.py puts the rounding there."""

    through = staticmethod(unchanged)
    through_rows = staticmethod(unchanged)

    def forward(self, x):
        return F.linear(self.through_rows(x), self.through(self.weight), self.bias)


class Embeddings(nn.Module):
    # Of the rows that were looked up, and their ids.
    through = staticmethod(unchanged)

    def __init__(self, config):
        super().__init__()
        # Sparse gradients: a step touches a few hundred of the table's rows.
        self.word = nn.Embedding(config.vocab, config.hidden, sparse=True)
        self.position = nn.Embedding(config.positions, config.hidden)
        self.norm = nn.LayerNorm(config.hidden, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, ids):
        return self.dropout(self.norm(self.through(self.word(ids), ids) + self.position.weight[: ids.shape[1]]))


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = config.heads
        self.query = Linear(config.hidden, config.hidden)
        self.key = Linear(config.hidden, config.hidden)
        self.value = Linear(config.hidden, config.hidden)
        self.output = Linear(config.hidden, config.hidden)
        self.norm = nn.LayerNorm(config.hidden, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x, bias, queries):
        """`x` [B, S, H] is attended to by its first `queries` positions → ([B, queries, H], scores)."""
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        asking = x[:, :queries]
        query, key, value = split(self.query(asking)), split(self.key(x)), split(self.value(x))
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5 + bias
        mixed = self.dropout(scores.softmax(-1)) @ value
        return self.norm(asking + self.dropout(self.output(mixed.transpose(1, 2).flatten(2)))), scores


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = Linear(config.hidden, config.intermediate)
        self.output = Linear(config.intermediate, config.hidden)
        self.norm = nn.LayerNorm(config.hidden, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x, bias, queries):
        x, scores = self.attention(x, bias, queries)
        return self.norm(x + self.dropout(self.output(F.gelu(self.intermediate(x))))), scores


class Classifier(nn.Module):
    def __init__(self, config=Config()):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(config) for _ in range(config.layers))})
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = Linear(config.hidden, len(config.labels))
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, ids, mask, whole=False):
        """`ids`, `mask` int64 [B, S] → Output. `whole`: the last layer computes every position, to be compared."""
        bias = (1 - mask[:, None, None, :].float()) * MASKED
        x = self.embeddings(ids)
        hidden, scores = [x], []
        for number, layer in enumerate(self.encoder["layer"], 1):
            queries = 1 if number == self.config.layers and not whole else ids.shape[1]
            x, score = layer(x, bias, queries)
            hidden.append(x)
            scores.append(score)
        return Output(self.classifier(self.dropout(x[:, 0])), hidden, scores)

    def load_arrays(self, arrays):
        """Takes named numpy arrays; returns the names it was not given."""
        state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        missing, unexpected = self.load_state_dict(state, strict=False)
        if unexpected:
            raise ValueError(f"weights for no parameter: {unexpected}")
        return missing

    def arrays(self):
        return {name: p.detach().numpy().copy() for name, p in self.named_parameters()}
