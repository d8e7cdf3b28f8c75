"""The stage `student`: an encoder with 4-bit weights, trained with the runtime's rounding in the network (quantisation-
aware training, Jacob et al. 2018). The description of the model, english.py or multilingual/model.py, says which
weights the student starts from and what it learns."""

import torch
from encoder import Encoder
from files import was_made_by, write_arrays
from quantisation import round_positions
from rounding import TABLE, block_scales_of, round_in_network, shipped_arrays
from training import fast_precision, log, train
from vocabulary import load_cut_tokenizer

from examples import to_examples

POSITIONS = "embeddings.position.weight"


def train_rounded(args, corpora, arrays, texts, checkpoint, recipe):
    """Trains an encoder with the runtime's rounding → (model with f32 weights, the scales of its blocks).

    arrays: the weights to start from, {name: array}; heads may be missing, also that of the embedding; the position
        table is replaced.
    texts: for each epoch a list of `Text`. checkpoint, recipe: see `training.train`.
    """
    description, tokenizer = args.description, load_cut_tokenizer(args)
    epochs = [to_examples(tokenizer, epoch) for epoch in texts]
    arrays[POSITIONS] = round_positions(arrays[POSITIONS])
    scales = block_scales_of(arrays)
    torch.manual_seed(recipe["seed"])  # for heads that are not in `arrays`, which start at random
    model = Encoder(description.config(len(arrays[TABLE]), args.layers, recipe["dropout"]))
    missing = model.load_arrays(arrays)
    assert all(name.startswith(("heads.", "embedding.")) for name in missing), missing
    model.embeddings.position.weight.requires_grad_(False)
    round_in_network(model, scales)
    loss_of = description.loss(args, corpora, epochs, model, recipe)

    def evaluate(step):
        return description.scores(model, tokenizer, corpora, args.data)

    # The accuracy that rounding alone costs. With a random head there is nothing to measure.
    if not checkpoint.exists() and not missing:
        model.eval().precision = fast_precision()
        log(checkpoint.with_suffix(".jsonl"), event="rounded, not yet trained", **evaluate(0))
    train(model, epochs, loss_of, recipe, checkpoint, evaluate, evaluations=3)
    return model, scales


def student(args):
    """The stage: writes student.npz."""
    description, finished = args.description, args.student.with_suffix(".npz")
    recipe, checkpoint = description.recipe(args), args.student.with_suffix(".pt")
    if was_made_by(finished, recipe):
        return
    corpora, start = description.corpora(args.data), description.start(args)
    model, scales = train_rounded(args, corpora, start, description.epochs(corpora), checkpoint, recipe)
    write_arrays(finished, shipped_arrays(model.arrays(), scales), recipe)
    checkpoint.unlink()
