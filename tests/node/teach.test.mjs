// Labels that are taught: predicted, exported, loaded again and taught more.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createClassifier } from "litmus-text";

const EXAMPLES = {
  refund: ["I want my money back", "Please refund my order", "How do I get a refund?", "Cancel it and pay me back"],
  shipping: ["Where is my parcel?", "My order has not arrived", "The delivery is late", "The courier never came"],
  job_application: [],
};

let classifier;
let triage;
before(async () => {
  classifier = await createClassifier();
  triage = await classifier.teach(EXAMPLES);
});
after(() => classifier.close());

const label = async (taught, text) => (await taught.predict(text)).label;

test("a taught classifier labels new texts, and the model keeps its own labels", async () => {
  assert.deepEqual(triage.labels, ["refund", "shipping", "job_application"]);
  assert.equal(await label(triage, "Is my parcel lost?"), "shipping");
  assert.equal(await label(triage, "Give me back what I paid"), "refund");
  assert.equal(await label(classifier, "I loved it"), "positive");
  const [first] = await triage.predict(["Is my parcel lost?"], { explain: true, topK: 1 });
  assert.equal(first.scores.length, 1);
  assert.deepEqual(
    first.attributions.map(({ text }) => text),
    ["Is", "my", "parcel", "lost", "?"],
  );
});

test("the report is about held-out examples", () => {
  const { labels, validated, accuracy, confusion } = triage.report;
  assert.deepEqual(
    labels.map(({ label, examples }) => [label, examples]),
    [
      ["refund", 4],
      ["shipping", 4],
      ["job_application", 1],
    ],
  );
  assert.equal(validated, 8);
  assert.ok(accuracy >= 0.5);
  assert.equal(
    confusion.flat().reduce((a, b) => a + b),
    8,
  );
});

test("the same examples give the same bytes, and a file predicts what the head predicts", async () => {
  const file = triage.export();
  const again = await classifier.teach(EXAMPLES);
  assert.deepEqual(again.export(), file);
  const loaded = await createClassifier({ head: file.buffer });
  const text = "Is my parcel lost?";
  assert.deepEqual(await loaded.predict(text), await triage.predict(text));
  assert.deepEqual(loaded.labels, triage.labels);
  assert.equal(loaded.report, null);
  await assert.rejects(loaded.teach({ praise: ["Great"] }), { code: "head-not-extendable" });
  loaded.close();
});

test("a Map and an array of entries keep the order of labels that are integers", async () => {
  const entries = [
    ["5", ["I loved every minute of it"]],
    ["1", ["It was a waste of money"]],
  ];
  const of = async (examples) => (await classifier.teach(examples)).labels;
  assert.deepEqual(await of(new Map(entries)), ["5", "1"]);
  assert.deepEqual(await of(entries), ["5", "1"]);
});

test("a head with its examples is taught more", async () => {
  const loaded = await createClassifier({ head: triage.export({ examples: true }) });
  const more = await loaded.teach({ praise: ["What a great service", "I love it", "Thank you so much"] });
  assert.deepEqual(more.labels, ["refund", "shipping", "job_application", "praise"]);
  assert.equal(more.report.validated, 11);
  assert.equal(await label(more, "Is my parcel lost?"), "shipping");
  assert.equal(await label(more, "Great work, thank you"), "praise");
  loaded.close();
});

test("teaching reports its progress and can be aborted", async () => {
  const events = [];
  await classifier.teach(EXAMPLES, { onProgress: (progress) => events.push(progress) });
  const last = events.at(-1);
  assert.equal(last.done, last.total);
  assert.ok(events.every(({ done }, i) => i === 0 || done >= events[i - 1].done));
  const controller = new AbortController();
  const call = classifier.teach(EXAMPLES, {
    signal: controller.signal,
    onProgress: ({ done }) => done > 9 && controller.abort(),
  });
  await assert.rejects(call, { code: "aborted" });
  assert.equal(await label(triage, "Is my parcel lost?"), "shipping");
});

