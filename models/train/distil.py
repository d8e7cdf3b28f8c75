"""Stage 2: students with fewer layers, taught the teacher's logits, hidden states and attention.

The loss follows TinyBERT (Jiao et al. 2020); a student starts from some of the teacher's layers and is as wide, so
that hidden states are compared as they are."""

from dataclasses import replace

import torch
import torch.nn.functional as F

import sources
from augment import Augmenter
from data import dev_scores, examples, label_loss, labelled_dev, labelled_train
from encoder import Classifier, Config
from files import made, read_arrays, seal, write_arrays
from tokens import load_tokenizer
from training import device, train

RECIPE = {
    "seed": 1,
    "batch": 32,
    "augmented": 0.35,  # new texts per text
    "label_weight": 0.5,
    "dropout": 0.05,
    "learning_rate": 1e-4,
    "layer_decay": 1.0,
    "warm_up": 0.08,
    "weight_decay": 0.01,
    "threads": 1,
}
# Which of the teacher's layers (from 1) a student's layers start from, and which ones' outputs they learn.
START = {3: (1, 3, 6), 4: (1, 3, 4, 6)}
LEARN = {3: (2, 4, 6), 4: (2, 3, 5, 6)}


def load(arrays, layers, dropout=0.0):
    model = Classifier(Config(vocab=len(arrays["embeddings.word.weight"]), layers=layers, dropout=dropout))
    assert not model.load_arrays(arrays)
    return model


def student_start(arrays, layers):
    """The teacher's weights without the layers that the student has not."""
    kept = {name: array for name, array in arrays.items() if not name.startswith("encoder.layer.")}
    for ours, theirs in enumerate(START[layers]):
        prefix = f"encoder.layer.{theirs - 1}."
        found = {name: array for name, array in arrays.items() if name.startswith(prefix)}
        kept |= {name.replace(prefix, f"encoder.layer.{ours}."): array for name, array in found.items()}
    return kept


def training_texts(args, tokenizer, table, recipe):
    """SST-2 and GoEmotions with their labels, the ambiguous rows of GoEmotions and the augmented texts without. `polar` of
    an augmented text is that of what it was made from."""
    labelled = labelled_train(args, tokenizer)
    ambiguous = [row for row in sources.goemotions(args.data, sources.GOEMOTIONS_TRAIN) if row[1] is None]
    texts = labelled + examples(tokenizer, ambiguous, False)
    rng = torch.Generator().manual_seed(recipe["seed"])
    chosen = torch.randperm(len(texts), generator=rng)[: int(recipe["augmented"] * len(texts))].tolist()
    new = Augmenter(table, tokenizer).augmented([texts[i].text for i in chosen], recipe["seed"])
    augmented = examples(tokenizer, [(text, None) for text in new], False)
    return texts + [replace(example, polar=texts[i].polar) for example, i in zip(augmented, chosen)]


def logit_loss(student, teacher):
    """Kullback-Leibler divergence of the student's classes from the teacher's, [B, labels] → scalar."""
    return F.kl_div(student.log_softmax(1), teacher.log_softmax(1), reduction="batchmean", log_target=True)


def hidden_loss(student, teacher, mask):
    """Mean squared error over real positions, in units of the teacher's variance. [B, S, H] each, S = 1 at the end."""
    real = mask[:, : student.shape[1], None].float()
    error = ((student - teacher).square() * real).sum() / real.sum()
    return error / ((teacher - teacher.mean(2, keepdim=True)).square() * real).sum() * real.sum()


def attention_loss(student, teacher, mask):
    """Divergence of attention, mean over heads and real queries. Masked scores [B, A, S or 1, S]."""
    divergence = F.kl_div(student.log_softmax(3), teacher.log_softmax(3), reduction="none", log_target=True).sum(3)
    real = mask[:, None, : student.shape[2]].float()
    return (divergence * real).sum() / real.sum() / student.shape[1]


def distil_layers(args, layers, tokenizer, teacher_arrays, dev):
    finished = args.work / f"distilled-{layers}.npz"
    recipe = {**RECIPE, "layers": layers, "teacher": seal(args.work / "teacher.npz")}
    if made(finished, recipe):
        return
    teacher = load(teacher_arrays, 6).eval().to(device())
    model = load(student_start(teacher_arrays, layers), layers, RECIPE["dropout"])
    texts = training_texts(args, tokenizer, teacher_arrays["embeddings.word.weight"], RECIPE)

    def loss_of(batch, ids, mask):
        with torch.no_grad():
            shown = teacher(ids, mask)
        ours = model(ids, mask)
        logits = logit_loss(ours.logits, shown.logits)
        hidden = sum(hidden_loss(ours.hidden[i], shown.hidden[t], mask) for i, t in enumerate(LEARN[layers], 1))
        pairs = [(ours.scores[i], shown.scores[t - 1]) for i, t in enumerate(LEARN[layers])]
        attention = sum(attention_loss(mine, theirs, mask) for mine, theirs in pairs)
        loss = logits + (hidden + attention) / layers
        if any(example.label is not None for example in batch):
            loss = loss + RECIPE["label_weight"] * label_loss(ours.logits, batch)
        return loss, {"logits": logits.item(), "hidden": hidden.item(), "attention": attention.item()}

    checkpoint = args.work / f"distilled-{layers}.pt"
    train(model, [texts], loss_of, recipe, checkpoint, lambda: dev_scores(model, dev))
    write_arrays(finished, model.arrays(), recipe)
    checkpoint.unlink()


def distil(args):
    tokenizer = load_tokenizer()
    teacher_arrays, dev = read_arrays(args.work / "teacher.npz"), labelled_dev(args, tokenizer)
    for layers in sorted({layers for layers, _ in args.candidates if layers in START}):
        distil_layers(args, layers, tokenizer, teacher_arrays, dev)
