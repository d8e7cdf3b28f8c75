"""The network in plain torch: a BERT encoder, the feature vector it makes of a text, and linear heads that read it.

Shapes: B texts, S positions, H = 384 wide, A = 12 heads. The features are the last layer's output at the first
position, [CLS], so that layer computes its queries, its output and its feed-forward block for this position alone."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

# Number of labels by task. The labels themselves: `heads.LABELS`.
TASKS = {"sentiment": 3, "emotion": 28, "toxicity": 2}
# Layers after which linear heads read [CLS], for a model that stops early.
EXITS = (3, 4)
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
    # Heads on the features, and layers after which the same heads read [CLS]. `embeds`: whether it has the linear map
    # to the sentence embedding.
    tasks: tuple = tuple(TASKS)
    exits: tuple = EXITS
    embeds: bool = True


class Output(NamedTuple):
    features: torch.Tensor  # [B, H]
    logits: dict  # by task, [B, labels]
    embedding: torch.Tensor | None  # [B, H]: the linear map to the sentence embedding, not normalised
    exits: dict  # by layer: logits by task


def identity(weight, ids=None):
    return weight


class Linear(nn.Linear):
    """A linear layer that can compute with functions of its weight and input: rounding.py puts the rounding there. It
    computes in the type of its input, whatever that of its weight."""

    through = staticmethod(identity)
    transform_input = staticmethod(identity)

    def forward(self, x):
        return F.linear(self.transform_input(x), self.through(self.weight).to(x.dtype), self.bias.to(x.dtype))


class Norm(nn.LayerNorm):
    def forward(self, x):
        return F.layer_norm(x, self.normalized_shape, self.weight.to(x.dtype), self.bias.to(x.dtype), self.eps)


class Dropout(nn.Module):
    """Dropout whose masks are slices of one long random mask: drawing each number anew took longer than the matrices.
    Where a slice starts is drawn from torch's generator, which checkpoints keep."""

    LENGTH = 1 << 23  # more than a batch of 64 texts of 96 tokens at 768 wide
    masks: ClassVar = {}  # by type and probability, for all layers

    def __init__(self, probability):
        super().__init__()
        self.probability = probability

    def mask(self, x):
        key = (x.dtype, self.probability)
        if key not in self.masks:
            generator = torch.Generator().manual_seed(0)
            kept = torch.rand(self.LENGTH, generator=generator) >= self.probability
            self.masks[key] = (kept / (1 - self.probability)).to(x.dtype)
        start = int(torch.randint(self.LENGTH - x.numel(), ()))
        return self.masks[key][start : start + x.numel()].view(x.shape)

    def forward(self, x):
        return x * self.mask(x) if self.training and self.probability > 0 else x


class Embeddings(nn.Module):
    # Of the rows that were looked up, and their ids.
    through = staticmethod(identity)

    def __init__(self, config):
        super().__init__()
        # Sparse gradients: a step touches a few hundred of the table's rows.
        self.word = nn.Embedding(config.vocab, config.hidden, sparse=True)
        self.position = nn.Embedding(config.positions, config.hidden)
        self.norm = Norm(config.hidden, eps=config.norm_epsilon)
        self.dropout = Dropout(config.dropout)

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
        self.norm = Norm(config.hidden, eps=config.norm_epsilon)
        self.dropout = Dropout(config.dropout)

    def forward(self, x, bias, queries):
        """The first `queries` positions of `x` [B, S, H] attend to all → [B, queries, H]. `bias` is added to scores."""

        def split(t):
            return t.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        query_input = x[:, :queries]
        query, key, value = split(self.query(query_input)), split(self.key(x)), split(self.value(x))
        # Matrix products, not scaled_dot_product_attention: its backward pass in bfloat16 is ten times slower on a CPU.
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5 + bias
        attended = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
        return self.norm(query_input + self.dropout(self.output(attended)))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = Linear(config.hidden, config.intermediate)
        self.output = Linear(config.intermediate, config.hidden)
        self.norm = Norm(config.hidden, eps=config.norm_epsilon)
        self.dropout = Dropout(config.dropout)

    def forward(self, x, bias, queries):
        x = self.attention(x, bias, queries)
        return self.norm(x + self.dropout(self.output(F.gelu(self.intermediate(x)))))


class Heads(nn.ModuleDict):
    """A linear layer for each task, on features [B, H]."""

    def __init__(self, hidden, tasks=tuple(TASKS)):
        super().__init__({task: Linear(hidden, TASKS[task]) for task in tasks})
        for head in self.values():
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, features):
        return {task: head(features) for task, head in self.items()}


class Encoder(nn.Module):
    precision = torch.float32

    def __init__(self, config=Config()):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(config) for _ in range(config.layers))})
        self.dropout = Dropout(config.dropout)
        self.heads = Heads(config.hidden, config.tasks)
        exits = [layer for layer in config.exits if layer < config.layers]
        self.exits = nn.ModuleDict({str(layer): Heads(config.hidden, config.tasks) for layer in exits})
        self.embedding = Linear(config.hidden, config.hidden) if config.embeds else None

    def hidden(self, ids, mask, all_positions=False):
        """Each layer's output, [B, S, H]; after the last layer [B, 1, H] unless `whole`."""
        bias = ((1 - mask[:, None, None, :].float()) * MASKED).to(self.precision)
        x = self.embeddings(ids).to(self.precision)
        hidden = []
        for number, layer in enumerate(self.encoder["layer"], 1):
            x = layer(x, bias, 1 if number == self.config.layers and not all_positions else ids.shape[1])
            hidden.append(x)
        return hidden

    def forward(self, ids, mask):
        """`ids`, `mask` int64 [B, S] → Output, all in f32."""
        hidden = self.hidden(ids, mask)
        features = self.dropout(hidden[-1][:, 0].float())
        exits = {int(layer): heads(hidden[int(layer) - 1][:, 0].float()) for layer, heads in self.exits.items()}
        embedding = self.embedding(features) if self.embedding is not None else None
        return Output(features, self.heads(features), embedding, exits)

    def load_arrays(self, arrays):
        """Takes named numpy arrays; returns the names it was not given."""
        state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        missing, unexpected = self.load_state_dict(state, strict=False)
        if unexpected:
            raise ValueError(f"weights for no parameter: {unexpected}")
        return missing

    def arrays(self):
        return {name: p.detach().numpy().copy() for name, p in self.named_parameters()}
