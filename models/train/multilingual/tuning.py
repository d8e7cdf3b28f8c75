"""The first epoch, from the pretrained weights: the encoder learns the task, already with the runtime's rounding. Its
weights are kept in float32, because they have moved away from the scales that fitted the pretrained ones: the student,
which starts from them, fits new scales."""

from files import made, write_arrays
from student import train_rounded

from multilingual import model


def tune(args):
    finished, recipe = model.tuned(args), model.recipe_of(args, model.TUNE)
    if made(finished, recipe):
        return
    corpora, checkpoint = model.corpora(args.data), finished.with_suffix(".pt")
    tuned, _ = train_rounded(
        args, corpora, model.pretrained(args), [model.epoch(corpora, model.TUNE)], checkpoint, recipe
    )
    write_arrays(finished, tuned.arrays(), recipe)
    checkpoint.unlink()
