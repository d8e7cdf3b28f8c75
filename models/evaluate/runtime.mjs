// Runs model folders in the runtime that ships: the package under Node, as `npm run build` made it.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { sizes } from "../../benches/common.mjs";
import { median, textOf } from "../../benches/measure.mjs";
import { UserError } from "../../tools/command.mjs";
import { root } from "../../tools/paths.mjs";
import { checked, LABELS } from "./corpora.mjs";

const pkg = join(root, "pkg");

/** Texts per call: enough for batches of similar length, few enough for frequent progress. */
const TEXTS = 128;
/** Milliseconds between two progress messages. */
const QUIET = 10_000;
/** Number of timed predictions by length in tokens. */
const ROUNDS = { 16: 40, 32: 30, 128: 15 };

/** Name, version and checksum of the runtime. */
export async function describeRuntime() {
  const { name, version } = JSON.parse(await readFile(join(pkg, "package.json"), "utf8"));
  const wasm_sha256 = createHash("sha256")
    .update(await readFile(join(pkg, "wasm/litmus_text_bg.wasm")))
    .digest("hex");
  const machine = `${cpus()[0].model}, ${cpus().length} cores`;
  return { name, version, wasm_sha256, node: process.versions.node, machine };
}

/** Loads a model folder and reads its litmus.json. */
export async function openModel(name, folder) {
  const path = join(folder, "litmus.json");
  if (!existsSync(path)) throw new UserError(`no ${path}`);
  const litmus = JSON.parse(await readFile(path, "utf8"));
  for (const [file, { sha256 }] of Object.entries(litmus.files)) await checked(join(folder, file), sha256);
  const { createClassifier } = await import("../../pkg/dist/node.js");
  const classifier = await createClassifier({ model: pathToFileURL(folder) });
  if (classifier.labels.join() !== LABELS.join()) {
    throw new UserError(`${folder}: its labels are ${classifier.labels.join(", ")}; expected ${LABELS.join(", ")}`);
  }
  return { name, folder, litmus, classifier };
}

/** The rows with the model's `scores`: the probability of each label. */
export async function scored({ name, classifier }, what, rows) {
  const results = [];
  let reported = performance.now();
  for (let start = 0; start < rows.length; start += TEXTS) {
    const part = rows.slice(start, start + TEXTS);
    const predictions = await classifier.predict(part.map(({ text }) => text));
    for (const [i, { scores }] of predictions.entries()) {
      const byLabel = Object.fromEntries(scores.map(({ label, score }) => [label, score]));
      results.push({ ...part[i], scores: byLabel });
    }
    if (performance.now() - reported > QUIET || results.length === rows.length) {
      console.log(`  ${name}: ${what}, ${results.length} of ${rows.length} texts`);
      reported = performance.now();
    }
    await new Promise(setImmediate); // predictions block this thread: let other work, such as compression, go on
  }
  return results;
}

/** The number of tokens, and of those that the vocabulary does not know, without the two special tokens around a text. */
export async function unknownTokens({ classifier }, rows) {
  const result = { texts: rows.length, tokens: 0, unknown: 0 };
  for (const { text } of rows) {
    const { ids, unknownFraction } = await classifier.tokenize(text);
    const count = ids.length - 2;
    result.tokens += count;
    result.unknown += Math.round(unknownFraction * count);
  }
  return { ...result, share: result.unknown / result.tokens };
}

/** The size of each file that a page downloads, raw and under brotli 11. Heads are not among them. */
export async function fileSizes({ folder, litmus }) {
  const downloaded = Object.keys(litmus.files).filter((file) => !file.startsWith("heads/"));
  const measured = downloaded.map(async (file) => {
    const { raw, brotli } = await sizes([relative(pkg, join(folder, file))]);
    return [file, { bytes: raw, brotli }];
  });
  return Object.fromEntries(await Promise.all(measured));
}

/** Milliseconds of one prediction by model and length. Models take turns: a slow phase of the machine affects all. */
export async function latencies(models) {
  const results = models.map(() => ({}));
  for (const [tokens, rounds] of Object.entries(ROUNDS)) {
    console.log(`  ${models.map(({ name }) => name).join(", ")}: ${rounds} predictions of ${tokens} tokens`);
    const count = (classifier) => async (text) => (await classifier.tokenize(text)).ids.length;
    const texts = await Promise.all(models.map(({ classifier }) => textOf(Number(tokens), count(classifier))));
    const times = models.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, { classifier }] of models.entries()) {
        await classifier.predict(texts[i]); // warms the CPU caches, which hold the weights of the model before
        const start = performance.now();
        await classifier.predict(texts[i]);
        times[i].push(performance.now() - start);
      }
    }
    for (const [i, all] of times.entries()) results[i][tokens] = median(all);
  }
  return results;
}
