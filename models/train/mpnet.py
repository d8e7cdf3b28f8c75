"""all-mpnet-base-v2 in plain torch, fine-tuned as the larger teacher: 12 layers, 768 wide, features the mean of the
last layer. Its attention adds a bias by distance, the same in every layer (Song et al. 2020; the buckets: Raffel et al.
2020). Its vocabulary is MiniLM's with ids increased by four."""

import math

import numpy as np
import sources
import torch
from encoder import MASKED, Config, Dropout, Embeddings, Heads, Layer, Output
from torch import nn

CONFIG = Config(vocab=30527, hidden=768, layers=12, intermediate=3072, positions=514, norm_epsilon=1e-5)
FIRST_POSITION = 2
MOVED = 4
SPECIAL = {101: 0, 102: 2, 0: 1}  # [CLS], [SEP] and padding
BUCKETS, FAR = 32, 128
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
    """MiniLM's ids as this model's."""
    return [SPECIAL.get(i, i + MOVED) for i in ids]


def buckets(length):
    """[length, length]: near distances have a bucket each, far ones share them by logarithm; one half for each side."""
    distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]
    half, exact = BUCKETS // 2, BUCKETS // 4
    away = distance.abs()
    far = exact + (torch.log(away.clamp(min=1) / exact) / math.log(FAR / exact) * (half - exact)).long()
    return (distance < 0).long() * half + torch.where(away < exact, away, far.clamp(max=half - 1))


class Mpnet(nn.Module):
    precision = torch.float32

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

    def arrays(self):
        return {name: p.detach().numpy().copy() for name, p in self.named_parameters()}

    def load_arrays(self, arrays):
        state = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
        missing, unexpected = self.load_state_dict(state, strict=False)
        if unexpected:
            raise ValueError(f"weights for no parameter: {unexpected}")
        return missing


def pretrained(work):
    found = sources.mpnet_weights(work)
    positions = found["embeddings.position_embeddings.weight"][FIRST_POSITION:]
    weights = {
        "embeddings.word.weight": found["embeddings.word_embeddings.weight"],
        "embeddings.position.weight": np.concatenate([positions, np.zeros((FIRST_POSITION, 768), np.float32)]),
        "embeddings.norm.weight": found["embeddings.LayerNorm.weight"],
        "embeddings.norm.bias": found["embeddings.LayerNorm.bias"],
        "distance.weight": found["encoder.relative_attention_bias.weight"],
    }
    for layer in range(CONFIG.layers):
        for ours, theirs in LAYER.items():
            for part in ("weight", "bias"):
                weights[f"encoder.layer.{layer}.{ours}.{part}"] = found[f"encoder.layer.{layer}.{theirs}.{part}"]
    model = Mpnet()
    missing = model.load_arrays(weights)
    assert all(name.startswith("heads.") for name in missing), missing
    return model


def check_pretrained(model, tokenizer):
    """A paraphrase must lie closer than a text about something else: wrong weights or ids would still train."""
    texts = ["A man is eating a piece of bread.", "Someone eats some bread.", "The stock market fell on Friday."]
    model.eval()
    means = []
    with torch.no_grad():
        for text in texts:
            ids = torch.tensor([ids_of(tokenizer.encode(text).ids)])
            means.append(nn.functional.normalize(model.hidden(ids, torch.ones_like(ids))[0].mean(0), dim=0))
    near, far = float(means[0] @ means[1]), float(means[0] @ means[2])
    if not near > 0.7 or not far < 0.2:
        raise SystemExit(f"{sources.MPNET['file']}: similarities {near:.3f} and {far:.3f} are not this model's")
    return near, far
