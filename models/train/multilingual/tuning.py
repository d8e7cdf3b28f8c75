"""The stage `tune`, the first epoch: starts from the pretrained weights and learns the task, already with the runtime's
rounding. The result is kept in float32, because the weights have moved away from the scales that fitted the pretrained
ones: the student, which starts from them, fits new scales."""

import pretrained
from files import was_made_by, write_arrays
from student import train_rounded
from vocabulary import load_cut_tokenizer

from multilingual import model, sources

# A text, its translation, and a text about something else, with the prefix that e5 was trained with.
TEXTS = ["query: 这部电影很好看", "query: The movie is good", "query: The meeting is at three"]


def check_pretrained(args):
    """Stops the run unless the network of all twelve layers, with our vocabulary, computes like e5: see
    pretrained.py."""
    network, tokenizer = model.whole_pretrained(args), load_cut_tokenizer(args)

    def last_layer(ids, mask):
        return network.hidden(ids, mask, all_positions=True)[-1]

    sequences = [encoding.ids for encoding in tokenizer.encode_batch(TEXTS)]
    near, far = pretrained.similarities(last_layer, sequences)
    if not near > far + 0.1:
        raise SystemExit(f"{sources.WEIGHTS['file']}: similarities {near:.3f} and {far:.3f} are not this model's")


def tune(args):
    """The stage: writes tuned.npz. Does nothing with `--from`, because the student then starts from that folder."""
    if args.base:
        return
    finished, recipe = model.tuned_file(args), model.complete_recipe(args, model.TUNE, sources.WEIGHTS["sha256"])
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
