import type { EXPLAIN_OPTIONS, PREDICTION_OPTIONS, ZERO_SHOT_OPTIONS } from "../shared/options.js";

// The descriptions and defaults of the options in shared/options.ts, for the OpenAPI document.

interface Description {
  description: string;
  default?: unknown;
}

export const EXPLAIN_DESCRIPTIONS = {
  label: {
    description:
      "The label whose probability to explain. By default, the most probable one. With `tasks`: for all of them, or an object " +
      "of labels by task.",
  },
  method: {
    description: "How to compute the weights: by masking each word alone, or as Shapley values.",
    default: "occlusion",
  },
  samples: { description: "Permutations of the words to sample, for `shapley`.", default: 20 },
  seed: { description: "Seed of the random permutations, for `shapley`.", default: 0 },
} satisfies Record<keyof typeof EXPLAIN_OPTIONS, Description>;

export const ZERO_SHOT_DESCRIPTIONS = {
  labels: { description: "The labels to score instead of the model's own, none twice." },
  hypothesis: { description: "The second text of each pair; the label replaces `{}`.", default: "This example is {}." },
  multiLabel: { description: "Whether a text can have several of the labels, each scored by itself.", default: false },
} satisfies Record<keyof typeof ZERO_SHOT_OPTIONS, Description>;

export const PREDICTION_DESCRIPTIONS = {
  task: {
    description:
      "One of the model's tasks, which are the `tasks` of `GET /model`. By default, the task that the service was started with.",
  },
  tasks: { description: "Several tasks: then an object of predictions by task takes the place of each prediction." },
  topK: { description: "How many labels to return in `scores`. By default, all of them." },
  threshold: {
    description:
      "The probability below which a label is not given: `label` is then null. By default, where each label is scored by " +
      "itself, the thresholds of the task or else 0.5; otherwise none. With `tasks`: for all of them, or an object of " +
      "thresholds by task.",
  },
  activation: {
    description:
      "What turns the logits into scores, instead of the model's own activation: `softmax` (they sum to 1), `sigmoid` (each " +
      "label by itself) or `none` (the scores are the logits).",
  },
  longText: {
    description:
      "What to do with a text of more tokens than the model reads at once: read it in overlapping windows, read only its " +
      "beginning, or reject it.",
    default: "window",
  },
  specialTokens: {
    description:
      "Whether special-token strings in the input, such as `[SEP]`, are read as text or as the special tokens.",
    default: "text",
  },
  explain: {
    description: "Whether to return the weight of each word: for the most probable label, or as these options say.",
    default: false,
  },
  zeroShot: {
    description:
      "Scores labels of your choice, with a model for natural language inference: how strongly the text entails a " +
      "hypothesis with the label in it. Not together with `activation` or `explain`.",
  },
} satisfies Record<keyof typeof PREDICTION_OPTIONS, Description>;
