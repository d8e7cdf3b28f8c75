import type { CallOptions, PredictionProgress } from "./types.js";

/**
 * Labels, each with example texts: an object, a `Map` or an array of entries. A label without examples is taught by its name.
 * The classifier's labels have this order, but in every object of JavaScript keys that are integers come first: give labels
 * such as `"5"` and `"1"` as a `Map`.
 */
export type TeachExamples<Label extends string = string> =
  | Readonly<Record<Label, readonly string[]>>
  | Iterable<readonly [Label, readonly string[]]>;

/** Labels with their example texts, in their order. */
export type TeachEntries = (readonly [label: string, texts: readonly string[]])[];

/** Options of `Classifier.teach`. Without `multiLabel` and `other`, a head that is taught more keeps what it has. */
export interface TeachOptions extends CallOptions {
  /** Whether a text can have several of the labels, or none; `false` by default. */
  multiLabel?: boolean | undefined;
  /**
   * Whether to reject texts that resemble no label's examples: their `label` is `null`, and `other` is true. With 8 examples
   * a label, 52 to 90 % of the texts of no label were rejected in three public sets, and 5 to 6 % of the others. Needs a label
   * with two examples; not together with `multiLabel`.
   */
  other?: boolean | undefined;
  /** Called before the first step and after each one. */
  onProgress?: ((progress: PredictionProgress) => void) | undefined;
}

/** How well a taught head predicts examples that it was not taught, and which examples to look at. */
export interface TeachReport<Label extends string = string> {
  /** The labels, with the number of their examples and their F1 on held-out examples, or `null` where none was held out. */
  labels: { label: Label; examples: number; f1: number | null }[];
  /** How many examples were predicted by a head that was taught without them. */
  validated: number;
  /** The fraction of these whose labels were all predicted right, or `null` where there are none. */
  accuracy: number | null;
  /**
   * Counts of held-out examples. Rows: the label of the example; columns: the predicted one, both in the order of `labels`. Empty where
   * a text can have several labels.
   */
  confusion: number[][];
  /**
   * Examples that are predicted as another label, with at least the mean score of that label's own examples: perhaps their label
   * is wrong. Where `accuracy` is low, most of these labels are right: the features are at fault. `text` is `null` for an example of
   * the earlier head, whose texts the head file does not have; `score` is the probability of `predicted`, from 0 to 1.
   */
  suspects: { text: string | null; label: Label; predicted: Label; score: number }[];
  /** Texts that are examples of several labels, although a text has only one. */
  contradictions: { text: string; labels: Label[] }[];
}

/** What a taught classifier has in addition. */
export interface TaughtHead<Label extends string = string> {
  /** What cross-validation says about the head; `null` if the head was loaded from a file. */
  readonly report: TeachReport<Label> | null;
  /**
   * The head file: labels, weights and calibration, about 1.5 kB a label. With `examples`, also the features of the
   * examples, so that the head can be taught more; the texts are not in it. For a head that was loaded from a file, returns that file,
   * whatever `examples` says.
   *
   * @throws LitmusError `invalid-input`: an unknown option, or a wrong value
   */
  export(options?: { examples?: boolean | undefined }): Uint8Array<ArrayBuffer>;
}
