"""The network in plain torch: a BERT encoder, the feature vector it makes of a text, and linear heads that read it.

Shapes: B texts, S positions, H = 384 wide, A = 12 heads. The features are the last layer's output at the first
position, [CLS], so that layer computes its queries, its output and its feed-forward block for this position alone."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

# Number of labels of each task, in the order of the logits; `heads.label_names` gives the labels.
TASKS = {"sentiment": 3, "emotion": 28, "toxicity": 2}
# Layers after which early-exit heads read [CLS]; exits.py measures them.
EXITS = (3, 4)
# Large enough that exp() of a masked score is exactly zero in f32, small enough never to overflow.
MASKED = -1e4


@dataclass(frozen=True)
class Config:
    """The defaults are those of all-MiniLM-L6-v2."""

    vocab: int = 30522
    hidden: int = 384
    layers: int = 6
    heads: int = 12
    intermediate: int = 1536
    positions: int = 512
    norm_epsilon: float = 1e-12
    dropout: float = 0.1
    tasks: tuple = tuple(TASKS)  # one head each
    exits: tuple = EXITS  # layers with early-exit heads; those not below `layers` are ignored


class Output(NamedTuple):
    features: torch.Tensor  # [B, H]
    logits: dict  # {task: [B, labels]}
    embedding: torch.Tensor | None  # [B, H]: the linear map to the sentence embedding, not normalised; mpnet has none
    exits: dict  # {layer: {task: [B, labels]}}


def identity(values, ids=None):
    return values


class Linear(nn.Linear):
    """A linear layer that computes in the type of its input, not of its weight. rounding.py replaces the two functions
    with the runtime's rounding."""

    transform_weight = staticmethod(identity)
    transform_input = staticmethod(identity)

    def forward(self, x):
        return F.linear(self.transform_input(x), self.transform_weight(self.weight).to(x.dtype), self.bias.to(x.dtype))


class Norm(nn.LayerNorm):
    """LayerNorm in the type of its input."""

    def forward(self, x):
        return F.layer_norm(x, self.normalized_shape, self.weight.to(x.dtype), self.bias.to(x.dtype), self.eps)


class Dropout(nn.Module):
    """Dropout whose masks are slices of one long random mask, because new random numbers for each mask took longer than
    the matrix products. The start of a slice is drawn from torch's generator, whose state is in the checkpoints."""

    LENGTH = 1 << 23  # more elements than a batch of 64 texts has, with 96 tokens of 768 features each
    masks: ClassVar = {}  # {(dtype, probability): mask [LENGTH]}, shared by all layers

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
    # (rows [B, S, H] that were looked up, their ids [B, S]) → rows. rounding.py replaces it.
    transform_rows = staticmethod(identity)

    def __init__(self, config):
        super().__init__()
        # Sparse gradients: a step touches a few hundred of the table's rows.
        self.word = nn.Embedding(config.vocab, config.hidden, sparse=True)
        self.position = nn.Embedding(config.positions, config.hidden)
        self.norm = Norm(config.hidden, eps=config.norm_epsilon)
        self.dropout = Dropout(config.dropout)

    def forward(self, ids):
        return self.dropout(self.norm(self.transform_rows(self.word(ids), ids) + self.position.weight[: ids.shape[1]]))


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
        """The first `queries` positions of `x` [B, S, H] attend to all positions → [B, queries, H]. `bias`, which
        broadcasts to [B, A, queries, S], is added to the attention scores."""

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
        """As `Attention.forward`, with the feed-forward block after it."""
        x = self.attention(x, bias, queries)
        return self.norm(x + self.dropout(self.output(F.gelu(self.intermediate(x)))))


class Heads(nn.ModuleDict):
    """A linear layer for each task: features [B, H] → {task: [B, labels]}."""

    def __init__(self, hidden, tasks=tuple(TASKS)):
        super().__init__({task: Linear(hidden, TASKS[task]) for task in tasks})
        for head in self.values():
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, features):
        return {task: head(features) for task, head in self.items()}


class Network(nn.Module):
    """A module whose parameters are read from and written to named numpy arrays."""

    precision = torch.float32  # type of the activations between the embeddings and the features

    def load_arrays(self, arrays):
        """Copies {name: array} into the parameters; returns the names of the parameters without an array."""
        state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        missing, unexpected = self.load_state_dict(state, strict=False)
        if unexpected:
            raise ValueError(f"weights for no parameter: {unexpected}")
        return missing

    def arrays(self):
        """{name: array}, copies of all parameters."""
        return {name: p.detach().numpy().copy() for name, p in self.named_parameters()}


class Encoder(Network):
    def __init__(self, config=Config()):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(config) for _ in range(config.layers))})
        self.dropout = Dropout(config.dropout)
        self.heads = Heads(config.hidden, config.tasks)
        exits = [layer for layer in config.exits if layer < config.layers]
        self.exits = nn.ModuleDict({str(layer): Heads(config.hidden, config.tasks) for layer in exits})
        self.embedding = Linear(config.hidden, config.hidden)

    def hidden(self, ids, mask, all_positions=False):
        """The output of each layer, a list of [B, S, H]. The last layer computes the first position alone, [B, 1, H],
        unless `all_positions`."""
        bias = ((1 - mask[:, None, None, :].float()) * MASKED).to(self.precision)
        x = self.embeddings(ids).to(self.precision)
        hidden = []
        for number, layer in enumerate(self.encoder["layer"], 1):
            x = layer(x, bias, 1 if number == self.config.layers and not all_positions else ids.shape[1])
            hidden.append(x)
        return hidden

    def forward(self, ids, mask):
        """`ids`, `mask` int64 [B, S] (mask: 1 for tokens, 0 for padding) → Output in f32."""
        hidden = self.hidden(ids, mask)
        features = self.dropout(hidden[-1][:, 0].float())
        exits = {int(layer): heads(hidden[int(layer) - 1][:, 0].float()) for layer, heads in self.exits.items()}
        return Output(features, self.heads(features), self.embedding(features), exits)
