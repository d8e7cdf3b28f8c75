"""Runs a teacher or student on the dev sets and scores its outputs, during training and for the report.

measures.py has the measures themselves. `**encode_options` are keyword arguments of `inference.outputs`. Logits are
kept as {set: {task: f32 [texts, labels]}}; `dev` is {set: [Text]}."""

import fewshot
import measures
import numpy as np
import sources
import torch
from corpora import hate_speech
from encoder import TASKS, Encoder
from measures import auc, sentiment_scores
from tokens import load_source_tokenizer

from inference import outputs

TOXIC, HATEFUL = 0, 1  # columns of the toxicity logits
# The dev sets whose logits `scores` needs.
SETS = (
    "sst2",
    "goemotions",
    "thresholds",
    "written",
    "written-toxicity",
    "paradetox",
    "toxigen",
    "implicit-hate",
)


class Original:
    """all-MiniLM-L6-v2 as published. Its sentence embedding is what the embedding head learns."""

    def __init__(self, precision=torch.float32):
        self.tokenizer = load_source_tokenizer()
        self.model = Encoder()
        self.model.load_arrays(sources.encoder_weights())
        self.model.eval().requires_grad_(False)
        self.model.to(precision)  # the weights too, as they are not trained
        self.model.precision = precision

    def __call__(self, ids, mask):
        """The sentence embedding, f32 [B, H]: the normalised mean of the last layer's output over a text's tokens."""
        with torch.no_grad():
            hidden = self.model.hidden(ids, mask, all_positions=True)[-1].float()
            return torch.nn.functional.normalize((hidden * mask[..., None]).sum(1), dim=1)


def all_logits(output):
    """`encoder.Output` → [B, labels of all tasks]."""
    return torch.cat(list(output.logits.values()), 1)


def split_logits(rows, tasks):
    """The inverse of `all_logits`: {task: [texts, labels]}."""
    ends = np.cumsum([TASKS[task] for task in tasks])[:-1]
    return dict(zip(tasks, np.split(rows, ends, axis=1), strict=True))


def logits_of(model, tokenizer, texts, **encode_options):
    """{task: f32 [texts, labels]} of a list of `Text`."""
    rows = outputs(model, tokenizer, [text.text for text in texts], all_logits, **encode_options)
    return split_logits(rows, model.heads.keys())


def scores(logits, dev, hatecheck=None):
    """{measure: number}, all that logits of the sets in SETS give, with the scores of `hatecheck_of` if there are
    any."""
    result = {}
    for name in ("sst2", "goemotions", "written"):
        each = sentiment_scores(logits[name]["sentiment"], dev[name])
        result |= {f"{name}_{measure}": value for measure, value in each.items()}
    # The thresholds of the emotions are fitted to texts of their own, not to those that are measured.
    truth = {name: measures.multi_hot(dev[name], TASKS["emotion"]) for name in ("goemotions", "thresholds")}
    limits = measures.best_thresholds(logits["thresholds"]["emotion"], truth["thresholds"])
    f1 = measures.f1(logits["goemotions"]["emotion"] >= limits, truth["goemotions"])
    result["emotion_macro_f1"] = float(f1.mean())
    result["toxic_auc_paradetox"] = label_auc(logits["paradetox"], dev["paradetox"], TOXIC)
    for name in ("toxigen", "implicit-hate"):
        result[f"hateful_auc_{name}"] = label_auc(logits[name], dev[name], HATEFUL)
    for name, label in (("toxic", TOXIC), ("hateful", HATEFUL)):
        result[f"{name}_auc_written"] = label_auc(logits["written-toxicity"], dev["written-toxicity"], label)
    if hatecheck is not None:
        result |= hatecheck
    return result


def label_auc(logits, texts, label):
    """Area under the ROC curve of one toxicity label. `logits`: {task: [texts, labels]}."""
    labels = np.array([(text.toxic, text.hateful)[label] for text in texts])
    return auc(logits["toxicity"][:, label], labels)


def hatecheck_texts(data):
    return hate_speech(data, sources.HATECHECK, "hatecheck")


def hatecheck_of(logits, texts):
    """{measure: number} of HateCheck; the balanced accuracy is that at a probability of one half."""
    hateful, labels = logits["toxicity"][:, HATEFUL], np.array([text.hateful for text in texts])
    false_alarms, recall = measures.alarms(hateful, labels, 0.0)
    return {"hatecheck_balanced": (1 - false_alarms + recall) / 2, "hatecheck_auc": auc(hateful, labels)}


def hatecheck_scores(model, tokenizer, data, **encode_options):
    texts = hatecheck_texts(data)
    return hatecheck_of(logits_of(model, tokenizer, texts, **encode_options), texts)


def dev_scores(model, tokenizer, corpora, data, **encode_options):
    """`scores` of a model that still has to be run on the dev sets and HateCheck."""
    logits = {name: logits_of(model, tokenizer, corpora.dev[name], **encode_options) for name in SETS}
    return scores(logits, corpora.dev, hatecheck_scores(model, tokenizer, data, **encode_options))


def encoder_scores(model, tokenizer, corpora, data):
    """`dev_scores`, and the scores of the embedding head and of the features. For models with an embedding head."""
    result = dev_scores(model, tokenizer, corpora, data)
    result |= embedding_scores(model, tokenizer, corpora.dev["embedding"])
    return result | taught_scores(model, tokenizer, data)


def embedding_scores(model, tokenizer, texts):
    """How well the embedding head agrees with the original's sentence embedding: {measure: number}."""
    original = Original(model.precision)
    texts = [text.text for text in texts]

    def normalise(rows):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    ours = normalise(outputs(model, tokenizer, texts, lambda output: output.embedding))
    theirs = outputs(original, original.tokenizer, texts, lambda embedding: embedding)
    cosine, spearman, overlap = measures.embedding_agreement(ours, theirs)
    return {"embedding_cosine": cosine, "embedding_spearman": spearman, "embedding_overlap": overlap}


def taught_scores(model, tokenizer, data):
    """{measure: accuracy} of heads that are taught by few examples, on the features and on the embedding."""
    result = {}
    for name, read in (("features", lambda o: o.features), ("embedding", lambda o: o.embedding)):
        each = fewshot.taught_accuracies(lambda texts, read=read: outputs(model, tokenizer, texts, read), data)
        result |= {f"taught_{name}_{corpus}": value for corpus, value in each.items()}
    return result


def group_table(logits, texts):
    """{group: [right, opposite, texts]} of written texts. `logits`: {task: [texts, labels]}."""
    labels = np.array([text.sentiment for text in texts])
    return measures.by_group(logits["sentiment"], labels, [text.group for text in texts])


def group_rows(groups):
    """Rows of the printed table, [what, the value, ""], of the groups by `group_table`."""
    return [
        [group, f"{right} of {count}, {opposite} opposite", ""] for group, (right, opposite, count) in groups.items()
    ]
