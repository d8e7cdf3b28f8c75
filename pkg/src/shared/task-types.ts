import type { LitmusError } from "./errors.js";
import type { ExplainOptions, Prediction, StreamItem } from "./types.js";

/** The labels of the packaged sentiment model. */
export type SentimentLabel = "negative" | "neutral" | "positive";

/** The labels of the packaged model's task `emotion`, those of GoEmotions. A text can have several. */
export type EmotionLabel =
  | "admiration"
  | "amusement"
  | "anger"
  | "annoyance"
  | "approval"
  | "caring"
  | "confusion"
  | "curiosity"
  | "desire"
  | "disappointment"
  | "disapproval"
  | "disgust"
  | "embarrassment"
  | "excitement"
  | "fear"
  | "gratitude"
  | "grief"
  | "joy"
  | "love"
  | "nervousness"
  | "optimism"
  | "pride"
  | "realization"
  | "relief"
  | "remorse"
  | "sadness"
  | "surprise"
  | "neutral";

/** The labels of the packaged model's task `toxicity`. A text can have both, or none. */
export type ToxicityLabel = "toxic" | "hateful";

/** The tasks of the packaged model, with their labels. */
export type PackagedTasks = {
  sentiment: SentimentLabel;
  emotion: EmotionLabel;
  toxicity: ToxicityLabel;
};

/** The tasks of a model of which TypeScript does not know the heads. */
export type AnyTasks = Record<string, string>;

/** Classifies texts into the labels of one of the model's tasks, which are in `info.tasks`. */
export interface TaskOption<Task extends string = string> {
  /** The task; its head is downloaded when it is first needed. */
  task: Task;
}

/** Classifies texts for several of the model's tasks, which are in `info.tasks`. Each text is read once. */
export interface TasksOption<Task extends string = string> {
  /** The tasks; their heads are downloaded when they are first needed. */
  tasks: readonly Task[];
  /** As without tasks: for all of them, or by task. */
  threshold?: number | { readonly [Key in Task]?: number | undefined } | undefined;
  /** As without tasks; `label` is for all of them, or by task. */
  explain?: boolean | ExplainTasksOptions<Task> | undefined;
}

/** How to explain the predictions of several tasks. */
export interface ExplainTasksOptions<Task extends string = string> extends Omit<ExplainOptions, "label"> {
  /** The label whose probability to explain, by task. By default, the most probable one. */
  label?: string | { readonly [Key in Task]?: string | undefined } | undefined;
}

/** The options of tasks, none of which is required. */
export type AnyTaskOptions = {
  [Key in keyof (TaskOption & TasksOption)]?: (TaskOption & TasksOption)[Key] | undefined;
};

/** The predictions of one text, by task. */
export type TaskPredictions<Tasks extends AnyTasks = AnyTasks, Task extends keyof Tasks = keyof Tasks> = {
  [Key in Task]: Prediction<Tasks[Key]>;
};

/** A prediction, or those of several tasks. */
export type AnyPrediction = Prediction | TaskPredictions;

/** A prediction of the packaged model, or those of several of its tasks. */
export type AnyPackagedPrediction = Prediction<PackagedTasks[keyof PackagedTasks]> | TaskPredictions<PackagedTasks>;

/** The type of a task's `label` without a `threshold`: only the packaged sentiment is known to give one always. */
export type ChosenOf<Tasks extends AnyTasks, Task extends keyof Tasks> = Tasks extends PackagedTasks
  ? Task extends "sentiment"
    ? Tasks[Task]
    : Tasks[Task] | null
  : Tasks[Task] | null;

/** One item of a stream for several tasks: a text with its predictions by task, or with the error why it has none. */
export type TasksStreamItem<Tasks extends AnyTasks = AnyTasks, Task extends keyof Tasks = keyof Tasks> =
  | (Omit<Extract<StreamItem, { error?: undefined }>, "prediction"> & { predictions: TaskPredictions<Tasks, Task> })
  | (Omit<Extract<StreamItem, { error: LitmusError }>, "prediction"> & { predictions?: undefined });
