// The commands `litmus-text classify` and `litmus-text teach`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createClassifier } from "litmus-text";

const installed = fileURLToPath(new URL("./", import.meta.resolve("litmus-text/package.json")));
const cli = join(installed, "dist/cli.js");

/** Runs the command. Resolves to its exit status and what it has printed. */
const run = (...args) => runWithInput("", ...args);
const runWithInput = (input, ...args) =>
  new Promise((resolve) => {
    const { stdin } = execFile(process.execPath, [cli, ...args], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stdout, stderr }),
    );
    stdin.on("error", () => undefined).end(input); // a command that does not read it may have ended
  });
const write = (name, text) => writeFile(join(folder, name), text);
const read = (name) => readFile(join(folder, name), "utf8");

let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), "litmus command-"))));
after(() => rm(folder, { recursive: true, force: true }));

const REVIEWS = '\ufeffid,review\n1,"I loved it, every minute"\n2,"She said ""boring"".\nIt was awful"\n3,\n';

test("classify adds label and score to each row, and says how many have none", async () => {
  await write("reviews.csv", REVIEWS);
  const { status, stdout, stderr } = await run("classify", "reviews.csv", "--column", "review", "-o", "out.csv");
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^litmus-text: 1 row has no label: row 4 \(empty-text\)\n$/);
  const classifier = await createClassifier();
  const score = async (text) => (await classifier.predict(text)).score;
  const [first, second] = [await score("I loved it, every minute"), await score('She said "boring".\nIt was awful')];
  classifier.close();
  assert.equal(
    await read("out.csv"),
    `\ufeffid,review,label,score\n1,"I loved it, every minute",positive,${first}\n` +
      `2,"She said ""boring"".\nIt was awful",negative,${second}\n3,,,\n`,
  );
});

test("a table can be its own output, and an error leaves it as it was", async () => {
  await write("own.csv", "text\nI loved it\n");
  const failed = await run("classify", "own.csv", "-o", "own.csv", "--task", "irony");
  assert.deepEqual([failed.status, await read("own.csv")], [1, "text\nI loved it\n"]);
  assert.equal((await run("classify", "own.csv", "-o", "own.csv")).status, 0);
  assert.match(await read("own.csv"), /^text,label,score\nI loved it,positive,0\.\d+\n$/);
  await assert.rejects(read("own.csv.part"), { code: "ENOENT" });
});

