"""The first epoch, from the pretrained weights: the encoder learns the task, already with the runtime's rounding. Its
weights are kept in float32, because they have moved away from the scales that fitted the pretrained ones: the student,
which starts from them, fits new scales."""

import pretrained
from encoder import Encoder
from files import was_made_by, write_arrays
from rounding import TABLE
from student import train_rounded
from vocabulary import load_cut_tokenizer

from multilingual import e5, model, sources

# In this order: a text, its translation, a text about something else. e5 reads all with this prefix.
TEXTS = ["query: 这部电影很好看", "query: The movie is good", "query: The meeting is at three"]


def check_pretrained(args):
    """Stops the run unless the network of all twelve layers, with our vocabulary, computes like e5: see
    pretrained.py."""
    weights, tokenizer = model.pretrained_weights(args, e5.LAYERS), load_cut_tokenizer(args)
    network = Encoder(model.config(len(weights[TABLE]), e5.LAYERS, dropout=0.0))
    network.load_arrays(weights)
    network.eval()

    def last_layer(ids, mask):
        return network.hidden(ids, mask, all_positions=True)[-1]

    sequences = [encoding.ids for encoding in tokenizer.encode_batch(TEXTS)]
    near, far = pretrained.similarities(last_layer, sequences)
    if not near > far + 0.1:
        raise SystemExit(f"{sources.WEIGHTS['file']}: similarities {near:.3f} and {far:.3f} are not this model's")


def tune(args):
    finished, recipe = model.tuned(args), model.recipe_of(args, model.TUNE)
    if was_made_by(finished, recipe):
        return
    check_pretrained(args)
    corpora, checkpoint = model.corpora(args.data), finished.with_suffix(".pt")
    tuned, _ = train_rounded(
        args,
        corpora,
        model.pretrained_weights(args, args.layers),
        [model.epoch(corpora, model.TUNE)],
        checkpoint,
        recipe,
    )
    write_arrays(finished, tuned.arrays(), recipe)
    checkpoint.unlink()
