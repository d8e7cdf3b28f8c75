"""The stage `teacher`: encoders fine-tuned in float32 for all heads at once, with the labels of every corpus.

`minilm` is a teacher, and the student starts from its weights. So it has the student's tokenizer and learns the
original's sentence embedding. `mpnet` is larger and a teacher only. It keeps the source's vocabulary, which has no
emoji, and reads texts without them."""

from dataclasses import replace

import judge
import losses
import mpnet
import numpy as np
import pretrained
import sources
import torch
from encoder import Config, Encoder
from epochs import draw, mixed_epoch
from files import read_arrays, read_seal, sha256, was_made_by, write_arrays
from splits import Corpora
from tokens import load_source_tokenizer, pad
from training import MAX_TOKENS, fast_precision, train
from vocabulary import cut_table, load_cut_tokenizer, table_rows, tokenizer_path, without_emoji

from examples import targets, to_examples
from inference import outputs

MINILM = {
    "seed": 1,
    "batch": 64,
    "learning_rate": 1.2e-4,
    "layer_decay": 0.92,
    "head_rate": 4.0,
    "table_rate": 0.5,
    "warm_up": 0.06,
    "weight_decay": 0.01,
    "epochs": 1,
}
MPNET = {
    "seed": 2,
    "batch": 64,
    "learning_rate": 5e-5,
    "layer_decay": 0.92,
    "head_rate": 10.0,
    "table_rate": 0.5,
    "warm_up": 0.06,
    "weight_decay": 0.01,
    "frozen": 6,  # the lowest layers, and the embeddings
    # How many texts of a corpus are drawn; corpora that are not named are taken whole.
    "texts": {
        "sst2": 24_000,
        "semeval17_4A-train_all": 15_000,
        "goemotions": 24_000,
        "nltk-pros_cons": 1000,
        "paradetox": 5000,
        "toxicspans": 2500,
        "toxigen": 4000,
        "implicit-hate": 6000,
        "vader-nytEditorialSnippets": 2500,
        "dmaste-reviews": 1500,
    },
    # Fewest words of a text. Most of SST-2's training texts are parts of sentences; its dev set has whole sentences.
    "shortest": {"sst2": 7},
    # Copies of each text, of corpora that are taken whole.
    "copies": {"written": 3, "written-toxicity": 2},
}
# A second run, from the weights of the first, at a lower rate: more of the written texts, and fewer others.
MPNET_AGAIN = {
    **MPNET,
    "seed": 12,
    "learning_rate": 3e-5,
    "texts": {
        "sst2": 12_000,
        "semeval17_4A-train_all": 7000,
        "goemotions": 10_000,
        "nltk-pros_cons": 500,
        "paradetox": 2500,
        "toxicspans": 1200,
        "toxigen": 3000,
        "implicit-hate": 5000,
        "vader-nytEditorialSnippets": 1000,
        "vader-tweets": 1500,
        "vader-amazonReviewSnippets": 1500,
        "taeckstroem-finegrained": 1500,
        "senti4sd-train3098itemPOLARITY": 1000,
        "dmaste-reviews": 1000,
    },
    "copies": {"written": 2, "written-toxicity": 2},
}
MPNET_FIRST = "teacher-mpnet-first.npz"
EVALUATIONS = {"minilm": 4, "mpnet": 2}


def check_pretrained(model, tokenizer):
    """Stops the run unless the network computes like all-MiniLM-L6-v2: see pretrained.py."""

    def last_layer(ids, mask):
        return model.hidden(ids, mask, all_positions=True)[-1]

    model.eval()
    sequences = [encoding.ids for encoding in tokenizer.encode_batch(pretrained.ENGLISH)]
    near, far = pretrained.similarities(last_layer, sequences)
    if not near > 0.75 or not far < 0.2:
        raise SystemExit(f"{sources.WEIGHTS['file']}: similarities {near:.3f} and {far:.3f} are not this model's")


def pretrained_minilm(args):
    """The original's encoder with the rows of our vocabulary. Heads and embedding start at random."""
    rows = table_rows(args)
    weights = sources.encoder_weights()
    weights["embeddings.word.weight"] = cut_table(weights["embeddings.word.weight"], rows)
    model = Encoder(Config(vocab=len(rows)))
    missing = model.load_arrays(weights)
    assert all(name.startswith(("heads.", "exits.", "embedding.")) for name in missing), missing
    check_pretrained(model, load_cut_tokenizer(args))
    return model


def fit_embedding(model, tokenizer, texts, ridge=1e-2):
    """Sets the embedding head to the linear map from the features to the original's embedding that has the least
    squared error on these strings (ridge regression)."""
    model.eval()
    original = judge.Original()
    features = outputs(model, tokenizer, texts, lambda output: output.features).astype(np.float64)
    wanted = outputs(original, original.tokenizer, texts, lambda embedding: embedding).astype(np.float64)
    mean = features.mean(0)
    centred = features - mean
    moment = centred.T @ centred
    moment += ridge * np.trace(moment) / len(moment) * np.eye(len(moment))
    weight = np.linalg.solve(moment, centred.T @ (wanted - wanted.mean(0))).T
    model.embedding.weight.data = torch.from_numpy(weight.astype(np.float32))
    model.embedding.bias.data = torch.from_numpy((wanted.mean(0) - weight @ mean).astype(np.float32))