test("a task has its labels, several tasks have columns of their own, and tabs separate a .tsv", async () => {
  await write("texts.tsv", 'text\tid\nYou are an "idiot\t1\nThank you, that made my day\t2\n');
  const one = await run("classify", "texts.tsv", "--task", "toxicity", "--threshold", "0.1");
  assert.equal(one.status, 0, one.stderr);
  const [header, insult, thanks] = one.stdout.trimEnd().split("\n");
  assert.equal(header, "text\tid\tlabel\tscore");
  assert.match(insult, /^You are an "idiot\t1\t(hateful;)?toxic(;hateful)?\t0\.\d+$/);
  assert.match(thanks, /\t2\t\t0?\.?\d/);
  await run("classify", "texts.tsv", "--task", "sentiment", "--task", "emotion", "-o", "both.csv");
  const rows = (await read("both.csv")).trimEnd().split("\n");
  assert.equal(rows[0], "text,id,sentiment,sentiment_score,emotion,emotion_score");
  assert.match(rows[2], /^"Thank you, that made my day",2,positive,0\.\d+,[\w;]*gratitude[\w;]*,0\.\d+$/);
});

test("the separator is recognised in the header, or given, and the output has it", async () => {
  const mask = (table) => table.replace(/(positive|neutral|negative)(\W)0\.\d+/g, "LABEL$20.5");
  for (const [table, args, expected] of [
    [
      "\ufeffid;texto;a, b, c\r\n1;Me gustó, mucho;\r\n2;'Malo; muy malo';x\r\n",
      ["--column", "texto"],
      "\ufeffid;texto;a, b, c;label;score\n1;Me gustó, mucho;;LABEL;0.5\n2;'Malo; muy malo';x;LABEL;0.5\n",
    ],
    ["\n'a;b;c',text\n,Fine\n", [], "a;b;c,text,label,score\n,Fine,LABEL,0.5\n"],
    ["text\nFine; good\n", [], "text,label,score\nFine; good,LABEL,0.5\n"],
    ["id\ttext\n1\t'Fine,\tgood'\n", [], "id\ttext\tlabel\tscore\n1\t'Fine,\tgood'\tLABEL\t0.5\n"],
    ["text|id\nFine, good|1\n", ["--delimiter", "|"], "text|id|label|score\nFine, good|1|LABEL|0.5\n"],
    [
      "text;id\tx\nFine\t1\n",
      ["--delimiter", "tab", "--column", "text;id"],
      "text;id\tx\tlabel\tscore\nFine\t1\tLABEL\t0.5\n",
    ],
    ["text\nFine; good\n", ["--delimiter", ";"], undefined],
  ]) {
    const { status, stdout, stderr } = await runWithInput(table.replaceAll("'", '"'), "classify", "-", ...args);
    if (expected === undefined) {
      assert.match(
        stderr,
        /put a text that has semicolons into double quotes, or name the separator with --delimiter\n$/,
      );
      continue;
    }
    assert.equal(status, 0, stderr);
    assert.equal(mask(stdout), expected.replaceAll("'", '"'));
  }
  await write("semicolons.csv", 'text;id\n"Fine;\ngood";1\n');
  await run("classify", "semicolons.csv", "-o", "tabs.tsv");
  assert.equal(mask(await read("tabs.tsv")), "text\tid\tlabel\tscore\nFine; good\t1\tLABEL\t0.5\n");
});

test("classify counts the texts with a warning by warning, and the exit status remains 0", async () => {
  const table = "text\nI loved it\n映画は最高でした\nA joy\nМне очень понравился этот фильм\n";
  const { status, stdout, stderr } = await runWithInput(table, "classify", "-");
  assert.equal(status, 0);
  assert.match(stdout, /^text,label,score\n/);
  const [script, unknown, ...rest] = stderr.trimEnd().split("\n");
  const reason = "in a script that the model does not read (other-script)";
  assert.equal(script, `litmus-text: 2 of 4 texts are ${reason}: row 3, row 5`);
  assert.match(
    unknown,
    /^litmus-text: \d of 4 texts (is|are) mostly unknown to the model \(mostly-unknown-tokens\): row 3/,
  );
  assert.deepEqual(rest, []);
  const rows = `text\n${"映画は最高でした\n".repeat(12)}`;
  const several = await runWithInput(rows, "classify", "-", "--task", "sentiment", "--task", "emotion");
  assert.ok(several.stderr.startsWith(`litmus-text: 12 of 12 texts are ${reason}: row 2, `), several.stderr);
  assert.match(several.stderr, /row 11, and 2 more\n/);
});

test("--model multilingual is the packaged model, unless there is a folder of that name", async () => {
  const args = ["classify", "-", "--model", "multilingual"];
  const { stdout, stderr } = await runWithInput("text\n这部电影太好看了，我非常喜欢。\n", ...args);
  assert.match(stdout, /,positive,0\.\d+\n$/, stderr);
  await mkdir(join(folder, "multilingual"));
  const own = await runWithInput("text\nFine\n", ...args);
  assert.equal(own.status, 1);
  assert.match(own.stderr, /\/multilingual\/config\.json: there is no such file: --model takes the folder of a model/);
  await rm(join(folder, "multilingual"), { recursive: true });
});

test("--version prints the version of the package", async () => {
  const { version } = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  assert.deepEqual(await run("--version"), { status: 0, stdout: `litmus-text ${version}\n`, stderr: "" });
});

test("teach writes the head that classifier.teach gives, and classify uses it", async () => {
  const rows = [
    ["refund", "I want my money back"],
    ["refund", "Please refund my order"],
    ["refund", "How do I get a refund?"],
    ["shipping", "Where is my parcel?"],
    ["shipping", "My order has not arrived"],
    ["shipping", "The delivery is late"],
    ["praise", ""],
  ];
  await write("examples.csv", `label,text\n${rows.map((row) => row.join(",")).join("\n")}\n`);
  const { status, stdout, stderr } = await run("teach", "examples.csv", "-o", "triage.head");
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^3 labels, 7 examples\n\d+\.\d % of 6 held-out examples are predicted right\n/);
  const classifier = await createClassifier();
  const texts = (label) => rows.filter(([name, text]) => name === label && text).map(([, text]) => text);
  const examples = { refund: texts("refund"), shipping: texts("shipping"), praise: [] };
  const taught = await classifier.teach(examples);
  assert.deepEqual(new Uint8Array(await readFile(join(folder, "triage.head"))), taught.export());
  classifier.close();
  await write("mails.csv", "text\nIs my parcel lost?\n");
  const triage = await run("classify", "mails.csv", "--head", "triage.head");
  assert.match(triage.stdout, /\nIs my parcel lost\?,shipping,(0\.\d+|1)\n$/);
  const excel = `\ufefflabel;text\r\n${rows.map((row) => row.join(";")).join("\r\n")}\r\n`;
  const piped = excel.replaceAll(";", "|");
  assert.equal((await runWithInput(excel, "teach", "-", "-o", "excel.head")).status, 0);
  assert.equal((await runWithInput(piped, "teach", "-", "-o", "piped.head", "--delimiter", "|")).status, 0);
  for (const name of ["excel.head", "piped.head"]) {
    assert.deepEqual(await readFile(join(folder, name)), await readFile(join(folder, "triage.head")), name);
  }
  const more = await run("teach", "examples.csv", "-o", "more.head", "--head", "triage.head");
  assert.match(more.stderr, /^triage\.head: .*exported without its examples/);
});

