import type { EXPLAIN_OPTIONS, PREDICTION_OPTIONS, ZERO_SHOT_OPTIONS } from "../shared/options.js";

// The descriptions of the schemas in shared/options.ts, for the OpenAPI document.

export const EXPLAIN_DESCRIPTIONS = {
  label: "The label whose probability to explain. By default, the most probable one.",
  method: "How to compute the weights: by masking each word alone, or as Shapley values.",
  samples: "Permutations of the words to sample, for `shapley`.",
  seed: "Seed of the random permutations, for `shapley`.",
} satisfies Record<keyof typeof EXPLAIN_OPTIONS, string>;

export const ZERO_SHOT_DESCRIPTIONS = {
  labels: "The labels to score instead of the model's own, none twice.",
  hypothesis: "The second text of each pair; the label replaces `{}`.",
  multiLabel: "Whether a text can have several of the labels, each scored by itself.",
} satisfies Record<keyof typeof ZERO_SHOT_OPTIONS, string>;

export const PREDICTION_DESCRIPTIONS = {
  topK: "How many labels to return in `scores`. By default, all of them.",
  threshold:
    "The probability below which a label is not given: `label` is then null. By default 0.5 where each label is scored " +
    "by itself, else none.",
  activation:
    "What turns the logits into scores, instead of the model's own activation: `softmax` (they sum to 1), `sigmoid` (each " +
    "label by itself) or `none` (the scores are the logits).",
  longText:
    "What to do with a text of more tokens than the model reads at once: read it in overlapping windows, read only its " +
    "beginning, or refuse it.",
  specialTokens:
    "Whether special tokens that a text spells, such as `[SEP]`, are read as text or as the special tokens.",
  explain: "Whether to return the weight of each word: for the most probable label, or as these options say.",
  zeroShot:
    "Scores labels of your choice, with a model for natural language inference: how strongly the text entails a " +
    "hypothesis with the label in it. Not together with `activation` or `explain`.",
} satisfies Record<keyof typeof PREDICTION_OPTIONS, string>;
