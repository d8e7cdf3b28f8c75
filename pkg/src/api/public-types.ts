// The types that every entry exports, and the error that every call can reject with.

export { LitmusError, type LitmusErrorCode } from "../shared/errors.js";
export type { ClassifierInfo, FileInfo, Precision } from "../shared/model-types.js";
export type {
  AnyTasks,
  ChosenOf,
  EmotionLabel,
  ExplainTasksOptions,
  PackagedTasks,
  SentimentLabel,
  TaskOption,
  TaskPredictions,
  TasksOption,
  TasksStreamItem,
  ToxicityLabel,
} from "../shared/task-types.js";
export type { TaughtHead, TeachExamples, TeachOptions, TeachReport } from "../shared/teach-types.js";
export type {
  Activation,
  Attribution,
  CallOptions,
  EmbedOptions,
  ExplainOptions,
  LabelScore,
  Prediction,
  PredictionProgress,
  PredictionWarning,
  PredictOptions,
  StreamItem,
  StreamOptions,
  StreamProgress,
  TextInput,
  TextOptions,
  TextWindow,
  Tokenization,
  WithoutThreshold,
  ZeroShotCallOptions,
  ZeroShotOptions,
} from "../shared/types.js";
export type { Classifier, SentimentClassifier, TaughtClassifier } from "./classifier.js";
