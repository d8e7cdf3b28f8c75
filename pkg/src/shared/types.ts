import type { LitmusError } from "./errors.js";

/** One label and its score. */
export interface LabelScore<Label extends string = string> {
  /** The label's name, from the model's `id2label`. */
  label: Label;
  /** The label's calibrated probability, from 0 to 1; with the activation `"none"` its logit. */
  score: number;
}

/**
 * What turns logits into scores.
 * - `"softmax"`: probabilities that sum to 1; a text has one label.
 * - `"sigmoid"`: a probability for each label by itself; a text can have several labels, or none.
 * - `"none"`: the scores are the logits, without calibration: the value of a regression, or raw scores.
 */
export type Activation = "softmax" | "sigmoid" | "none";

/**
 * The prediction for one text. `Label` is the type of the model's labels, `Chosen` that of `label`: it excludes `null` where
 * the packaged model predicts without a `threshold`.
 */
export interface Prediction<Label extends string = string, Chosen extends Label | null = Label | null> {
  /**
   * The label with the highest score, or `null` if that is below `threshold`; where each label is scored
   * by itself (`"sigmoid"`), the first of `labels`, or `null` if there are none.
   */
  label: Chosen;
  /**
   * Only where each label is scored by itself (`"sigmoid"`), as in multi-label models: the labels whose
   * score is at least `threshold`, highest first, perhaps none.
   */
  labels?: Label[];
  /** Only of a head that was taught with `other`: whether the text resembles none of the labels' examples. */
  other?: boolean;
  /** The highest score: a calibrated probability from 0 to 1, or with the activation `"none"` a logit. */
  score: number;
  /**
   * The labels with their scores, highest first, cut to `topK`. With the activation `"softmax"` the
   * scores of all labels sum to 1.
   */
  scores: LabelScore<Label>[];
  /** How many tokens the model read, special tokens included. Tokens that are in two windows count twice. */
  tokens: number;
  /**
   * Whether the end of the text was left out, because of `longText: "truncate"`. `windows[0].end` is
   * then the offset at which reading stopped.
   */
  truncated: boolean;
  /**
   * The parts of the text that the model read, in text order: one, unless the text has more than
   * `info.maxTokens` tokens. The scores of the text are the mean of the windows' scores, each weighted
   * by the number of its tokens that are not in the window before it.
   */
  windows: TextWindow<Label>[];
  /** The weight of each word, in text order; `null` without the option `explain`. */
  attributions: Attribution[] | null;
  /** Reasons to doubt the label. */
  warnings: PredictionWarning[];
}

/** A part of a long text that the model read at once, and the prediction for it. */
export interface TextWindow<Label extends string = string> {
  /** The window is `text.slice(start, end)`, in UTF-16 code units of the string given. */
  start: number;
  /** The offset at which the window ends, in UTF-16 code units of the string given. */
  end: number;
  /**
   * How many tokens the window has, special tokens and the pair included. At most `info.maxTokens`. With `zeroShot`, those
   * of the longest hypothesis.
   */
  tokens: number;
  /** The labels with their scores for this window, highest first, cut to `topK`. */
  scores: LabelScore<Label>[];
}

/** The contribution of one word to the explained score. */
export interface Attribution {
  /** The offset at which the word starts, in UTF-16 code units of the string given. Words do not overlap. */
  start: number;
  /** The offset at which the word ends, in UTF-16 code units of the string given. */
  end: number;
  /** The word: `text.slice(start, end)` of the string given. */
  text: string;
  /** How much of the score is due to the word; of a probability, from −1 to 1. Negative: the word speaks against the label. */
  weight: number;
}

/**
 * A reason to doubt a prediction.
 * - `other-script`: most words of the text are in a script that none of the model's languages
 *   (`info.languages`) is written in. Use a model that reads the text's language.
 * - `mostly-unknown-tokens`: more than half of the text's tokens are not in the model's vocabulary,
 *   because the text is in another script or is not text at all. U+FFFD and control characters, which
 *   the tokenizer drops, count as unknown.
 */
export type PredictionWarning = "other-script" | "mostly-unknown-tokens";

/**
 * A text, or a text with its pair, for models that read two texts at once: natural language inference, question
 * answering, rerankers. Offsets refer to `text`.
 */
export type TextInput = string | { text: string; pair?: string | undefined };

/** Options of every call. */
export interface CallOptions {
  /**
   * Aborts the call, which then rejects with the code `aborted` and the name `"AbortError"`. With
   * `AbortSignal.timeout()` it is a `timeout`, as with the option of that name. A worker notices the
   * abort after the batch that it is computing.
   */
  signal?: AbortSignal | undefined;
  /**
   * The milliseconds that the call may take, an integer from 1; after that it rejects with the code
   * `timeout` and the name `"TimeoutError"`. A hard limit: a worker that does not stop within a second
   * is terminated, and the next call starts another. Without a worker, the call stops between two
   * batches only.
   */
  timeout?: number | undefined;
}

