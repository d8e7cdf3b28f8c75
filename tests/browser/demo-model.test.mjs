// The visitor's own model in the demo, from a folder or a URL, and the reasons for which a model is rejected.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { serve } from "../../tools/serve.mjs";
import { useSite } from "../harness/site.mjs";
import { chooseFolder, download, fileOf, fixture, label, POSITIVE, ready, verdict } from "./demo.mjs";

const site = useSite();
/** Two other origins with the fixtures: one lets pages of other origins read its files, one does not. */
let withCors;
let withoutCors;
before(async () => {
  const mounts = { "/": fixture("") };
  withCors = await serve({ mounts, headers: { "access-control-allow-origin": "*" } });
  withoutCors = await serve({ mounts });
});
after(() => Promise.all([withCors.close(), withoutCors.close()]));

const labels = (page) => page.locator("#model-labels li").allTextContents();
const fetchModel = async (page, address) => {
  await page.locator("#model-url").fill(address);
  await page.locator("#model-address button").click();
};
const refusal = async (page) => {
  await page.locator("#model-failure").waitFor();
  return [
    await page.locator("#model-failure-text").textContent(),
    await page.locator("#model-failure-detail").textContent(),
  ];
};

/** Waits until the model is in use. A rejected model fails the test with the reason that the page shows. */
const accepted = async (page) => {
  await page.locator("#model-result:visible, #model-failure:visible").waitFor();
  assert.deepEqual(await page.locator("#model-failure:visible").allTextContents(), []);
};

/** A temporary folder with the model `tiny`, whose graph is a file of the fixtures. */
async function copyOfTiny(graph = "tiny/model.onnx") {
  const folder = await mkdtemp(join(tmpdir(), "litmus-model-"));
  for (const file of ["config.json", "tokenizer.json"]) await copyFile(fixture(`tiny/${file}`), join(folder, file));
  await copyFile(fixture(graph), join(folder, "model.onnx"));
  return folder;
}

test("the model of a folder is used by the whole page, until the visitor goes back", async () => {
  const { page, context, errors } = await ready(site);
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  await chooseFolder(page, "tiny");
  await accepted(page);
  assert.equal(await page.locator("#model-name").textContent(), "tiny");
  assert.deepEqual(await labels(page), ["joy", "anger", "surprise"]);
  const facts = await page.locator("#model-facts").textContent();
  assert.match(facts, /any of 3.*22\.7 kB.*64 tokens.*Loaded in[\d.,]+ ms.*\d+ tokens[\d.]+ ms.*\d+ tokens[\d.]+ ms/);
  await verdict(page, "(joy|anger|surprise)");
  assert.deepEqual(await page.locator("#bars dt").allTextContents(), ["joy", "anger", "surprise"]);
  assert.equal(await page.locator("#with").textContent(), "Your model: tiny");
  await label(page, await fileOf("few.txt", "gorgeous\nbleak\n"));
  await page.locator("#bulk-save").waitFor();
  assert.match((await download(page)).text, /^text,label,score,score_joy,score_anger,score_surprise,error/);
  await page.locator("#model-back").click();
  await verdict(page, "positive");
  assert.equal(await page.locator("#with").isVisible(), false);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a regression has a value instead of a percentage, a full bar and a histogram of probabilities", async () => {
  const { page, context, errors } = await ready(site);
  await chooseFolder(page, "pipelines/regression");
  await accepted(page);
  assert.doesNotMatch(await page.locator("#model-facts").textContent(), /one of/);
  await page.locator("#text").fill("I was so angry!");
  await verdict(page, "LABEL_0");
  assert.match(await page.locator("#confidence").textContent(), /^-\d\.\d+$/);
  assert.match(await page.locator("#bars dd").textContent(), /^-\d\.\d+$/);
  const bar = await page.locator("#bars > div").evaluate((row) => getComputedStyle(row, "::after").content);
  assert.equal(bar, "none");
  await label(page, await fileOf("few.txt", "I was so angry!\nnot bad\n"));
  await page.locator('#bulk-table [data-row="1"]').waitFor();
  assert.equal(await page.locator("#bulk-charts").isVisible(), false);
  const scores = await page.locator("#bulk-table td.score").allTextContents();
  assert.equal(scores.length, 2);
  for (const score of scores) assert.match(score, /^-?\d\.\d+$/);
  assert.deepEqual(errors, []);
  await context.close();
});

