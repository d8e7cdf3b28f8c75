// The bulk part of the demo: file formats, results, and constant memory for a hundred thousand rows.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { untilUnchanged } from "../harness/eventually.mjs";
import { useSite } from "../harness/site.mjs";
import { chooseFolder, download, fileOf, label, NEGATIVE, POSITIVE, ready, verdict } from "./demo.mjs";

const Papa = createRequire(import.meta.url)("papaparse");
const ROWS = 100_000;
/**
 * Bytes by which the page's heap may grow while the last 80,000 rows are labelled: six per row for its result, and a
 * margin.
 */
const HEAP_GROWTH = 8e6;

const site = useSite();

const finished = (page, timeout = 60_000) => page.locator("#bulk-save").waitFor({ timeout });
const rowsDone = (page) =>
  page
    .locator("#bulk-status")
    .evaluate((status) => Number(/[\d,]+/.exec(status.textContent)?.[0].replaceAll(",", "") ?? 0));
const untilRows = (page, rows) =>
  page.waitForFunction(
    (rows) =>
      Number(/[\d,]+/.exec(document.getElementById("bulk-status").textContent)?.[0].replaceAll(",", "")) >= rows,
    rows,
    { timeout: 120_000 },
  );
const shownRows = (page) =>
  page
    .locator("#bulk-table [data-row]")
    .evaluateAll((lines) => lines.map((line) => [...line.cells].map((cell) => cell.textContent)));

test("a CSV is returned with labels and scores, its own columns unchanged", async () => {
  const { page, context, errors, crossOrigin } = await ready(site);
  const texts = [
    POSITIVE,
    `"Never again", she said, ${NEGATIVE}`,
    "two\nlines, gorgeous and witty",
    "",
    "Über-schön 🙂, a joy",
  ];
  const csv = `\ufeffid;kommentar;label\r\n${texts.map((text, i) => `${i};"${text.replaceAll('"', '""')}";old`).join("\r\n")}\r\n`;
  await page.locator("#bulk-file").setInputFiles(await fileOf("reviews.csv", csv));
  await page.locator("#bulk-setup").waitFor();
  assert.equal(await page.locator("#bulk-column option:checked").textContent(), "kommentar");
  assert.equal(await page.locator("#bulk-header").isChecked(), true);
  await page.locator("#bulk-start").click();
  await finished(page);
  assert.match(await page.locator("#bulk-status").textContent(), /^5 rows in .* · 1 failed$/);
  const { name, text } = await download(page);
  assert.equal(name, "reviews.litmus.csv");
  assert.ok(text.startsWith("\ufeff"), "the byte order mark is kept");
  const { data, errors: wrong } = Papa.parse(text.slice(1), { skipEmptyLines: true });
  assert.deepEqual(wrong, []);
  const [heading, ...rows] = data;
  assert.deepEqual(heading, [
    "id",
    "kommentar",
    "label",
    "litmus_label",
    "score",
    "score_negative",
    "score_neutral",
    "score_positive",
    "error",
  ]);
  assert.deepEqual(
    rows.map((row) => row.slice(0, 3)),
    texts.map((text, i) => [String(i), text, "old"]),
  );
  assert.deepEqual(
    rows.map((row) => row[3]),
    ["positive", "negative", "positive", "", "positive"],
  );
  assert.deepEqual(rows[3].slice(3), ["", "", "", "", "", "empty-text"]);
  // The same score as for a typed text.
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  assert.equal(await page.locator("#confidence").textContent(), `${(100 * Number(rows[0][4])).toFixed(1)}%`);
  assert.deepEqual({ errors, crossOrigin }, { errors: [], crossOrigin: [] });
  await context.close();
});

test("JSON lines, JSON, plain lists and pasted text are read", async () => {
  const { page, context } = await ready(site);
  const lines = [{ stars: 5, body: POSITIVE }, { stars: 1, body: NEGATIVE }, { stars: 3 }];
  const jsonl = lines.map((line) => JSON.stringify(line)).join("\n");
  for (const [name, content] of [
    ["r.jsonl", `${jsonl}\n{oops\n`],
    ["r.json", JSON.stringify(lines)],
  ]) {
    await label(page, await fileOf(name, content));
    await finished(page);
    const { text, name: saved } = await download(page);
    assert.equal(saved, "r.litmus.jsonl");
    const rows = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      rows.slice(0, 2).map(({ stars, label }) => [stars, label]),
      [
        [5, "positive"],
        [1, "negative"],
      ],
    );
    assert.ok(Math.abs(Object.values(rows[0].scores).reduce((sum, each) => sum + each) - 1) < 0.001);
    assert.deepEqual(
      rows.slice(2).map(({ error }) => error),
      name === "r.jsonl" ? ["invalid-input", "invalid-input"] : ["invalid-input"],
    );
    await page.locator("#bulk-again").click();
  }
  await page.locator("#bulk-paste").fill(`${POSITIVE}\n\n${NEGATIVE}\n`);
  await page.locator("#bulk-read").click();
  await page.locator("#bulk-start").click();
  await finished(page);
  const { data } = Papa.parse((await download(page)).text, { header: true, skipEmptyLines: true });
  assert.deepEqual(
    data.map(({ text, label }) => [text, label]),
    [
      [POSITIVE, "positive"],
      [NEGATIVE, "negative"],
    ],
  );
  await context.close();
});

