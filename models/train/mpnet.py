"""all-mpnet-base-v2 in plain torch, fine-tuned as the larger teacher: 12 layers, 768 wide. The features of a text are
the mean of the last layer's output. A relative position bias, the same in every layer, is added to the attention scores
(Song et al. 2020; its distance buckets: Raffel et al. 2020). The vocabulary is MiniLM's with other ids."""

import math

import numpy as np
import pretrained
import sources
import torch
from encoder import MASKED, Config, Dropout, Embeddings, Heads, Layer, Network, Output
from torch import nn

CONFIG = Config(vocab=30527, hidden=768, layers=12, intermediate=3072, positions=514, norm_epsilon=1e-5)
FIRST_POSITION = 2  # the row of the position table for a text's first token, as in fairseq
ID_OFFSET = 4  # id of a token here, less its id in MiniLM's vocabulary
SPECIAL = {101: 0, 102: 2, 0: 1}  # [CLS], [SEP] and padding: MiniLM's id → id here
BUCKETS = 32  # rows of the table of position biases
MAX_DISTANCE = 128  # from this distance in tokens on, all share a bucket
# Parts of a layer: name in `encoder.Layer` → name in all-mpnet-base-v2.
LAYER = {
    "attention.query": "attention.attn.q",
    "attention.key": "attention.attn.k",
    "attention.value": "attention.attn.v",
    "attention.output": "attention.attn.o",
    "attention.norm": "attention.LayerNorm",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
    "norm": "output.LayerNorm",
}


def ids_of(ids):
    """Ids of MiniLM's vocabulary → ids of this model's."""
    return [SPECIAL.get(i, i + ID_OFFSET) for i in ids]


def buckets(length):
    """The bucket of each pair (query, key), int64 [length, length]. One half of the buckets is for keys before the
    query, the other for keys after it. Distances below 8 have a bucket each, larger ones share logarithmic buckets."""
    distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]
    half, exact = BUCKETS // 2, BUCKETS // 4
    away = distance.abs()
    far = exact + (torch.log(away.clamp(min=1) / exact) / math.log(MAX_DISTANCE / exact) * (half - exact)).long()
    return (distance < 0).long() * half + torch.where(away < exact, away, far.clamp(max=half - 1))


class Mpnet(Network):
    def __init__(self, config=CONFIG):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(config) for _ in range(config.layers))})
        self.distance = nn.Embedding(BUCKETS, config.heads)
        self.dropout = Dropout(config.dropout)
        self.heads = Heads(config.hidden)

    def hidden(self, ids, mask):
        """The last layer's output, [B, S, H]."""
        bias = self.distance(buckets(ids.shape[1])).permute(2, 0, 1)[None]
        bias = (bias + (1 - mask[:, None, None, :].float()) * MASKED).to(self.precision)
        x = self.embeddings(ids).to(self.precision)
        for layer in self.encoder["layer"]:
            x = layer(x, bias, ids.shape[1])
        return x

    def forward(self, ids, mask):
        real = mask[..., None].float()
        mean = (self.hidden(ids, mask).float() * real).sum(1) / real.sum(1)
        features = self.dropout(mean)
        return Output(features, self.heads(features), None, {})

    def freeze(self, layers):
        """Freezes the embeddings and the lowest layers and switches off their dropout, which saves time."""
        frozen = [self.embeddings, self.distance, *self.encoder["layer"][:layers]]
        for module in frozen:
            module.requires_grad_(False)
            for part in module.modules():
                if isinstance(part, Dropout):
                    part.probability = 0.0


def load_pretrained(work):
    """The published weights, with heads that start at random."""
    arrays = sources.mpnet_weights(work)
    # Here the first token has row 0. The rows of zeros at the end keep the shape of the table; no text is that long.
    positions = arrays["embeddings.position_embeddings.weight"][FIRST_POSITION:]
    weights = {
        "embeddings.word.weight": arrays["embeddings.word_embeddings.weight"],
        "embeddings.position.weight": np.concatenate([positions, np.zeros((FIRST_POSITION, 768), np.float32)]),
        "embeddings.norm.weight": arrays["embeddings.LayerNorm.weight"],
        "embeddings.norm.bias": arrays["embeddings.LayerNorm.bias"],
        "distance.weight": arrays["encoder.relative_attention_bias.weight"],
    }
    weights |= sources.layer_weights(arrays, CONFIG.layers, LAYER)
    model = Mpnet()
    missing = model.load_arrays(weights)
    assert all(name.startswith("heads.") for name in missing), missing
    return model


def check_pretrained(model, tokenizer):
    """Stops the run unless the network computes like all-mpnet-base-v2: see pretrained.py."""
    sequences = [ids_of(tokenizer.encode(text).ids) for text in pretrained.ENGLISH]
    model.eval()
    near, far = pretrained.similarities(model.hidden, sequences)
    if not near > 0.7 or not far < 0.2:
        raise SystemExit(f"{sources.MPNET['file']}: similarities {near:.3f} and {far:.3f} are not this model's")
