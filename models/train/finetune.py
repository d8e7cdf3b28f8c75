"""Stage 1: fine-tune the pretrained encoder on SST-2. Can be killed at any moment and continues where it was."""

import json
import os
import time

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F

import sources
from encoder import Classifier
from tokens import batches, load_tokenizer, pad

SEED = 20240
EPOCHS = 2
BATCH = 32
LEARNING_RATE = 5e-5
WARM_UP = 0.06
WEIGHT_DECAY = 0.01
SECONDS_BETWEEN_CHECKPOINTS = 60
# The network must be the pretrained one and not something near it.
MAX_HIDDEN_STATE_ERROR = 1e-4


def pretrained(tokenizer):
    """The network with the source's weights, checked against onnxruntime on the source's own graph."""
    torch.manual_seed(SEED)
    model = Classifier()
    missing = model.load_arrays(sources.encoder_weights())
    assert missing == ["classifier.weight", "classifier.bias"], missing
    model.eval()
    ids, mask = pad([tokenizer.encode(t).ids for t in ("a short one", "and one that goes on for rather longer than that")])
    session = onnxruntime.InferenceSession(sources.packaged(sources.WEIGHTS), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {"input_ids": ids.astype(np.int64), "attention_mask": mask.astype(np.int64)})
    expected = next(o for o in outputs if o.shape == (*ids.shape, model.config.hidden))
    with torch.no_grad():
        actual = model.hidden_states(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    error = np.abs(actual - expected)[mask == 1].max()
    if error > MAX_HIDDEN_STATE_ERROR:
        raise SystemExit(f"hidden states differ from the source model's by {error:.2e}, over {MAX_HIDDEN_STATE_ERROR}")
    return model, float(error)


def order(lengths, epoch):
    """This epoch's batches: shuffled, then sorted by length within blocks so that little is padding."""
    rng = np.random.default_rng((SEED, epoch))
    shuffled = rng.permutation(len(lengths))
    blocks = [sorted(block, key=lambda i: lengths[i]) for block in np.array_split(shuffled, len(lengths) // (BATCH * 50) + 1)]
    found = [block[i : i + BATCH] for block in blocks for i in range(0, len(block), BATCH)]
    return [found[i] for i in rng.permutation(len(found))]


def accuracy(model, encoded, labels):
    model.eval()
    with torch.no_grad():
        right = sum(
            int((model(*map(torch.from_numpy, pad([encoded[i] for i in batch]))).argmax(1).numpy() == labels[batch]).sum())
            for batch in batches(encoded, 64)
        )
    return right / len(labels)


def save(path, **state):
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def finetune(args):
    torch.set_num_threads(2)  # the sums depend on it
    torch.use_deterministic_algorithms(True)
    tokenizer = load_tokenizer()
    model, error = pretrained(tokenizer)
    train, dev = sources.sentences(args.data, sources.TRAIN), sources.sentences(args.data, sources.DEV)
    encode = lambda rows: [e.ids for e in tokenizer.encode_batch([text for text, _ in rows])]
    train_ids, train_labels = encode(train), np.array([label for _, label in train])
    dev_ids, dev_labels = encode(dev), np.array([label for _, label in dev])

    # Freezing the word embeddings halves the time and keeps words that SST-2 never shows where they were.
    model.embeddings.word.requires_grad_(False)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    plain = [p for name, p in trained.items() if p.ndim == 1]
    decayed = [p for name, p in trained.items() if p.ndim > 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}], lr=LEARNING_RATE)
    lengths = [len(ids) for ids in train_ids]
    plan = [batch for epoch in range(EPOCHS) for batch in order(lengths, epoch)]
    warm_up = int(WARM_UP * len(plan))
    per_epoch = len(plan) // EPOCHS

    work = args.work
    work.mkdir(parents=True, exist_ok=True)
    checkpoint, log_file = work / "finetune.pt", work / "finetune.jsonl"
    start, seconds = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        start, seconds = state["step"], state["seconds"]

    def log(**event):
        with log_file.open("a") as file:
            file.write(json.dumps(event) + "\n")
        print(" ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in event.items()), flush=True)

    log(event="start", step=start, steps=len(plan), sentences=len(train), hidden_state_error=error)
    began, saved, losses = time.monotonic() - seconds, time.monotonic(), []
    for step in range(start, len(plan)):
        model.train()
        batch = plan[step]
        ids, mask = map(torch.from_numpy, pad([train_ids[i] for i in batch]))
        rate = min((step + 1) / warm_up, (len(plan) - step) / (len(plan) - warm_up))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * rate
        loss = F.cross_entropy(model(ids, mask), torch.from_numpy(train_labels[batch]))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        done = step + 1
        seconds = time.monotonic() - began
        if done % 100 == 0:
            log(step=done, steps=len(plan), loss=float(np.mean(losses)), minutes=seconds / 60, minutes_left=seconds / done * (len(plan) - done) / 60)
            losses.clear()
        if done % per_epoch == 0:
            log(event="dev", step=done, accuracy=accuracy(model, dev_ids, dev_labels))
        if done == len(plan) or time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
            weights = {name: p.detach() for name, p in trained.items()}
            save(checkpoint, model=weights, optimizer=optimizer.state_dict(), rng=torch.get_rng_state(), step=done, seconds=seconds)
            saved = time.monotonic()

    dev_accuracy = accuracy(model, dev_ids, dev_labels)
    np.savez(work / "finetuned.npz", **{name: p.detach().numpy() for name, p in model.named_parameters()})
    log(event="done", minutes=seconds / 60, dev_accuracy=dev_accuracy)