test("a head that teach writes has the labels in the order of the table, integers too", async () => {
  const table = "label,text\n5,I loved every minute of it\n1,It was a waste of money\nfair,\n3,It was all right\n";
  const { status, stderr } = await runWithInput(table, "teach", "-", "-o", "stars.head");
  assert.equal(status, 0, stderr);
  const stars = await createClassifier({ head: await readFile(join(folder, "stars.head")) });
  assert.deepEqual(stars.labels, ["5", "1", "fair", "3"]);
  stars.close();
});

test("rows are numbered as in a spreadsheet, short ones are filled up, and the table may be standard input", async () => {
  const table = 'id,text,note\n1,"Fine,\nthank you",\n\n2,\n3\n4,Very good\n';
  const { status, stdout, stderr } = await runWithInput(table, "classify", "-");
  assert.equal(status, 1);
  assert.equal(stderr, "litmus-text: 2 rows have no label: row 4 (empty-text), row 5 (empty-text)\n");
  const cells = stdout.replace("Fine,\nthank you", "Fine").trimEnd().split("\n");
  assert.deepEqual([cells[0], cells[2], cells[3]], ["id,text,note,label,score", "2,,,,", "3,,,,"]);
  assert.match(cells[4], /^4,Very good,,positive,0\.\d+$/);
  // Programs write an empty text as `""` where it is the only cell of its row.
  const single = await runWithInput('text\nVery good\n""\nVery bad\n\n', "classify", "-");
  assert.deepEqual([single.status, single.stderr], [1, "litmus-text: 1 row has no label: row 3 (empty-text)\n"]);
  assert.match(single.stdout, /^text,label,score\nVery good,positive,0\.\d+\n,,\nVery bad,negative,0\.\d+\n$/);
  const many = await runWithInput(`id,text\n${"1,\n".repeat(13)}`, "classify", "-");
  assert.match(many.stderr, /^litmus-text: 13 rows have no label: row 2 .*, row 11 \(empty-text\), and 3 more\n$/);
});

test("a table that cannot be read as its author meant it is rejected before anything is computed", async () => {
  const wide = "row 3 has 4 cells, but the header has 2: put a text that has commas into double quotes";
  await write("wide.csv", "label,text\na,good\nb,It was slow, loud, and awful\n");
  await write("wide.tsv", "label\ttext\na\tgood\nb\tslow\tand loud\n");
  await write("latin1.csv", Buffer.from("label,text\na,good\nb,tr\xe8s bien\n", "latin1"));
  await write("utf16.csv", Buffer.from("\ufefflabel,text\n", "utf16le"));
  await write("wide-semicolons.csv", "label;text\na;good; very good\n");
  await write("pipes.csv", "label|text\na|good\n");
  await write("commas.tsv", "label,text\na,good\n");
  await write("open.csv", 'label,text\na,"very\ngood" \n"b\n","say ""no\nc,bad\n');
  await write("quoted.csv", 'label,text\na,"Say" "no"\n');
  await write("empty.csv", "");
  await write("blank.csv", "\n\n");
  const fails = async (args, message) => {
    const { status, stdout, stderr } = await run(...args);
    assert.deepEqual([status, stdout], [1, ""], args.join(" "));
    assert.ok(stderr.includes(message), `${args.join(" ")}: ${stderr}`);
  };
  for (const [file, message] of [
    ["wide.csv", `wide.csv: ${wide}`],
    ["wide.tsv", "wide.tsv: row 3 has 3 cells, but the header has 2: replace tabs within a text"],
    ["latin1.csv", "latin1.csv is not UTF-8: line 3 "],
    ["utf16.csv", "utf16.csv is not UTF-8: line 1 "],
    ["wide-semicolons.csv", "header has 2: put a text that has semicolons into double quotes\n"],
    ["pipes.csv", "(it has: label|text): name the column"],
    ["pipes.csv", ", or name the separator with --delimiter"],
    ["commas.tsv", ", or name the separator with --delimiter"],
    ["open.csv", "open.csv: row 3 has a double quote that is never closed: close it"],
    ["quoted.csv", "quoted.csv: row 2 has more text after a quoted cell: double each double quote"],
    ["empty.csv", "empty.csv is empty"],
    ["blank.csv", "blank.csv is empty"],
  ]) {
    await fails(["classify", file], message);
    await fails(["teach", file, "-o", "x.head"], message);
  }
  await write("labelled.csv", "label,text\na,good\n,bad\n");
  await fails(["classify", "labelled.csv"], 'labelled.csv has a column "label", which classify adds: rename it');
  await fails(["teach", "labelled.csv", "-o", "x.head"], "labelled.csv: row 3 has no label");
});

