"""Stage 1: all-MiniLM-L6 fine-tuned for three classes in cycles; the teacher is the mean of the weights at their ends.

Stochastic weight averaging with a cyclical learning rate: Izmailov et al. 2018."""

import numpy as np
import torch

import sources
from data import dev_scores, label_loss, labelled_dev, labelled_train
from encoder import Classifier
from files import made, read_arrays, seal, write_arrays
from tokens import load_tokenizer, pad
from training import device, log, train

RECIPE = {
    "batch": 32,
    "layer_decay": 0.85,
    "warm_up": 0.08,
    "weight_decay": 0.01,
    "threads": 1,  # sums are split between threads, so the weights depend on it
}
# Each is one epoch, from a peak rate down to zero, and starts where the one before it ended.
CYCLES = [{"seed": 1, "learning_rate": 8e-5}, {"seed": 2, "learning_rate": 5e-5}]


def check_pretrained(model, tokenizer):
    """The network must be the pretrained one and not something near it: a paraphrase must lie closer than a text about
    something else, by the similarity that all-MiniLM was trained for, the cosine of the means of the last layer."""
    texts = ["A man is eating a piece of bread.", "Someone eats some bread.", "The stock market fell on Friday."]
    means = []
    model.eval()
    with torch.no_grad():
        for encoding in tokenizer.encode_batch(texts):
            hidden = model(*map(torch.from_numpy, pad([encoding.ids])), whole=True).hidden[-1]
            means.append(torch.nn.functional.normalize(hidden[0].mean(0), dim=0))
    near, far = float(means[0] @ means[1]), float(means[0] @ means[2])
    if not near > 0.75 or not far < 0.2:
        raise SystemExit(f"{sources.WEIGHTS['file']}: similarities {near:.3f} and {far:.3f} are not this model's")


def pretrained(tokenizer):
    model = Classifier()
    missing = model.load_arrays(sources.encoder_weights())
    assert missing == ["classifier.weight", "classifier.bias"], missing
    check_pretrained(model, tokenizer)
    return model


def train_cycle(args, number, tokenizer, examples, dev):
    """The file with the weights at the end of cycle `number`, from 1."""
    finished, before = (args.work / f"teacher-{n}.npz" for n in (number, number - 1))
    recipe = {**RECIPE, **CYCLES[number - 1], "from": seal(before) if number > 1 else sources.WEIGHTS["sha256"]}
    if made(finished, recipe):
        return finished
    torch.manual_seed(recipe["seed"])  # the classifier starts at random
    model = pretrained(tokenizer)
    if number > 1:
        model.load_arrays(read_arrays(before))

    def loss_of(batch, ids, mask):
        return label_loss(model(ids, mask).logits, batch), {}

    checkpoint = args.work / f"teacher-{number}.pt"
    train(model, [examples], loss_of, recipe, checkpoint, lambda: dev_scores(model, dev), evaluations=4)
    write_arrays(finished, model.arrays(), recipe)
    checkpoint.unlink()
    return finished


def teacher(args):
    torch.set_num_threads(RECIPE["threads"])
    tokenizer = load_tokenizer()
    examples, dev = labelled_train(args, tokenizer), labelled_dev(args, tokenizer)
    cycles = range(1, len(CYCLES) + 1)
    ends = [read_arrays(train_cycle(args, number, tokenizer, examples, dev)) for number in cycles]
    mean = {name: np.mean([end[name] for end in ends], axis=0, dtype=np.float64).astype(np.float32) for name in ends[0]}
    model = Classifier()
    model.load_arrays(mean)
    log(args.work / "teacher.jsonl", event="mean", **dev_scores(model.to(device()), dev))
    write_arrays(args.work / "teacher.npz", mean)