test("where no label is likely enough, the page says so; the rows of a table keep their scores", async () => {
  const { page, context, errors } = await ready(site);
  await chooseFolder(page, "pipelines/one-logit");
  await accepted(page);
  assert.match(await page.locator("#model-facts").textContent(), /Labelsany of 1/);
  await page.locator("#text").fill("I was so angry!");
  await verdict(page, "no label");
  assert.equal(await page.locator("#confidence").textContent(), "");
  assert.equal(await page.locator("#test").evaluate((test) => test.style.getPropertyValue("--score")), "0");
  assert.match(await page.locator("#bars dd").textContent(), /^1\d\.\d%$/);
  await page.locator("#text").fill("not bad");
  await verdict(page, "LABEL_0");
  await label(page, await fileOf("few.txt", "I was so angry!\nnot bad\n"));
  await page.locator('#bulk-table [data-row="1"]').waitFor();
  assert.deepEqual(await page.locator("#bulk-table .tag").allTextContents(), ["no label", "LABEL_0"]);
  const [, without, labelled] = (await download(page)).text.split("\n");
  assert.match(without, /^I was so angry!,,(0\.1\d+),\1,$/);
  assert.match(labelled, /^not bad,LABEL_0,(0\.\d+),\1,$/);
  assert.deepEqual(errors, []);
  await context.close();
});

