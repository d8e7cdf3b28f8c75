"""Stage 1: fine-tune the pretrained encoder on SST-2. Can be killed at any moment and continues where it was."""

import json
import time

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F

import sources
from encoder import Classifier
from files import whole, write_arrays
from tokens import batches, load_tokenizer, pad

RECIPE = {
    "seed": 20240,
    "epochs": 2,
    "batch": 32,
    "learning_rate": 5e-5,
    "warm_up": 0.06,
    "weight_decay": 0.01,
    "threads": 2,  # sums are split between them, so the weights depend on it
}
SECONDS_BETWEEN_CHECKPOINTS = 60
# The network must be the pretrained one and not something near it.
MAX_HIDDEN_STATE_ERROR = 1e-4


def pretrained(tokenizer):
    """The network with the source's weights, and its error against onnxruntime on the source's own graph."""
    torch.manual_seed(RECIPE["seed"])
    model = Classifier()
    missing = model.load_arrays(sources.encoder_weights())
    assert missing == ["classifier.weight", "classifier.bias"], missing
    model.eval()
    texts = ["a short one", "and one that goes on for rather longer than that"]
    ids, mask = pad([e.ids for e in tokenizer.encode_batch(texts)])
    session = onnxruntime.InferenceSession(sources.packaged(sources.WEIGHTS), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {"input_ids": ids, "attention_mask": mask})
    expected = next(o for o in outputs if o.shape == (*ids.shape, model.config.hidden))
    with torch.no_grad():
        actual = model.hidden_states(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    error = float(np.abs(actual - expected)[mask == 1].max())
    if error > MAX_HIDDEN_STATE_ERROR:
        raise SystemExit(f"hidden states differ from the source model's by {error:.2e}, over {MAX_HIDDEN_STATE_ERROR}")
    return model, error


def order(lengths, epoch):
    """This epoch's batches: shuffled, then sorted by length within blocks so that little is padding."""
    rng, size = np.random.default_rng((RECIPE["seed"], epoch)), RECIPE["batch"]
    shuffled = rng.permutation(len(lengths))
    blocks = np.array_split(shuffled, len(lengths) // (size * 50) + 1)
    blocks = [sorted(block, key=lambda i: lengths[i]) for block in blocks]
    found = [block[i : i + size] for block in blocks for i in range(0, len(block), size)]
    return [found[i] for i in rng.permutation(len(found))]


def accuracy(model, encoded, labels):
    model.eval()
    with torch.no_grad():
        right = 0
        for batch in batches(encoded, 64):
            ids, mask = map(torch.from_numpy, pad([encoded[i] for i in batch]))
            right += int((model(ids, mask).argmax(1).numpy() == labels[batch]).sum())
    return right / len(labels)


def optimizer_for(trained):
    """AdamW; norms and biases do not decay."""
    decayed = [p for p in trained.values() if p.ndim > 1]
    plain = [p for p in trained.values() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": RECIPE["weight_decay"]}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=RECIPE["learning_rate"])


def rate(step, steps):
    """Linear warm-up, then linear decay to zero."""
    warm_up = int(RECIPE["warm_up"] * steps)
    return RECIPE["learning_rate"] * min((step + 1) / warm_up, (steps - step) / (steps - warm_up))


def finetune(args):
    torch.set_num_threads(RECIPE["threads"])
    torch.use_deterministic_algorithms(True)
    tokenizer = load_tokenizer()
    model, error = pretrained(tokenizer)

    def encoded(source):
        texts, labels = zip(*sources.sentences(args.data, source))
        return [e.ids for e in tokenizer.encode_batch(texts)], np.array(labels)

    (train, train_labels), dev = encoded(sources.TRAIN), encoded(sources.DEV)
    # Freezing the word embeddings halves the time and keeps words that SST-2 never shows where they were.
    model.embeddings.word.requires_grad_(False)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = optimizer_for(trained)
    lengths = [len(ids) for ids in train]
    plan = [batch for epoch in range(RECIPE["epochs"]) for batch in order(lengths, epoch)]
    steps, per_epoch = len(plan), len(plan) // RECIPE["epochs"]

    args.work.mkdir(parents=True, exist_ok=True)
    checkpoint, log_file = args.work / "finetune.pt", args.work / "finetune.jsonl"
    first, seconds = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        if state["recipe"] != RECIPE:
            raise SystemExit(f"{checkpoint} has another recipe, {state['recipe']}: delete it or choose another --work")
        model.load_state_dict(state["model"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        first, seconds = state["step"], state["seconds"]

    def save(step, seconds):
        with whole(checkpoint) as file:
            weights = {name: p.detach() for name, p in trained.items()}
            progress = {"recipe": RECIPE, "step": step, "seconds": seconds, "rng": torch.get_rng_state()}
            torch.save({**progress, "model": weights, "optimizer": optimizer.state_dict()}, file)

    def log(**event):
        with log_file.open("a") as file:
            file.write(json.dumps(event) + "\n")
        print(" ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in event.items()), flush=True)

    log(event="start", step=first, steps=steps, sentences=len(train), hidden_state_error=error)
    began, saved, losses = time.monotonic() - seconds, time.monotonic(), []
    for step in range(first, steps):
        model.train()
        ids, mask = map(torch.from_numpy, pad([train[i] for i in plan[step]]))
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        loss = F.cross_entropy(model(ids, mask), torch.from_numpy(train_labels[plan[step]]))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        done, seconds = step + 1, time.monotonic() - began
        if done % 100 == 0:
            left = seconds / done * (steps - done)
            log(step=done, steps=steps, loss=float(np.mean(losses)), minutes=seconds / 60, minutes_left=left / 60)
            losses.clear()
        if done % per_epoch == 0:
            log(event="dev", step=done, accuracy=accuracy(model, *dev))
        if done == steps or time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
            save(done, seconds)
            saved = time.monotonic()

    write_arrays(args.work / "finetuned.npz", {name: p.detach().numpy() for name, p in model.named_parameters()})
    log(event="done", minutes=seconds / 60, dev_accuracy=accuracy(model, *dev))
