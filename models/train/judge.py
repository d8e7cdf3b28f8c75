"""A model, teacher or student, measured on everything that trained nothing. Used at checkpoints and for the report."""

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

TOXIC, HATEFUL = 0, 1
# Sets whose logits the measurements need.
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
    """all-MiniLM-L6-v2 as published: the sentence embedding that the embedding head learns."""

    def __init__(self, precision=torch.float32):
        self.tokenizer = load_source_tokenizer()
        self.model = Encoder()
        self.model.load_arrays(sources.encoder_weights())
        self.model.eval().requires_grad_(False)
        self.model.to(precision)  # also its weights, which are never trained
        self.model.precision = precision

    def __call__(self, ids, mask):
        """Normalised mean of the last layer, f32 [B, H]."""
        with torch.no_grad():
            hidden = self.model.hidden(ids, mask, all_positions=True)[-1].float()
            return torch.nn.functional.normalize((hidden * mask[..., None]).sum(1), dim=1)


def all_logits(output):
    """[B, 33]: the tasks' logits beside each other."""
    return torch.cat(list(output.logits.values()), 1)


def split_logits(rows, tasks):
    """{task: [texts, labels]}"""
    ends = np.cumsum([TASKS[task] for task in tasks])[:-1]
    return dict(zip(tasks, np.split(rows, ends, axis=1), strict=True))


def logits_of(model, tokenizer, texts, **how):
    rows = outputs(model, tokenizer, [text.text for text in texts], all_logits, **how)
    return split_logits(rows, model.heads.keys())


def scores(logits, dev, hatecheck=None):
    """Every number that logits give, from {set: {task: logits}} of the sets in SETS."""
    result = {}
    for name in ("sst2", "goemotions", "written"):
        found = sentiment_scores(logits[name]["sentiment"], dev[name])
        result |= {f"{name}_{measure}": value for measure, value in found.items()}
    truth = {name: measures.multi_hot(dev[name], TASKS["emotion"]) for name in ("goemotions", "thresholds")}
    limits = measures.best_thresholds(logits["thresholds"]["emotion"], truth["thresholds"])
    each = measures.f1(logits["goemotions"]["emotion"] >= limits, truth["goemotions"])
    result["emotion_macro_f1"] = float(each.mean())
    result["toxic_auc_paradetox"] = label_auc(logits["paradetox"], dev["paradetox"], TOXIC)
    for name in ("toxigen", "implicit-hate"):
        result[f"hateful_auc_{name}"] = label_auc(logits[name], dev[name], HATEFUL)
    for label, name in enumerate(("toxic", "hateful")):
        labels = np.array([getattr(text, name) for text in dev["written-toxicity"]])
        found = logits["written-toxicity"]["toxicity"][:, label]
        result[f"{name}_auc_written"] = auc(found, labels)
    if hatecheck is not None:
        result |= hatecheck
    return result


def label_auc(logits, texts, label):
    labels = np.array([(text.toxic, text.hateful)[label] for text in texts])
    return auc(logits["toxicity"][:, label], labels)


def hatecheck_texts(data):
    return hate_speech(data, sources.HATECHECK, "hatecheck")


def hatecheck_of(logits, texts):
    found, labels = logits["toxicity"][:, HATEFUL], np.array([text.hateful for text in texts])
    false_alarms, recall = measures.alarms(found, labels, 0.0)
    return {"hatecheck_balanced": (1 - false_alarms + recall) / 2, "hatecheck_auc": auc(found, labels)}


def hatecheck_scores(model, tokenizer, data, **how):
    texts = hatecheck_texts(data)
    return hatecheck_of(logits_of(model, tokenizer, texts, **how), texts)


def dev_scores(model, tokenizer, corpora, data, **how):
    """The labelled dev sets alone."""
    logits = {name: logits_of(model, tokenizer, corpora.dev[name], **how) for name in SETS}
    return scores(logits, corpora.dev, hatecheck_scores(model, tokenizer, data, **how)), logits


def embedding_scores(model, tokenizer, texts):
    original = Original(model.precision)
    texts = [text.text for text in texts]

    def normalise(rows):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    ours = normalise(outputs(model, tokenizer, texts, lambda output: output.embedding))
    theirs = outputs(original, original.tokenizer, texts, lambda embedding: embedding)
    cosine, spearman, overlap = measures.embedding_agreement(ours, theirs)
    return {"embedding_cosine": cosine, "embedding_spearman": spearman, "embedding_overlap": overlap}


def taught_scores(model, tokenizer, data):
    """Few-shot accuracy on the features, and on what the embedding head makes of them."""
    result = {}
    for name, read in (("features", lambda o: o.features), ("embedding", lambda o: o.embedding)):
        found = fewshot.taught_accuracies(lambda texts, read=read: outputs(model, tokenizer, texts, read), data)
        result |= {f"taught_{name}_{corpus}": value for corpus, value in found.items()}
    return result


def group_table(logits, texts):
    """Rows of a report: group, right, opposite, texts."""
    labels = np.array([text.sentiment for text in texts])
    return measures.by_group(logits["sentiment"], labels, [text.group for text in texts])