test("every command names what is wrong with its arguments", async () => {
  const commands = "(known: serve, classify, teach, pack): litmus-text --help lists commands and options";
  for (const [args, message] of [
    [[], /^Usage: litmus-text serve/],
    [["clasify", "x.csv"], `unknown command "clasify" ${commands}`],
    [["I loved it"], `unknown command "I loved it" ${commands}`],
    [["classify"], "classify needs a FILE: litmus-text --help"],
    [["teach", "-o", "x.head"], "teach needs a FILE: "],
    [["pack"], "pack needs a FOLDER: "],
    [["classify", "a.csv", "b.csv"], 'unexpected argument "b.csv": classify takes one FILE: '],
    [["serve", "8080"], 'unexpected argument "8080": serve takes only options: '],
    [
      ["classify", "x.csv", "--tresh", "1"],
      /^unknown option --tresh of classify \(known: .*--column, --task, --threshold\)/,
    ],
    [["serve", "-p", "1"], /^unknown option -p of serve \(known: .*--port/],
    [["pack", "--model", "x"], "unknown option --model of pack (known: none)"],
    [
      ["classify", "x.csv", "--delimiter", ";;"],
      '--delimiter must be one character that is no double quote, or "tab", not ";;"',
    ],
    [["teach", "x.csv", "-o", "x.head", "--delimiter", '"'], "--delimiter must be one character"],
    [["classify", "x.csv", "--task", "a", "--head", "x.head"], "--task and --head exclude each other: leave one out"],
    [["serve", "--task", "a", "--head", "x.head"], "--task and --head exclude each other: leave one out"],
    [["classify", "x.csv", "--task", "a", "--task", "a"], "--task a is given twice: leave one out"],
    [["classify", "x.csv", "--column"], /'--column <value>' argument missing/],
  ]) {
    const { status, stdout, stderr } = await run(...args);
    assert.deepEqual([status, stdout], [1, ""], args.join(" "));
    if (typeof message === "string") assert.ok(stderr.startsWith(message), stderr);
    else assert.match(stderr, message);
  }
});

test("what is missing or wrong is named, without a stack trace", async () => {
  await write("reviews.csv", REVIEWS);
  for (const [args, message] of [
    [["classify", "missing.csv"], /missing\.csv cannot be read/],
    [["classify", "reviews.csv"], /reviews\.csv has no column "text" \(it has: id, review\): .* --column/],
    [["classify", "reviews.csv", "--column", "review", "--task", "irony"], /"sentiment".*not "irony"/],
    [["classify", "reviews.csv", "--column", "review", "--threshold", "2"], /--threshold must be a number from 0 to 1/],
    [["classify", "reviews.csv", "--column", "review", "-o", "missing/out.csv"], /missing\/out\.csv cannot be written/],
    [["classify", "reviews.csv", "--column", "review", "--head", "reviews.csv"], /^reviews\.csv: the head is /],
    [
      ["classify", "reviews.csv", "--column", "review", "--model", "english"],
      /no such file: --model takes the folder of a model, its URL, or multilingual/,
    ],
    [["teach", "reviews.csv"], /--output is missing/],
    [["teach", "reviews.csv", "-o", "x.head"], /has no column "text".*--text and --label/],
    [["teach", "reviews.csv", "-o", "x.head", "--text", "review", "--label", "label"], /has no column "label"/],
  ]) {
    const { status, stderr } = await run(...args);
    assert.equal(status, 1, args.join(" "));
    assert.match(stderr, message);
    assert.ok(!stderr.includes("    at "), "no stack trace");
  }
});