test("what a file has already is not overwritten, and rows of any length get their labels in the same columns", async () => {
  const { page, context, errors } = await ready(site);
  const lines = [
    ...Array.from({ length: 7 }, () => ({ text: POSITIVE })),
    { text: NEGATIVE, label: 1, litmus_label: "mine", score: null },
  ];
  await label(page, await fileOf("r.jsonl", lines.map((line) => JSON.stringify(line)).join("\n")));
  await finished(page);
  const last = JSON.parse((await download(page)).text.trim().split("\n").at(-1));
  assert.deepEqual([last.label, last.litmus_label, last.score], [1, "mine", null]);
  assert.equal(last.litmus_litmus_label, "negative");
  assert.equal(typeof last.litmus_score, "number");
  await page.locator("#bulk-again").click();
  await label(page, await fileOf("r.csv", `id,text\n1,${POSITIVE.split(",")[0]}\n2,${NEGATIVE},more,and more\n`));
  await page.locator("#text").focus();
  await finished(page);
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => document.activeElement.id), "text", "the focus stays where the visitor is");
  const { data } = Papa.parse((await download(page)).text, { skipEmptyLines: true });
  assert.deepEqual(data[0].slice(0, 6), ["id", "text", "column_3", "column_4", "label", "score"]);
  assert.deepEqual([data[1][4], data[2][4]], ["positive", "negative"]);
  assert.deepEqual(data[2].slice(0, 4), ["2", NEGATIVE, "more", "and more"]);
  await page.locator("#bulk-again").click();
  await label(page, await fileOf("tabs.tsv", `id\ttext\n1\t${POSITIVE}\n`));
  await finished(page);
  const tabs = await download(page);
  assert.equal(tabs.name, "tabs.litmus.tsv");
  assert.match(tabs.text, /^id\ttext\tlabel\tscore/);
  assert.deepEqual(errors, []);
  await context.close();
});

test("what is a list and what is a table", async () => {
  const { page, context, errors } = await ready(site);
  const kind = async (name, content) => {
    await page.locator("#bulk-file").setInputFiles(await fileOf(name, content));
    await page.locator("#bulk-name", { hasText: name }).waitFor();
    const shown = await page.locator("#bulk-kind").textContent();
    const texts = await page.locator("#bulk-preview li").allTextContents();
    return [shown.split(",")[0], ...texts];
  };
  const reviews = ["Good film, bad ending", "Nice room, cold soup"];
  assert.deepEqual(await kind("sentences.txt", reviews.join("\n")), ["List", ...reviews]);
  assert.deepEqual(await kind("old-mac.txt", reviews.join("\r")), ["List", ...reviews]);
  assert.deepEqual(await kind("names.txt", "id,text\n1,Good film\n2,Nice room"), ["Table", "Good film", "Nice room"]);
  assert.deepEqual(await kind("tabs.txt", "a\tGood film\nb\tNice room"), ["Table", "Good film", "Nice room"]);
  assert.deepEqual(await kind("old-mac.csv", '1,"Good, it is"\r2,Nice room\r'), ["Table", "Good, it is", "Nice room"]);
  assert.deepEqual(await kind("texts.json", JSON.stringify(reviews)), ["JSON lines", ...reviews]);
  assert.deepEqual(errors, []);
  await context.close();
});

test("files that are not UTF-8 are read in their most likely encoding", async () => {
  const { page, context } = await ready(site);
  await page
    .locator("#bulk-file")
    .setInputFiles(await fileOf("old.txt", Buffer.from("caf\xe9, gorgeous and witty\nbleak caf\xe9", "latin1")));
  await page.locator("#bulk-setup").waitFor();
  assert.match(await page.locator("#bulk-kind").textContent(), /windows-1252/);
  assert.equal(await page.locator("#bulk-preview li").first().textContent(), "café, gorgeous and witty");
  await page.locator("#bulk-other").click();
  await page
    .locator("#bulk-file")
    .setInputFiles(await fileOf("wide.txt", Buffer.from("\ufeffgorgeous café\nbleak", "utf16le")));
  await page.locator("#bulk-preview li", { hasText: "gorgeous café" }).waitFor();
  await page.locator("#bulk-other").click();
  await page.locator("#bulk-file").setInputFiles(await fileOf("empty.csv", ""));
  await page.getByRole("alert").getByText("There is no text in it.").waitFor();
  await context.close();
});

