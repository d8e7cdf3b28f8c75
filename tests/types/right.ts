// Code that the types must allow, with the types that it must have.
import {
  type Attribution,
  type Classifier,
  type ClassifierInfo,
  createClassifier,
  type DownloadProgress,
  type EmotionLabel,
  type ExplainOptions,
  LitmusError,
  type LitmusErrorCode,
  type PackagedTasks,
  type Prediction,
  type PredictionProgress,
  type PredictionWarning,
  predict,
  type SentimentClassifier,
  type SentimentLabel,
  type StreamItem,
  type StreamProgress,
  type TaskPredictions,
  type TextWindow,
  type Tokenization,
  type ToxicityLabel,
} from "litmus-text";
import * as embedded from "litmus-text/embedded";
import { createHandler } from "litmus-text/handler";

/** Compiles only if both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => {};

const one = predict("text");
same<typeof one, Promise<Prediction<SentimentLabel, SentimentLabel>>>(true);
const many = predict(["a", "b"] as const, { topK: 1 });
same<typeof many, Promise<Prediction<SentimentLabel, SentimentLabel>[]>>(true);
const unsure = predict("text", { threshold: 0.9 });
same<typeof unsure, Promise<Prediction<SentimentLabel>>>(true);

const classifier = await createClassifier();
same<typeof classifier, SentimentClassifier>(true);
same<SentimentLabel, "negative" | "neutral" | "positive">(true);
same<typeof classifier.info, ClassifierInfo<SentimentLabel>>(true);
const { label, score, scores, tokens, truncated } = await classifier.predict("text");
same<[typeof label, typeof score, typeof tokens, typeof truncated], [SentimentLabel, number, number, boolean]>(true);
const { windows, attributions, warnings } = await classifier.predict("text", { explain: true });
same<[typeof windows, typeof warnings], [TextWindow<SentimentLabel>[], PredictionWarning[]]>(true);
same<typeof attributions, Attribution[] | null>(true);
same<typeof warnings, ("other-script" | "mostly-unknown-tokens")[]>(true);
same<(typeof scores)[number], { label: SentimentLabel; score: number }>(true);
const { offsets, unknownFraction }: Tokenization = await classifier.tokenize("text");
same<[typeof offsets, typeof unknownFraction], [[start: number, end: number][], number]>(true);
const activated = await classifier.predict("text", { activation: "sigmoid", specialTokens: "special" });
same<typeof activated, Prediction<SentimentLabel>>(true);
const raw = await classifier.predict("text", { activation: "none" });
same<typeof raw.label, SentimentLabel>(true);
same<typeof classifier.info.activation, "softmax" | "sigmoid" | "none">(true);
const labels: readonly SentimentLabel[] = classifier.labels;
const anyClassifier: Classifier = classifier;
void anyClassifier;
classifier.close();

const own = await createClassifier({ model: "/models/intent/" });
same<typeof own, Classifier<string>>(true);
const { label: ownLabel } = await own.predict("text");
same<typeof ownLabel, string | null>(true);
const { labels: ownLabels } = await own.predict("text");
same<typeof ownLabels, string[] | undefined>(true);
const pairs = await own.predict(["text", { text: "text", pair: "pair" }]);
same<typeof pairs, Prediction<string>[]>(true);
await own.predict({ text: "text", pair: "pair" });
const topic = await own.zeroShot("text", ["politics", "sports"], {
  hypothesis: "About {}.",
  multiLabel: true,
  topK: 1,
});
same<typeof topic, Prediction<"politics" | "sports">>(true);
const topics = await own.zeroShot(["text"], ["politics", "sports"]);
same<typeof topics, Prediction<"politics" | "sports">[]>(true);
await own.predict("text", { zeroShot: { labels: ["politics"] } });
for await (const { text, pair } of own.stream([{ text: "text", pair: "pair" }])) void [text, pair];
const intents = await createClassifier<"order" | "refund">({ model: "/models/intent/" });
const [{ label: intent }] = (await intents.predict(["text"])) as [Prediction<"order" | "refund">];
same<typeof intent, "order" | "refund" | null>(true);
await createClassifier({ model: new URL("https://example.org/model/"), onProgress: (_: DownloadProgress) => {} });
const bytes = new Uint8Array();
await createClassifier({ model: { config: bytes, tokenizer: new Blob(), model: await fetch("model.onnx") } });
await createClassifier({ model: { config: bytes, tokenizer: bytes.buffer, model: bytes, manifest: bytes } });

await createClassifier({ workers: 0, cache: false, signal: new AbortController().signal });
await createClassifier({ workers: 4, timeout: 5000 });
await createClassifier({ workers: "auto" });
const input = document.createElement("input");
await createClassifier({ model: input.files ?? [] });
await createClassifier({ model: [new File([], "config.json")] });

const { signal } = new AbortController();
same<Awaited<ReturnType<typeof classifier.tokenize>>, Tokenization>(true);
await classifier.tokenize("text", { signal, timeout: 1000 });
await classifier.predict(["text"], { timeout: 1000 });
for await (const _ of classifier.stream(["text"], { timeout: 60_000 }));
const abortable = classifier.predict(["a"], { signal, topK: 1 });
same<typeof abortable, Promise<Prediction<SentimentLabel, SentimentLabel>[]>>(true);
await predict("text", {
  threshold: 0.5,
  longText: "truncate",
  explain: false,
  onProgress: (_: PredictionProgress) => {},
});
const explain: ExplainOptions = { label: "positive", method: "shapley", samples: 10, seed: 1 };
await predict(["text"], { explain, longText: "error" });
for await (const _ of classifier.stream(["text"], { explain, threshold: 0.9, longText: "window" }));
// Options whose value is not known pass through.
const maybe = (options: { topK?: number; signal?: AbortSignal; onProgress?: () => void }) =>
  classifier.predict("text", { topK: options.topK, signal: options.signal, onProgress: options.onProgress });
void maybe;

async function* lines(): AsyncGenerator<string> {}
for await (const item of classifier.stream(lines(), { topK: 1, signal, onProgress: (_: StreamProgress) => {} })) {
  same<typeof item, StreamItem<SentimentLabel, SentimentLabel>>(true);
  same<typeof item.index, number>(true);
  if (item.error) {
    same<typeof item.error, LitmusError>(true);
    same<typeof item.text, unknown>(true);
  } else {
    same<typeof item.prediction, Prediction<SentimentLabel, SentimentLabel>>(true);
    same<typeof item.text, string>(true);
  }
}
for await (const { prediction, error } of classifier.stream(new Set(labels))) {
  const told: string = error ? error.code : prediction.label;
  void told;
}
for await (const { prediction, error } of classifier.stream(labels, { threshold: 0.9 })) {
  const told: string | null = error ? error.code : prediction.label;
  void told;
}

{
  using disposed = await createClassifier();
  await using disposedLater = await createClassifier();
  void [disposed, disposedLater];
}

try {
  await predict(labels);
} catch (error) {
  if (error instanceof LitmusError) {
    same<typeof error.code, LitmusErrorCode>(true);
    same<typeof error.name, "LitmusError" | "AbortError" | "TimeoutError">(true);
    same<typeof error.index, number | undefined>(true);
    same<
      LitmusErrorCode,
      | "invalid-input"
      | "empty-text"
      | "text-too-long"
      | "model-not-found"
      | "download-failed"
      | "checksum-mismatch"
      | "model-malformed"
      | "head-malformed"
      | "head-mismatch"
      | "head-not-extendable"
      | "model-unsupported"
      | "unsupported"
      | "aborted"
      | "timeout"
      | "closed"
      | "out-of-memory"
      | "internal"
    >(true);
  }
}

const fromEmbedded = embedded.predict("text");
same<typeof fromEmbedded, Promise<Prediction<SentimentLabel, SentimentLabel>>>(true);
same<ReturnType<typeof embedded.load>, Promise<void>>(true);
const shared: embedded.SentimentClassifier = await embedded.classifier();
void shared;

const handler = createHandler();
same<typeof handler, (request: Request, context?: object) => Promise<Response>>(true);
createHandler({
  classifier,
  loadTime: 1000,
  cache: false,
  limits: { queue: 10 },
  base: "/v1/",
  onError: (_: unknown) => {},
});
createHandler({ classifier: () => createClassifier({ workers: 2 }), cache: { ttl: 1000, entries: 10 } });
createHandler({ cache: new Map<string, string>() });
createHandler({ cache: { get: async (_: string) => null, set: async (_: string, __: string) => {} } });
const sizes: (string | null)[] = classifier.info.files.map(({ sha256 }) => sha256);
void sizes;

const triage = await classifier.teach({ refund: ["I want my money back"], shipping: ["Where is my parcel?"] });
(await triage.predict("text")).label satisfies "refund" | "shipping" | null;
triage.report?.suspects[0]?.predicted satisfies "refund" | "shipping" | undefined;
(await classifier.teach(new Map<"5" | "1", string[]>())).labels satisfies readonly ("5" | "1")[];
(
  await classifier.teach([
    ["5", ["Great"]],
    ["1", []],
  ])
).labels satisfies readonly ("5" | "1")[];
await createClassifier({ head: triage.export().buffer });
(await triage.teach({ praise: [] })).labels satisfies readonly ("refund" | "shipping" | "praise")[];
(await createClassifier({ head: triage.export() })).report?.accuracy satisfies number | null | undefined;

const toxicity = await predict("text", { task: "toxicity" });
same<typeof toxicity, Prediction<ToxicityLabel>>(true);
same<ToxicityLabel, "toxic" | "hateful">(true);
const feeling = await predict(["text"], { task: "emotion", threshold: 0.5 });
same<typeof feeling, Prediction<EmotionLabel>[]>(true);
const sentiment = await classifier.predict("text", { task: "sentiment" });
same<typeof sentiment, Prediction<SentimentLabel, SentimentLabel>>(true);
const unsureSentiment = await classifier.predict("text", { task: "sentiment", threshold: 0.9 });
same<typeof unsureSentiment, Prediction<SentimentLabel>>(true);
const both = await classifier.predict("text", {
  tasks: ["sentiment", "toxicity"],
  threshold: { toxicity: 0.9 },
  explain: { label: { toxicity: "toxic" } },
});
same<typeof both, TaskPredictions<PackagedTasks, "sentiment" | "toxicity">>(true);
same<typeof both.toxicity, Prediction<ToxicityLabel>>(true);
const bothOfEach = await embedded.predict(["text"], { tasks: ["sentiment", "emotion"], threshold: 0.5 });
same<(typeof bothOfEach)[number]["emotion"], Prediction<EmotionLabel>>(true);
for await (const item of classifier.stream(lines(), { task: "toxicity" }))
  same<typeof item, StreamItem<ToxicityLabel>>(true);
for await (const item of classifier.stream(lines(), { tasks: ["toxicity"] })) {
  if (!item.error) same<typeof item.predictions.toxicity.labels, ToxicityLabel[] | undefined>(true);
}
const emotions = await createClassifier({ task: "emotion", workers: 2 });
const { label: emotion } = await emotions.predict("text");
same<typeof emotion, EmotionLabel | null>(true);
same<Awaited<ReturnType<typeof emotions.embed>>, Float32Array<ArrayBuffer>[]>(true);
same<typeof classifier.info.tasks, readonly string[]>(true);
const ownTask = await own.predict("text", { task: "intent" });
same<typeof ownTask, Prediction<string>>(true);
const ownTasks = await own.predict("text", { tasks: ["intent", "topic"] });
same<typeof ownTasks.intent, Prediction<string>>(true);
