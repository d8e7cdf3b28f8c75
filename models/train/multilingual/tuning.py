"""The first epoch, from the pretrained weights: the encoder learns the task, already with the runtime's rounding. Its
weights are kept in float32, because they have moved away from the scales that fitted the pretrained ones: the student,
which starts from them, fits new scales."""

import torch
from encoder import Encoder
from files import was_made_by, write_arrays
from rounding import TABLE
from student import train_rounded
from vocabulary import load_cut_tokenizer

from multilingual import e5, model, sources

# In this order: a text, its translation, a text about something else. e5 reads all with this prefix.
TEXTS = ["query: 这部电影很好看", "query: The movie is good", "query: The meeting is at three"]


def check_pretrained(args):
    """The whole network with our vocabulary must be e5 and not something near it, which would still train: a
    translation must lie closer than a text about something else."""
    weights, tokenizer = model.pretrained(args, e5.LAYERS), load_cut_tokenizer(args)
    network = Encoder(model.config(len(weights[TABLE]), e5.LAYERS, dropout=0.0))
    network.load_arrays(weights)
    network.eval()
    means = []
    with torch.no_grad():
        for encoding in tokenizer.encode_batch(TEXTS):
            ids = torch.tensor([encoding.ids])
            hidden = network.hidden(ids, torch.ones_like(ids), all_positions=True)[-1]
            means.append(torch.nn.functional.normalize(hidden[0].mean(0), dim=0))
    near, far = float(means[0] @ means[1]), float(means[0] @ means[2])
    if not near > far + 0.1:
        raise SystemExit(f"{sources.WEIGHTS['file']}: similarities {near:.3f} and {far:.3f} are not this model's")


def tune(args):
    finished, recipe = model.tuned(args), model.recipe_of(args, model.TUNE)
    if was_made_by(finished, recipe):
        return
    check_pretrained(args)
    corpora, checkpoint = model.corpora(args.data), finished.with_suffix(".pt")
    tuned, _ = train_rounded(
        args, corpora, model.pretrained(args, args.layers), [model.epoch(corpora, model.TUNE)], checkpoint, recipe
    )
    write_arrays(finished, tuned.arrays(), recipe)
    checkpoint.unlink()