/** Dispatches a drag event with a file at the text. Resolves to whether the page handles it. */
const drag = (page, type, name, text) =>
  page.locator("#try").evaluate(
    (target, [type, name, text]) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([text], name, { type: "text/plain" }));
      const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
      target.dispatchEvent(event);
      return event.defaultPrevented;
    },
    [type, name, text],
  );

/** Drags a file over the page, until the script that takes it is loaded. Before that, the browser does not open it either. */
async function dragOver(page, name, text) {
  await drag(page, "dragenter", name, text);
  do {
    assert.equal(await drag(page, "dragover", name, text), true);
    await page.waitForTimeout(50);
  } while ((await page.locator(".dropping").count()) === 0);
}

test("a file that is dropped on the page is read", async () => {
  const { page, context, errors } = await ready(site);
  const file = ["dropped.txt", `${POSITIVE}\n${NEGATIVE}\n`];
  await dragOver(page, ...file);
  await page.locator("#bulk.dropping").waitFor();
  assert.equal(await drag(page, "drop", ...file), true);
  await page.locator("#bulk-name", { hasText: "dropped.txt" }).waitFor();
  assert.deepEqual(await page.locator("#bulk-preview li").allTextContents(), [POSITIVE, NEGATIVE]);
  assert.equal(await page.locator(".dropping").count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a file that cannot be read leaves the open table and its results usable", async () => {
  const { page, context, errors } = await ready(site);
  const rows = Array.from({ length: 60 }, (_, i) => `row ${i} is gorgeous`); // more than the table shows at once
  await page.locator("#bulk-file").setInputFiles(await fileOf("rows.txt", rows.join("\n")));
  await page.locator("#bulk-setup").waitFor();
  const damaged = ["damaged.json", "[{"];
  await dragOver(page, ...damaged);
  await drag(page, "drop", ...damaged);
  await page.getByRole("alert").getByText("It could not be read").waitFor();
  assert.equal(await page.locator("#bulk-name").textContent(), "rows.txt");
  await page.locator("#bulk-start").click();
  await finished(page);
  assert.equal(await page.locator("#bulk-problem").isVisible(), false);
  await drag(page, "drop", "empty.csv", "");
  await page.getByRole("alert").getByText("There is no text in it.").waitFor();
  await page.locator("#bulk-table").evaluate((table) => (table.scrollTop = table.scrollHeight));
  await page.locator("#bulk-table td.text", { hasText: rows[59] }).waitFor();
  const { name, text } = await download(page);
  assert.equal(name, "rows.litmus.csv");
  assert.equal(text.trim().split("\n").length, 61);
  // While the file is written, the table stays open.
  const written = page.waitForEvent("download");
  await page.evaluate(() => {
    for (const id of ["bulk-save", "bulk-again"]) document.getElementById(id).click();
  });
  await written;
  await page.locator("#bulk-again").click();
  await page.locator("#bulk-open").waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("of two files, the one that was chosen last is opened, even if the other takes longer", async () => {
  const { page, context, errors } = await ready(site);
  await page.locator("#bulk-title").scrollIntoViewIfNeeded();
  await page.locator("#bulk-tasks input").first().waitFor({ state: "attached" }); // the script of the part is loaded
  await page.locator("#bulk-file").evaluate((input) => {
    for (const [name, text] of [
      ["long.txt", "gorgeous and witty\n".repeat(1_000_000)],
      ["short.txt", "bleak\n"],
    ]) {
      const chosen = new DataTransfer();
      chosen.items.add(new File([text], name));
      input.files = chosen.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  await page.locator("#bulk-setup").waitFor();
  while (page.workers().filter((worker) => worker.url().endsWith("rows-worker.js")).length > 1)
    await page.waitForTimeout(50);
  assert.equal(await page.locator("#bulk-name").textContent(), "short.txt");
  assert.deepEqual(await page.locator("#bulk-preview li").allTextContents(), ["bleak"]);
  assert.deepEqual(errors, []);
  await context.close();
});

test("the sample pauses, continues, is cancelled, and its table is sorted", async () => {
  const { page, context, errors } = await ready(site);
  await page.locator("#bulk-sample").click();
  await page.locator("#bulk-start").click();
  await untilRows(page, 64);
  await page.locator("#bulk-pause").click();
  await page.locator("#bulk-status", { hasText: "Paused" }).waitFor();
  const paused = await untilUnchanged(() => rowsDone(page), 5000); // rows that are being computed still arrive
  await page.locator("#bulk-pause").click();
  await untilRows(page, paused + 32);
  await page.locator("#bulk-cancel").click();
  await finished(page);
  assert.match(
    await page.locator("#bulk-status").textContent(),
    /^Cancelled after \d+ rows\. They can be downloaded\.$/,
  );
  const score = (cells) => Number(cells[3].replace("%", ""));
  await page.getByRole("button", { name: "Score" }).click();
  await page.locator("th.score[aria-sort=descending]").waitFor();
  await page.waitForTimeout(500);
  const best = await shownRows(page);
  assert.deepEqual(
    best.map(score),
    best.map(score).toSorted((a, b) => b - a),
  );
  await page.getByRole("button", { name: "Score" }).click();
  await page.locator("th.score[aria-sort=ascending]").waitFor();
  await page.waitForTimeout(500);
  const worst = await shownRows(page);
  assert.ok(score(worst[0]) <= score(best.at(-1)), `${worst[0]} ${best.at(-1)}`);
  assert.ok(
    worst.every(([, text]) => text.length > 3),
    "each row has its text",
  );
  const shares = await page.locator("#bulk-shares dd").allTextContents();
  const count = shares.reduce((sum, share) => sum + Number(/^[\d,]+/.exec(share)[0]), 0);
  assert.equal(count, await rowsDone(page));
  assert.match(await page.getByRole("img").getAttribute("aria-label"), /^Rows by score: \d+–\d+ %: \d+/);
  assert.deepEqual(errors, []);
  await context.close();
});

test(`${ROWS.toLocaleString("en")} rows, cancelled and then completed, in a heap that does not grow with them`, async (t) => {
  const { page, context, errors } = await ready(site);
  // A tiny model: the test is about everything around it.
  await chooseFolder(page, "tiny");
  await page.locator("#model-result").waitFor();
  const text = (i) => `row ${i}, ${i % 7 === 0 ? 'said "gorgeous"' : "bleak"}${i % 11 === 0 ? "\nand long" : ""}`;
  const csv = ["id,text", ...Array.from({ length: ROWS }, (_, i) => `${i},"${text(i).replaceAll('"', '""')}"`)].join(
    "\n",
  );
  const path = await fileOf("many.csv", csv);
  const check = ({ text: saved }, rows) => {
    const { data, errors } = Papa.parse(saved, { header: true, skipEmptyLines: true });
    assert.deepEqual(errors, []);
    assert.equal(data.length, rows);
    for (const [i, row] of data.entries()) {
      if (
        row.id !== String(i) ||
        row.text !== text(i) ||
        !row.label.split(";").every((label) => ["joy", "anger", "surprise"].includes(label))
      )
        assert.fail(JSON.stringify(row));
    }
  };
  await label(page, path);
  await untilRows(page, ROWS / 5);
  await page.locator("#bulk-cancel").click();
  await finished(page);
  const cancelled = await rowsDone(page);
  assert.ok(cancelled < ROWS, `${cancelled} rows`);
  check(await download(page), cancelled);
  await page.locator("#bulk-again").click();

  const session = await context.newCDPSession(page);
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize;
  };
  const start = performance.now();
  await label(page, path);
  await untilRows(page, ROWS / 5);
  const before = await heap();
  await finished(page, 240_000);
  const grown = (await heap()) - before;
  t.diagnostic(`${await page.locator("#bulk-status").textContent()}; the heap grew by ${(grown / 1e6).toFixed(1)} MB`);
  assert.ok(grown < HEAP_GROWTH, `${grown} bytes`);
  assert.equal(await rowsDone(page), ROWS);
  check(await download(page), ROWS);
  // Only the visible rows are in the document.
  await page.locator("#bulk-table").evaluate((table) => (table.scrollTop = table.scrollHeight));
  await page.locator(`#bulk-table [data-row="${ROWS - 1}"] td.text`, { hasText: `row ${ROWS - 1},` }).waitFor();
  assert.ok((await page.locator("#bulk-table tr").count()) < 60);
  await page.locator("th.label button").click();
  await page.locator("th.label[aria-sort=ascending]").waitFor();
  t.diagnostic(`${((performance.now() - start) / 1000).toFixed(0)} s in all`);
  assert.deepEqual(errors, []);
  await context.close();
});