def source_ids_of(examples):
    """{string: ids in the source's vocabulary}, for the original's embedding of these examples."""
    unique = sorted({example.text.text for example in examples})
    encoded = load_source_tokenizer().encode_batch([without_emoji(text) for text in unique])
    return {text: e.ids[:MAX_TOKENS] for text, e in zip(unique, encoded, strict=True)}


def original_embeddings(original, source_ids, batch):
    """The original's sentence embeddings of a list of examples, f32 [B, H]."""
    ids, mask = (torch.from_numpy(a) for a in pad([source_ids[e.text.text] for e in batch]))
    return original(ids, mask)


def train_minilm(args, corpora, finished, recipe):
    tokenizer, epochs = load_cut_tokenizer(args), []
    for epoch in range(recipe["epochs"]):
        epochs.append(to_examples(tokenizer, mixed_epoch(corpora, recipe["seed"] + epoch)))
    source_ids = source_ids_of([example for epoch in epochs for example in epoch])
    original = judge.Original(fast_precision())
    torch.manual_seed(recipe["seed"])  # for the heads, which start at random
    model = pretrained_minilm(args)
    if not finished.with_suffix(".pt").exists():
        fit_embedding(
            model, tokenizer, [text.text for text in corpora.unlabelled[:: len(corpora.unlabelled) // 3000 + 1]]
        )

    def loss_of(batch, ids, mask):
        output = model(ids, mask)
        loss, parts = losses.label_loss(output, targets(batch))
        embedding = losses.embedding_loss(output.embedding, original_embeddings(original, source_ids, batch))
        return loss + losses.EMBEDDING_WEIGHT * embedding, parts | {"embedding": float(embedding.detach())}

    def evaluate(step):
        return judge.encoder_scores(model, tokenizer, corpora, args.data)

    train_and_write(model, epochs, loss_of, recipe, finished, evaluate, EVALUATIONS["minilm"])


def mpnet_texts(corpora, recipe):
    """The texts of one run of the larger teacher: fewer than MiniLM's, because a step takes several times as long."""
    rng = np.random.default_rng(recipe["seed"])
    limited, shortest, copies = recipe["texts"], recipe["shortest"], recipe["copies"]
    texts = [text for text in corpora.train if len(text.text.split()) >= shortest.get(text.corpus, 0)]
    whole = [text for text in texts if text.corpus not in limited for _ in range(copies.get(text.corpus, 1))]
    return whole + draw(texts, limited, rng) + draw(corpora.unlabelled, {"yelp": 1500, "dialogue": 1500}, rng)


def pretrained_mpnet(work, tokenizer):
    model = mpnet.load_pretrained(work)
    mpnet.check_pretrained(model, tokenizer)
    return model


def first_mpnet(work, tokenizer):
    model = mpnet.Mpnet()
    model.load_arrays(read_arrays(work / MPNET_FIRST))
    return model


def train_mpnet(args, corpora, finished, recipe, start):
    """One of two runs; start(work folder, tokenizer) → the model to start from."""
    tokenizer = load_source_tokenizer()
    texts = [text for text in mpnet_texts(corpora, recipe) if without_emoji(text.text)]
    epoch = [replace(e, ids=mpnet.ids_of(e.ids)) for e in to_examples(tokenizer, texts, without_emoji)]
    torch.manual_seed(recipe["seed"])
    model = start(args.work, tokenizer)
    model.freeze(recipe["frozen"])

    def loss_of(batch, ids, mask):
        return losses.label_loss(model(ids, mask), targets(batch))

    def evaluate(step):
        return judge.dev_scores(model, tokenizer, corpora, args.data, preprocess=without_emoji, ids_of=mpnet.ids_of)

    train_and_write(model, [epoch], loss_of, recipe, finished, evaluate, EVALUATIONS["mpnet"])


def train_and_write(model, epochs, loss_of, recipe, finished, evaluate, evaluations):
    """Trains by `training.train`, writes the weights to the path `finished`, and deletes the checkpoint."""
    checkpoint = finished.with_suffix(".pt")
    train(model, epochs, loss_of, recipe, checkpoint, evaluate, evaluations)
    write_arrays(finished, model.arrays(), recipe)
    checkpoint.unlink()


def teach_minilm(args):
    recipe = {**MINILM, "tokenizer": sha256(tokenizer_path(args)) if tokenizer_path(args).exists() else None}
    finished = args.work / "teacher-minilm.npz"
    if not was_made_by(finished, recipe):
        train_minilm(args, Corpora(args.data), finished, recipe)


def teach_mpnet(args):
    first, finished = args.work / MPNET_FIRST, args.work / "teacher-mpnet.npz"
    recipe = {**MPNET, "from": sources.MPNET["sha256"], "written": sources.WRITTEN["sha256"]}
    if not was_made_by(first, recipe):
        train_mpnet(args, Corpora(args.data), first, recipe, pretrained_mpnet)
    recipe = {**MPNET_AGAIN, "from": read_seal(first), "written": sources.WRITTEN["sha256"]}
    if not was_made_by(finished, recipe):
        train_mpnet(args, Corpora(args.data), finished, recipe, first_mpnet)


def teacher(args):
    """The stage: trains both teachers, or the one that --encoder names."""
    teach = {"minilm": teach_minilm, "mpnet": teach_mpnet}
    for name in [args.encoder] if args.encoder else teach:
        teach[name](args)
