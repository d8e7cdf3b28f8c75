// Tasks in a page: their heads are downloaded when they are first needed, and kept for the next visit. A page can keep the heads
// that it has taught.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countCachedFiles, waitUntilCached } from "../harness/package-page.mjs";
import { useSite } from "../harness/site.mjs";
import { watchWorkers } from "../harness/workers.mjs";

const site = useSite();

/** A page with the package, and the head files that it has requested so far. */
async function openPage(context) {
  const heads = [];
  const prepare = (page) =>
    page.on("request", (request) => {
      const [, head] = /\/heads\/(\w+)\.head$/.exec(new URL(request.url()).pathname) ?? [];
      if (head) heads.push(head);
    });
  return { ...(await site.packagePage({ context, prepare })), heads };
}

/** The labels of an insult by task. */
const insult = (page, options) =>
  page.evaluate(async (options) => {
    const classifier = await litmus.createClassifier(options);
    try {
      const { toxicity } = await classifier.predict("You are an idiot", { tasks: ["toxicity"] });
      return toxicity.labels;
    } catch ({ code, message }) {
      return { code, message };
    } finally {
      classifier.close();
    }
  }, options);

test("a head is downloaded once, when it is first needed", async () => {
  const { page, context, heads, errors } = await openPage();
  await page.evaluate(async () => {
    globalThis.classifier = await litmus.createClassifier({ workers: 2 });
    await classifier.predict("good");
  });
  assert.deepEqual(heads, []);
  const labels = await page.evaluate(async () => {
    const calls = Array.from({ length: 6 }, () => classifier.predict("You are an idiot", { task: "toxicity" }));
    return (await Promise.all(calls)).map(({ label }) => label);
  });
  assert.deepEqual([labels, heads], [Array(6).fill("toxic"), ["toxicity"]]);
  const size = await page.evaluate(async () => (await classifier.embed("good")).length);
  assert.deepEqual([size, heads, errors], [384, ["toxicity", "embedding"], []]);
  await context.close();
});

test("a head comes from the cache at the next visit, and without a network", async () => {
  const { page, context } = await openPage();
  assert.deepEqual(await insult(page), ["toxic"]);
  await waitUntilCached(page, 5);
  const next = await openPage(context);
  assert.deepEqual([await insult(next.page), next.heads], [["toxic"], []]);
  const offline = await openPage(context);
  // Loads the WebAssembly, whose storage is left to the browser, but no head.
  await offline.page.evaluate(() => litmus.createClassifier().then((it) => it.close()));
  await context.setOffline(true);
  assert.deepEqual(await insult(offline.page), ["toxic"]);
  await context.close();
});

test("cache: false stores no head", async () => {
  const { page, context } = await openPage();
  assert.deepEqual(await insult(page, { cache: false }), ["toxic"]);
  assert.equal(await countCachedFiles(page), 0);
  await context.close();
});

test("a head that does not match litmus.json is checksum-mismatch, and the next call tries again", async () => {
  const { page, context } = await openPage();
  let failures = 1;
  await context.route("**/toxicity.head", (route) =>
    failures-- > 0 ? route.fulfill({ body: "another head" }) : route.continue(),
  );
  const { code, message } = await insult(page);
  assert.deepEqual([code, /toxicity\.head/.test(message)], ["checksum-mismatch", true]);
  assert.deepEqual(await insult(page), ["toxic"]);
  await context.close();
});

test("heads survive a crash of the worker", async () => {
  const heads = [];
  const prepare = async (page) => {
    page.on("request", (request) => request.url().endsWith(".head") && heads.push(request.url()));
    await watchWorkers(page);
  };
  const { page, context } = await site.packagePage({ prepare });
  const attempt = () =>
    page.evaluate(() =>
      classifier.predict("You are an idiot").then(
        ({ label }) => label,
        ({ code }) => code,
      ),
    );
  await page.evaluate(async () => {
    globalThis.classifier = await litmus.createClassifier({ task: "toxicity" });
  });
  assert.equal(await attempt(), "toxic");
  await page.workers()[0].evaluate(() => void new Uint8Array(memory.buffer).fill(0xff));
  assert.equal(await attempt(), "internal");
  assert.equal(await attempt(), "toxic");
  assert.equal(heads.length, 1);
  await context.close();
});

test("a head that was taught is there at the next visit if the page has kept it", async () => {
  const { page, errors } = await site.packagePage();
  await page.evaluate(async () => {
    const classifier = await litmus.createClassifier();
    const triage = await classifier.teach({
      refund: ["I want my money back", "Please refund my order"],
      shipping: ["Where is my parcel?", "My order has not arrived"],
    });
    const heads = await caches.open("heads");
    await heads.put("/triage.head", new Response(triage.export()));
  });
  await page.reload();
  await page.waitForFunction(() => "litmus" in globalThis);
  const seen = await page.evaluate(async () => {
    const { createClassifier } = litmus;
    const kept = await caches.match("/triage.head");
    const triage = await createClassifier({ head: await kept.arrayBuffer() });
    return { label: (await triage.predict("Is my parcel lost?")).label, report: triage.report };
  });
  assert.deepEqual(seen, { label: "shipping", report: null });
  assert.deepEqual(errors, []);
});
