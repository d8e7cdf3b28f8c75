"""One training run: seeded, logged, and resumed from its last checkpoint with the same bits as an uninterrupted run."""

import json
import os
import time

import numpy as np
import torch
from files import read_sealed, write_sealed
from tokens import pad

SECONDS_BETWEEN_CHECKPOINTS = 120
STEPS_BETWEEN_LOGS = 50
# Longer texts are truncated in training. Few are longer.
MAX_TOKENS = 96


def fast_precision():
    """The type of the activations: bfloat16 where the processor has instructions for its matrix products, about ten
    times as fast as float32 with AMX, twice with AVX-512 BF16. Without them bfloat16 takes three times as long as
    float32. Weights, their gradients and the optimiser's state stay in float32."""
    has_instructions = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if has_instructions else torch.float32


def threads():
    """LITMUS_THREADS, by default one: on a shared machine, threads that wait for each other are slower than one."""
    return int(os.environ.get("LITMUS_THREADS", 1))


def log(path, **event):
    """Appends the event to a file of JSON lines and prints it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(event) + "\n")
    print(" ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in event.items()), flush=True)


def shuffled_batches(lengths, size, seed):
    """The batches of one epoch, lists of `size` indices: shuffled, but sorted by length within blocks of about 50
    batches, so that texts of a batch have similar lengths and need little padding."""
    rng = np.random.default_rng(seed)
    blocks = np.array_split(rng.permutation(len(lengths)), len(lengths) // (size * 50) + 1)
    blocks = [sorted(block, key=lambda i: lengths[i]) for block in blocks]
    batches = [block[i : i + size] for block in blocks for i in range(0, len(block), size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def parameter_groups(model, recipe):
    """(groups with dense gradients, groups with sparse gradients), one parameter each.

    The learning rate falls by the factor `layer_decay` per layer from the top (Howard and Ruder 2018); `head_rate` and
    `table_rate` are factors for the heads and the word table. Vectors (norms, biases) have no weight decay, and neither
    has the word table: decay would also shrink the rows of words that no text of the batch has."""
    layers = model.config.layers
    dense, sparse = [], []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = recipe["learning_rate"]
        if name.startswith("encoder"):
            rate *= recipe["layer_decay"] ** (layers - int(name.split(".")[2]) - 1)
        elif name.startswith(("heads", "exits", "embedding.")):
            rate *= recipe["head_rate"]
        else:
            rate *= recipe["layer_decay"] ** layers
        if name == "embeddings.word.weight":
            rate = recipe["table_rate"] * recipe["learning_rate"]
        group = {"params": [parameter], "lr": rate, "peak": rate}
        if name == "embeddings.word.weight":
            sparse.append(group)
        else:
            dense.append({**group, "weight_decay": recipe["weight_decay"] if parameter.ndim > 1 else 0.0})
    return dense, sparse


def schedule(step, steps, warm_up):
    """The fraction of the peak learning rate at a step: linear warm-up over the fraction `warm_up` of the steps, then
    linear decay to zero."""
    warm_up = max(1, int(warm_up * steps))
    return min((step + 1) / warm_up, (steps - step) / (steps - warm_up))


def train(model, epochs, loss_of, recipe, checkpoint, evaluate, evaluations=2):
    """Trains `model`, from the checkpoint if there is one, and leaves it in evaluation mode.

    epochs: for each epoch a list of examples, each with `ids`.
    loss_of(examples, ids, mask) → (loss, {name: float} for the log), with ids and mask int64 [B, S].
    recipe: seed, batch (texts), learning_rate, layer_decay, head_rate, table_rate, warm_up, weight_decay; other entries
    are only compared with those of the checkpoint.
    checkpoint: a path; the log is beside it, with the suffix .jsonl.
    evaluate(step) → {name: float}, called `evaluations` times and logged. No result of it changes the training.
    """
    torch.set_num_threads(threads())
    torch.use_deterministic_algorithms(True)
    # Deterministic mode fills new memory, in 7 % of a step's time. No step reads memory that it has not written.
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.manual_seed(recipe["seed"])
    log_file = checkpoint.with_suffix(".jsonl")
    model.precision = fast_precision()
    dense, sparse = parameter_groups(model, recipe)
    optimizers = [torch.optim.AdamW(dense, fused=True)] + ([torch.optim.SparseAdam(sparse)] if sparse else [])
    # Without the word table: its sparse gradients are not clipped.
    clipped = [p for group in dense for p in group["params"]]
    plan = []
    for number, examples in enumerate(epochs):
        lengths = [len(example.ids) for example in examples]
        plan += [(number, batch) for batch in shuffled_batches(lengths, recipe["batch"], (recipe["seed"], number))]
    steps, first, seconds = len(plan), 0, 0.0  # `seconds`: time of all steps so far, in this and earlier processes
    if checkpoint.exists():
        state = torch.load(read_sealed(checkpoint), weights_only=True)
        if state["recipe"] != recipe:
            raise SystemExit(f"{checkpoint} has another recipe, {state['recipe']}: delete it or choose another --work")
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        torch.set_rng_state(state["rng"])
        first, seconds = state["step"], state["seconds"]

    def save(step):
        state = {"recipe": recipe, "step": step, "seconds": seconds, "rng": torch.get_rng_state()}
        state |= {"model": model.state_dict(), "optimizers": [optimizer.state_dict() for optimizer in optimizers]}
        write_sealed(checkpoint, lambda file: torch.save(state, file))

    log(log_file, event="start", step=first, steps=steps, precision=str(model.precision))
    # Times of the end of the last step, of the last checkpoint and of the last line in the log.
    before = saved = logged = time.monotonic()
    step_losses, tokens = [], 0  # since the last line in the log
    for step in range(first, steps):
        model.train()
        number, batch = plan[step]
        examples = [epochs[number][i] for i in batch]
        ids, mask = (torch.from_numpy(a) for a in pad([e.ids[:MAX_TOKENS] for e in examples]))
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * schedule(step, steps, recipe["warm_up"])
            optimizer.zero_grad()
        loss, parts = loss_of(examples, ids, mask)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(clipped, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        step_losses.append({"loss": loss.item(), **parts})
        tokens += int(mask.sum())
        done, now = step + 1, time.monotonic()
        seconds, before = seconds + now - before, now
        if done % STEPS_BETWEEN_LOGS == 0 or done == steps:
            means = {name: float(np.mean([losses[name] for losses in step_losses])) for name in step_losses[0]}
            means["tokens_per_second"] = tokens / (now - logged)
            left = seconds / done * (steps - done)
            log(log_file, step=done, steps=steps, **means, seconds=seconds, seconds_left=left)
            step_losses, tokens, logged = [], 0, now
        if done == steps or now - saved > SECONDS_BETWEEN_CHECKPOINTS:
            save(done)
            saved = time.monotonic()
        # Depends on the step alone, so that a resumed run evaluates at the same steps.
        if done == steps or done % (steps // evaluations + 1) == 0:
            model.eval()
            log(log_file, event="evaluation", step=done, **evaluate(done))
        # Checkpoints and evaluations are not part of the time of the steps.
        pause = time.monotonic() - now
        before, logged = before + pause, logged + pause
    model.eval()