/** Options of `predict` and `stream` that change the predictions. */
export interface TextOptions extends CallOptions {
  /** How many labels to return in `scores`, an integer from 1. By default, all of them. */
  topK?: number | undefined;
  /**
   * The lowest probability, from 0 to 1, that a label needs: without such a label, `label` is `null`; `labels` has only labels that
   * reach it. By default, where each label is scored by itself (`"sigmoid"`), the threshold that the head has for the label, or else
   * 0.5; for other models there is none. Rejected where the scores are logits (`"none"`).
   */
  threshold?: number | undefined;
  /** What turns the logits into scores; by default the model's own, `info.activation`. */
  activation?: Activation | undefined;
  /**
   * What to do with a text of more than `info.maxTokens` tokens: read all of it in windows of up to
   * 128 tokens, which begin and end at sentences where possible and overlap by up to 32 tokens
   * (`"window"`, the default), read only its beginning (`"truncate"`), or reject it with the code
   * `text-too-long` (`"error"`).
   */
  longText?: "window" | "truncate" | "error" | undefined;
  /**
   * How to read special-token strings in the input, such as `[SEP]` or `</s>`: as text (`"text"`, the default), so
   * that whoever writes the text cannot change how the model reads it, or as the special tokens (`"special"`).
   */
  specialTokens?: "text" | "special" | undefined;
  /** Whether to return the weight of each word: for the most probable label (`true`), or as these options say. */
  explain?: boolean | ExplainOptions | undefined;
  /** Scores labels of your choice; see `Classifier.zeroShot`. Not together with `activation` or `explain`. */
  zeroShot?: ZeroShotOptions | undefined;
}

/**
 * Zero-shot classification: labels of your choice, scored by a model for natural language inference, one of whose own
 * labels starts with "entail". The text is read once for each label.
 */
export interface ZeroShotOptions {
  /** The labels to score instead of the model's own: 1 to 1,000, none twice. */
  labels: readonly string[];
  /** A sentence in which the label replaces `{}`; by default `"This example is {}."`. */
  hypothesis?: string | undefined;
  /** Whether a text can have several of the labels, each scored by itself; `false` by default. A single label always is. */
  multiLabel?: boolean | undefined;
}

/** How to explain a prediction: by the probability of a label with some of the words masked. */
export interface ExplainOptions {
  /** The label whose probability to explain. By default, the most probable one. */
  label?: string | undefined;
  /**
   * - `"occlusion"`, the default: the weight of a word is what the probability loses when that word
   *   alone is masked. Takes one forward pass per word. The weights have no fixed sum; where two words
   *   say the same, the weight of each may be near 0.
   * - `"shapley"`: the weight of a word is its Shapley value, estimated from random permutations of the
   *   words, each taken forwards and backwards. Takes `samples` forward passes per word. The weights sum
   *   to the label's probability minus that of the text with every word masked.
   */
  method?: "occlusion" | "shapley" | undefined;
  /** How many permutations to sample for `"shapley"`, an integer from 1 to 1,000; 20 by default. More have a smaller error. */
  samples?: number | undefined;
  /** The seed of the permutations for `"shapley"`, an integer from 0; 0 by default. The same seed gives the same weights. */
  seed?: number | undefined;
}

/** Progress of `predict`, `embed` or `teach`. */
export interface PredictionProgress {
  /** How many rows are computed: texts, windows, and masked variants for explanations; in `teach`, examples and fits. */
  done: number;
  /** How many rows there are. Beyond the first 256 texts, a text counts as one row until it is tokenized. */
  total: number;
}

/** Options of one `predict` call. */
export interface PredictOptions extends TextOptions {
  /** Called before the first batch and after each one. */
  onProgress?: ((progress: PredictionProgress) => void) | undefined;
}

/** Options of `Classifier.embed`. */
export interface EmbedOptions extends CallOptions {
  /** Called before the first batch and after each one. */
  onProgress?: ((progress: PredictionProgress) => void) | undefined;
}

/** Progress of a stream. */
export interface StreamProgress {
  /** How many items have their prediction or their error. */
  done: number;
  /** How many of them have an error. */
  failed: number;
  /** How many items there will be if the source is an array, else `null`. */
  total: number | null;
}

/** Options of one `stream` call. */
export interface StreamOptions extends TextOptions {
  /** Called after each batch of up to 32 items. */
  onProgress?: ((progress: StreamProgress) => void) | undefined;
}

/** Options of `Classifier.zeroShot`. */
export type ZeroShotCallOptions = Omit<ZeroShotOptions, "labels"> &
  Omit<PredictOptions, "zeroShot" | "activation" | "explain">;

/**
 * Options with which the packaged model always gives a label: without `threshold`, and without the activation `"sigmoid"`, which has
 * thresholds of its own.
 */
export type WithoutThreshold<Options extends TextOptions> = Options & {
  threshold?: undefined;
  activation?: Exclude<Activation, "sigmoid"> | undefined;
  zeroShot?: undefined;
};

/** One item of a stream: a text with its prediction, or with the error why it has none. */
export type StreamItem<Label extends string = string, Chosen extends Label | null = Label | null> =
  | {
      /** The item's index in the source, counted from 0. */
      index: number;
      /** The text, as it was given. */
      text: string;
      /** The second text, if the item has a pair. */
      pair?: string | undefined;
      prediction: Prediction<Label, Chosen>;
      error?: undefined;
    }
  | {
      /** The item's index in the source, counted from 0. */
      index: number;
      /** The text, or the value that was given if that is no text: then the error is `invalid-input`. */
      text: unknown;
      /** The second text, if the item has a pair. */
      pair?: string | undefined;
      prediction?: undefined;
      /** `invalid-input`, `empty-text` or `text-too-long`. */
      error: LitmusError;
    };

/**
 * All tokens of a text, also where it has more than the model reads at once. Special-token strings in the text are read
 * as text. The arrays have one element per token.
 */
export interface Tokenization {
  /** The token ids, special tokens included. */
  ids: number[];
  /** The tokens as the vocabulary spells them. */
  tokens: string[];
  /**
   * The offsets of each token: it is `text.slice(start, end)`, in UTF-16 code units of the string
   * given. Special tokens have `[0, 0]`.
   */
  offsets: [start: number, end: number][];
  /** The fraction of the tokens that are not in the vocabulary, from 0 to 1. Special tokens are not counted. */
  unknownFraction: number;
}