test("with `other`, a text that resembles no example has no label", async () => {
  const taught = await classifier.teach(EXAMPLES, { other: true });
  const known = await taught.predict(EXAMPLES.shipping[0]);
  assert.deepEqual([known.label, known.other], ["shipping", false]);
  const { label, labels, other } = await taught.predict("Photosynthesis turns light into sugar");
  assert.deepEqual([label, labels, other], [null, undefined, true]);
  assert.equal("other" in (await triage.predict("text")), false);
});

test("a head that is taught more keeps `other` and `multiLabel`", async () => {
  const more = { praise: ["What a great service", "I love it", "Thank you so much"] };
  const rejects = async (taught) => "other" in (await taught.predict("Is my parcel lost?"));
  const rejecting = await classifier.teach(EXAMPLES, { other: true });
  assert.equal(await rejects(await rejecting.teach(more)), true);
  assert.equal(await rejects(await rejecting.teach(more, { other: false })), false);
  const several = await classifier.teach(EXAMPLES, { multiLabel: true });
  assert.equal((await several.teach(more)).info.multiLabel, true);
  await assert.rejects(several.teach(more, { multiLabel: false }), {
    code: "invalid-input",
    message: /several labels/,
  });
  await assert.rejects(several.teach(more, { other: true }), { code: "invalid-input", message: /`other`/ });
});

test("closing a taught classifier frees its head alone", async () => {
  const taught = await classifier.teach(EXAMPLES);
  taught.close();
  await assert.rejects(taught.predict("text"), { code: "closed" });
  assert.equal(await label(classifier, "I loved it"), "positive");
});

test("invalid calls have codes", async () => {
  await assert.rejects(classifier.teach({ one: ["text"] }), {
    code: "invalid-input",
    message: /2 to 1000 labels, not 1/,
  });
  await assert.rejects(classifier.teach({ one: ["text"], two: [" "] }), { code: "empty-text", message: /"two"/ });
  for (const examples of [undefined, null, "refund"])
    await assert.rejects(classifier.teach(examples), {
      code: "invalid-input",
      message: /^examples must be an object /,
    });
  const rows = [{ text: "I want my money back", label: "refund" }];
  for (const [examples, given] of [
    [rows, "an array"],
    [Promise.resolve(EXAMPLES), "a promise: await it"],
  ])
    await assert.rejects(classifier.teach(examples), {
      code: "invalid-input",
      message:
        'examples must be an object such as { label: ["text"] } (from rows: (examples[label] ??= []).push(text)), ' +
        `not ${given}`,
    });
  for (const [entry, message] of [
    ["refund", /^examples must be an object such as /],
    [["refund"], /^examples\["refund"\] must be an array of texts, not undefined/],
    [["refund", "I want my money back"], /^examples\["refund"\] must be an array of texts/],
    [[5, ["I want my money back"]], /^a label must be a string/],
  ])
    await assert.rejects(classifier.teach([entry]), { code: "invalid-input", message });
  await assert.rejects(classifier.teach({ one: ["text"], two: [1] }), { code: "invalid-input", message: /"two"/ });
  await assert.rejects(classifier.teach(EXAMPLES, { other: 1 }), { code: "invalid-input" });
  await assert.rejects(classifier.teach(EXAMPLES, { other: true, multiLabel: true }), { code: "invalid-input" });
  const head = triage.export();
  await assert.rejects(createClassifier({ head: head.slice(0, 100) }), { code: "head-malformed" });
  const position = new TextDecoder("latin1").decode(head).indexOf('"encoder":"') + 11;
  head[position] ^= 1;
  await assert.rejects(createClassifier({ head }), { code: "head-mismatch" });
});

test("a model without features cannot be taught", async () => {
  const tiny = await createClassifier({ model: join(process.env.LITMUS_FIXTURES, "tiny") });
  await assert.rejects(tiny.teach(EXAMPLES), { code: "model-unsupported" });
  tiny.close();
});

test("a classifier that is taught on that of a task predicts the taught labels", async () => {
  const toxicity = await createClassifier({ task: "toxicity" });
  const taught = await toxicity.teach(EXAMPLES);
  assert.deepEqual(taught.labels, triage.labels);
  assert.deepEqual(await taught.predict("Is my parcel lost?"), await triage.predict("Is my parcel lost?"));
  assert.equal(await label(toxicity, "Is my parcel lost?"), null);
  toxicity.close();
});