test("unusable folders are rejected with a reason, and the page works on", async () => {
  const { page, context, errors } = await ready(site);
  for (const [folder, reason, detail] of [
    ["bad/no-labels", /A file is missing/, /tokenizer\.json/],
    ["bad/small-embedding", /do not fit together/, /./],
  ]) {
    await chooseFolder(page, folder);
    await page.locator("#model-failure-text", { hasText: reason }).waitFor();
    assert.match((await refusal(page))[1], detail);
  }
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  // A graph with an unknown operator.
  const folder = await copyOfTiny("bad/unsupported-op.onnx");
  await page.locator("#model-folder").setInputFiles(folder);
  await page.locator("#model-failure-text", { hasText: /unsupported architecture/ }).waitFor();
  await page.locator("#language").click();
  await page.locator("#model-failure-text", { hasText: /架构不受支持/ }).waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("if another model is rejected, the visitor's own stays in use, and the way back is still there", async () => {
  const { page, context, errors } = await ready(site);
  await chooseFolder(page, "tiny");
  await accepted(page);
  await chooseFolder(page, "bad/small-embedding");
  assert.match((await refusal(page))[0], /do not fit together/);
  assert.equal(await page.locator("#model-name").textContent(), "tiny");
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "(joy|anger|surprise)");
  await page.locator("#model-back").click();
  await verdict(page, "positive");
  assert.equal(await page.locator("#model-failure").isVisible(), false);
  assert.deepEqual(errors, []);
  await context.close();
});

test("the files of a model can be dropped without their folder", async () => {
  const { page, context } = await ready(site);
  await page.locator("#model-title").scrollIntoViewIfNeeded();
  await page.evaluate(async () => {
    const load = async (name) => new File([await (await fetch(`fixtures/tiny/${name}`)).blob()], name);
    const files = await Promise.all(["config.json", "tokenizer.json", "model.onnx"].map(load));
    const { dropModel } = await import("./own-model.js");
    globalThis.drop = (entries) => dropModel(entries);
    await drop(files.map((file) => ({ isFile: true, name: file.name, file: (resolve) => resolve(file) })));
  });
  await accepted(page);
  assert.equal(await page.locator("#model-name").textContent(), "Unnamed model");
  assert.match(await page.locator("#model-facts").textContent(), /Size22\.7 kB/);
  // A file that cannot be read any more.
  await page.evaluate(() =>
    drop([{ isFile: true, name: "config.json", file: (_, reject) => reject(new Error("gone")) }]),
  );
  assert.deepEqual(await refusal(page), ["The model could not be loaded.", "gone"]);
  await context.close();
});

test("a load that replaces another one keeps its progress and its cancel button", async () => {
  const server = createServer(); // it never answers
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { page, context, errors } = await ready(site);
  for (const name of ["first", "second"]) {
    const asked = new Promise((resolve) => server.once("request", ({ url }) => resolve(url)));
    await fetchModel(page, `http://127.0.0.1:${server.address().port}/${name}`);
    assert.equal(await asked, `/${name}/config.json`);
    assert.equal(await page.locator("#model-loading").isVisible(), true, name);
  }
  await page.locator("#model-stop").click();
  await page.locator("#model-loading").waitFor({ state: "hidden" });
  assert.equal(await page.locator("iframe").count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
  server.closeAllConnections();
  server.close();
});

test("the page fetches a model of its own origin", async () => {
  const { page, context, errors } = await ready(site);
  await fetchModel(page, "fixtures/folders/roberta");
  await accepted(page);
  assert.equal(await page.locator("#model-name").textContent(), "roberta");
  assert.match(await page.locator("#model-facts").textContent(), /Size[1-9][\d.]* kB/);
  await fetchModel(page, "fixtures/nowhere");
  assert.match((await refusal(page))[0], /A file is missing/);
  for (const address of ["ftp://example.invalid/model", "fixtures/%E0%A4%A"]) {
    await fetchModel(page, address);
    await page.locator("#model-failure-detail", { hasText: address }).waitFor();
    assert.match((await refusal(page))[0], /not a valid/);
  }
  const unexpected = errors.filter((error) => !/404/.test(error));
  assert.deepEqual(unexpected, []);
  await context.close();
});

test("a sandboxed frame fetches a model of another origin; the page itself cannot", async () => {
  const { page, context } = await ready(site);
  const frames = [];
  page.on("frameattached", (frame) => frames.push(frame));
  await fetchModel(page, `${withCors.url}tiny`);
  await accepted(page);
  assert.deepEqual(await labels(page), ["joy", "anger", "surprise"]);
  assert.equal(frames.length, 1);
  assert.equal(await page.locator("iframe").count(), 0);
  // Its requests are counted and listed.
  await page.locator("#network summary").click();
  assert.match(await page.locator("#requests").textContent(), new RegExp(`GET ${withCors.url}tiny/config.json`));
  assert.notEqual(await page.locator("#network").getAttribute("data-requests"), "0");
  // The Content-Security-Policy of the page.
  const reached = await page.evaluate(
    (url) =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    `${withCors.url}tiny/config.json`,
  );
  assert.equal(reached, false);
  // The sandbox of the frame.
  await page.evaluate(() => {
    const frame = Object.assign(document.createElement("iframe"), { src: "fetcher.html", id: "probe" });
    frame.sandbox = "allow-scripts";
    document.body.append(frame);
  });
  const frame = await (await page.locator("#probe").elementHandle()).contentFrame();
  await frame.waitForLoadState();
  const seen = await frame.evaluate(() => {
    try {
      return String(parent.document.body);
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(seen, "SecurityError");
  await context.close();
});

test("the frame fetches tokenizer_config.json, too: it changes how a text is read", async () => {
  const folder = await copyOfTiny();
  await writeFile(join(folder, "tokenizer_config.json"), "damaged");
  const server = await serve({ mounts: { "/": folder }, headers: { "access-control-allow-origin": "*" } });
  const { page, context } = await ready(site);
  await fetchModel(page, server.url);
  assert.match((await refusal(page))[1], /tokenizer_config\.json/);
  await context.close();
  await server.close();
});

test("the frame fetches weights in a file of their own, and the heads that litmus.json lists", async () => {
  const graph = "minilm-dynamo20-eager-external.onnx";
  const external = await copyOfTiny(`architectures/${graph}`);
  const config = JSON.parse(await readFile(join(external, "config.json"), "utf8"));
  await writeFile(join(external, "config.json"), JSON.stringify({ ...config, max_position_embeddings: 40 }));
  await mkdir(join(external, "onnx"));
  await rename(join(external, "model.onnx"), join(external, "onnx/model.onnx"));
  await copyFile(fixture(`architectures/${graph}.data`), join(external, `onnx/${graph}.data`));
  const mounts = { "/external/": external, "/multilingual/": join(root, "models/multilingual") };
  const server = await serve({ mounts, headers: { "access-control-allow-origin": "*" } });
  const { page, context, errors } = await ready(site);
  await fetchModel(page, `${server.url}external`);
  await accepted(page);
  assert.equal(await page.locator("#model-name").textContent(), "external");
  assert.match(await page.locator("#model-facts").textContent(), /Size270\.8 kB/); // the graph and its weights
  await fetchModel(page, `${server.url}multilingual`);
  await page.locator("#model-name", { hasText: "litmus-text/multilingual" }).waitFor();
  // The labels of the model itself, and its head as a task.
  assert.deepEqual(await page.locator("#tasks button").allTextContents(), ["Its labels", "Sentiment"]);
  await page.locator("#text").fill("这部电影太好看了");
  await page.locator("#task-sentiment").click();
  await verdict(page, "positive");
  const unexpected = errors.filter((error) => !/404/.test(error));
  assert.deepEqual(unexpected, []);
  await context.close();
  await server.close();
});

test("the frame takes no text of a model for the name of a file with weights", async () => {
  const folder = await copyOfTiny();
  // The field doc_string (6) of ModelProto, with the bytes of an entry that names a file.
  const entry = "\n\x08location\x12\x09x.weights";
  await appendFile(join(folder, "model.onnx"), Buffer.from([(6 << 3) | 2, entry.length, ...Buffer.from(entry)]));
  const server = await serve({ mounts: { "/": folder }, headers: { "access-control-allow-origin": "*" } });
  const { page, context } = await ready(site);
  await fetchModel(page, server.url);
  await accepted(page);
  assert.deepEqual(await labels(page), ["joy", "anger", "surprise"]);
  await context.close();
  await server.close();
});

test("if a download breaks off, no other file is taken instead", async () => {
  const folder = await copyOfTiny();
  const server = createServer((request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    if (request.url !== "/model.onnx") {
      // The graph is complete under its other names.
      const file = createReadStream(join(folder, request.url.replace("/onnx/", "/")));
      file.on("error", () => response.writeHead(404).end()).pipe(response);
      return;
    }
    response.setHeader("content-length", 20_000);
    response.write("x".repeat(10_000), () => response.destroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { page, context } = await ready(site);
  await fetchModel(page, `http://127.0.0.1:${server.address().port}/`);
  const [, detail] = await refusal(page);
  assert.match(detail, /^http:[^ ]+\/model\.onnx: /);
  assert.doesNotMatch(detail, /\/onnx\//);
  await context.close();
  server.closeAllConnections();
  server.close();
});

test("a missing CORS header and a missing model have different messages", async () => {
  const { page, context } = await ready(site);
  await fetchModel(page, `${withoutCors.url}tiny`);
  assert.match((await refusal(page))[0], /CORS/);
  await fetchModel(page, `${withCors.url}nowhere`);
  await page.locator("#model-failure-text", { hasText: /A file is missing/ }).waitFor();
  assert.match((await refusal(page))[1], /nowhere\/config\.json: status 404/);
  await context.close();
});
