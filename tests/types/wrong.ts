// Code that the types must forbid: this file compiles only if each marked line does not.
import * as litmus from "litmus-text";
import * as embedded from "litmus-text/embedded";
import { createHandler } from "litmus-text/handler";

const { predict, createClassifier } = litmus;
const classifier = await createClassifier();

// @ts-expect-error a number is no text
predict(42);
// @ts-expect-error nor is null in a batch
predict(["a", null]);
// @ts-expect-error nothing to classify
predict();
// @ts-expect-error misspelt
predict("text", { topk: 1 });
// @ts-expect-error not a number
predict("text", { topK: "1" });
// @ts-expect-error not a number
predict("text", { threshold: "0.5" });
// @ts-expect-error no such way
predict("text", { longText: "cut" });
// @ts-expect-error no such activation
predict("text", { activation: "relu" });
// @ts-expect-error a sigmoid may give no label
(await predict("text", { activation: "sigmoid" })).label.length;
// @ts-expect-error labels are required
classifier.predict("text", { zeroShot: { hypothesis: "{}" } });
// @ts-expect-error zero-shot scores have no explanation
classifier.zeroShot("text", ["a"], { explain: true });
// @ts-expect-error a pair needs a text
classifier.predict({ pair: "pair" });
// @ts-expect-error not a boolean, nor options
predict("text", { explain: "positive" });
// @ts-expect-error misspelt
predict("text", { explain: { lable: "positive" } });
// @ts-expect-error no such method
predict("text", { explain: { method: "lime" } });
// @ts-expect-error below the threshold there is no label
(await predict("text", { threshold: 0.9 })).label.length;
// @ts-expect-error a model of one's own may give no label
(await (await createClassifier({ model: "/model/" })).predict("text")).label.length;
// @ts-expect-error the packaged model has no such label
(await predict("text")).label === "joy";
// @ts-expect-error there may be no attributions
(await predict("text", { explain: true })).attributions.length;
// @ts-expect-error one text gives one prediction
(await predict("text"))[0];
// @ts-expect-error several texts give several
(await predict(["text"])).label;

// @ts-expect-error the packaged model has no such task
predict("text", { task: "irony" });
// @ts-expect-error nor this one
predict("text", { tasks: ["sentiment", "irony"] });
// @ts-expect-error a text can be neither toxic nor hateful
(await predict("text", { task: "toxicity" })).label.length;
// @ts-expect-error only the tasks that were asked for
(await predict("text", { tasks: ["toxicity"] })).sentiment;
// @ts-expect-error no threshold of a task that was not asked for
predict("text", { tasks: ["toxicity"], threshold: { emotion: 0.5 } });
// @ts-expect-error thresholds by task need several tasks
predict("text", { task: "toxicity", threshold: { toxicity: 0.5 } });
// @ts-expect-error an embedding has no labels
classifier.embed("text", { topK: 1 });

// @ts-expect-error misspelt
createClassifier({ modal: "/model/" });
// @ts-expect-error no such precision
createClassifier({ precision: "int4" });
// @ts-expect-error not a number of workers
createClassifier({ workers: "2" });
// @ts-expect-error "auto" or a number
createClassifier({ workers: true });
// @ts-expect-error not a boolean
createClassifier({ cache: "no" });
// @ts-expect-error milliseconds, not a date
createClassifier({ timeout: new Date() });
// @ts-expect-error a controller is no signal
createClassifier({ signal: new AbortController() });
// @ts-expect-error blobs of a list need names
createClassifier({ model: [new Blob()] });
// @ts-expect-error the tokenizer is missing
createClassifier({ model: { config: new Uint8Array(), model: new Uint8Array() } });
// @ts-expect-error text is not bytes
createClassifier({ model: { config: "{}", tokenizer: new Uint8Array(), model: new Uint8Array() } });
// @ts-expect-error not a function
createClassifier({ onProgress: true });

// @ts-expect-error one text at a time
classifier.tokenize(["a"]);
// @ts-expect-error a signal and a timeout are all that tokenize takes
classifier.tokenize("a", { topK: 1 });
// @ts-expect-error a stream is awaited row by row
await classifier.stream(["a"]).length;
// @ts-expect-error rows are texts
classifier.stream([1, 2]);
// @ts-expect-error progress is a function's
classifier.stream(["a"], { onProgress: true });
for await (const item of classifier.stream(["a"])) {
  // @ts-expect-error a row may have an error instead
  item.prediction.label;
}
// @ts-expect-error the progress of predict is not that of a stream
predict(["a"], { onProgress: ({ failed }) => failed });
// @ts-expect-error labels are the model's
classifier.labels.push("neutral");
// @ts-expect-error read-only
classifier.info = {};
// @ts-expect-error classifiers come from createClassifier
new litmus.Classifier();
// @ts-expect-error it is a function: load()
await embedded.ready;
// @ts-expect-error the embedded build has one model
embedded.createClassifier();
// @ts-expect-error read-only
new litmus.LitmusError("closed", "").code = "internal";
// @ts-expect-error no such code
new litmus.LitmusError("oops", "");

// @ts-expect-error misspelt
createHandler({ clasifier: classifier });
// @ts-expect-error a store needs both
createHandler({ cache: { get: () => null } });
// @ts-expect-error no limit of that name
createHandler({ limits: { size: 1 } });
