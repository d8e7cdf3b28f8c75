// The tables "What runs" of the README, made from the tests: `npm run what-runs` writes them, and tests/documents fails if they
// are not up to date, or if a test that they name is gone.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, UserError } from "./command.mjs";
import { writeGeneratedBlock } from "./generated-block.mjs";
import { root } from "./paths.mjs";

const readJson = async (path) => JSON.parse(await readFile(join(root, path), "utf8"));

/** Names of the architectures in tests/fixtures/architectures/golden.json. */
const FAMILIES = {
  bert: "BERT",
  minilm: "MiniLM",
  distilbert: "DistilBERT",
  electra: "ELECTRA",
  albert: "ALBERT",
  roberta: "RoBERTa",
  xlmroberta: "XLM-RoBERTa",
  data2vec: "data2vec",
  mpnet: "MPNet",
  mobilebert: "MobileBERT",
  modernbert: "ModernBERT",
  nomicbert: "NomicBERT",
  deberta: "DeBERTa-v3",
};
/** Names of its exporters. `unfolded` is `script` without constant folding. */
const EXPORTERS = { script: "`dynamo=False`", unfolded: "`dynamo=False`", dynamo: "`dynamo=True`" };
/** Names of its weight formats, by the beginning of their keys. */
const WEIGHTS = {
  "float32": "float32",
  "float16": "float16",
  "int8": "int8",
  "uint8": "int8",
  "4bit": "4 bits",
  "8bit": "8 bits",
  "dynamic": "`quantize_dynamic`",
  "o2-dynamic": "`quantize_dynamic` after optimisation",
  "o1": "optimised",
  "o2": "optimised",
  "o3": "optimised",
  "external": "external data",
};

const nameOf = (names, key) => {
  const found = Object.keys(names).find((each) => key === each || key.startsWith(`${each}-`));
  if (found === undefined) throw new UserError(`tools/what-runs.mjs has no name for "${key}": add one`);
  return names[found];
};
/** The names of all keys, each once, in the order of `names`. */
const list = (names, keys) => {
  const found = new Set(keys.map((key) => nameOf(names, key)));
  return [...new Set(Object.values(names))].filter((name) => found.has(name)).join(", ");
};

/** A row for each architecture of the fixtures, then those of whole folders and of tokenizers. */
async function models() {
  const { models } = await readJson("tests/fixtures/architectures/golden.json");
  const modelsOf = (family) => models.filter(({ architecture }) => nameOf(FAMILIES, architecture) === family);
  const trained = Object.keys(await readJson("tests/fixtures/trained.json"));
  const requirements = await readFile(join(root, "tests/fixtures/trained.requirements.txt"), "utf8");
  const [, optimum] = /^optimum-onnx==(.+)$/m.exec(requirements);
  const families = Object.values(FAMILIES).filter((family) => modelsOf(family).length > 0);
  const used = (family, names, key) => {
    const keys = modelsOf(family).map((model) => model[key]);
    return list(names, keys);
  };
  const tokens = "tokens_equal_those_of_hugging_face";
  return [
    ...families.map((family) => ({
      model: family,
      exporter: `torch, ${used(family, EXPORTERS, "exporter")}`,
      weights: used(family, WEIGHTS, "weights"),
      test: ["src/graph/tests/architectures.rs", "logits_are_close_to_onnxruntime"],
    })),
    {
      model: `${list(FAMILIES, trained)}, fine-tuned by transformers' Trainer`,
      exporter: `\`optimum-cli export onnx\` ${optimum}, the folder untouched`,
      weights: "float32",
      test: ["tests/folders.rs", "the_folders_of_trainer_and_optimum_have_the_logits_of_transformers"],
    },
    { model: "tokenizer: WordPiece", exporter: "", weights: "", test: ["tests/reference.rs", tokens] },
    { model: "tokenizers: byte-level BPE, Unigram", exporter: "", weights: "", test: ["tests/folders.rs", tokens] },
  ];
}

const row = (file, test, host, folder, ...packages) => ({
  file: `tests/hosts/${file}.test.mjs`,
  test,
  host,
  folder,
  packages,
});
/** Hosts with the names of their tests, and the packages of a folder's lock file whose versions are named. */
const HOSTS = [
  row("pages", 'index.html with nothing but <script type="module">', "pages without a bundler"),
  row("cdn", "jsDelivr, the file: computed in a worker", "pages with the package on a CDN"),
  row("vite", "vite, production", "Vite", "tests/hosts", "vite", "vite-7"),
  row("bundlers", "webpack", "webpack", "tests/hosts", "webpack"),
  row("bundlers", "rollup", "Rollup", "tests/hosts", "rollup"),
  row("bundlers", "esbuild", "esbuild", "tests/hosts", "esbuild"),
  row("frameworks", "parcel, production", "Parcel", "tests/hosts/apps/parcel", "parcel"),
  row("next", "Next.js, production, turbopack", "Next.js", "tests/hosts", "next"),
  row("frameworks", "sveltekit, production", "SvelteKit", "tests/hosts/apps/sveltekit", "@sveltejs/kit"),
  row("frameworks", "nuxt, production", "Nuxt", "tests/hosts/apps/nuxt", "nuxt"),
  row("frameworks", "astro, production", "Astro", "tests/hosts/apps/astro", "astro"),
  row("frameworks", "angular, production", "Angular", "tests/hosts/apps/angular", "@angular/core"),
  row("examples", "examples/react", "React", "examples/react", "react"),
  row("examples", "examples/svelte", "Svelte", "examples/svelte", "svelte"),
  row("test-runners", "Jest: Node and jsdom", "Jest", "tests/hosts/apps/jest", "jest"),
  row("test-runners", "Vitest: Node, jsdom and Chromium", "Vitest", "tests/hosts/apps/vitest", "vitest"),
  row("runtimes", "Node, main.js", "Node 20 and later"),
  row("runtimes", "Deno, main.js", "Deno", "tests/hosts", "deno"),
  row("runtimes", "Bun, main.js", "Bun", "tests/hosts", "bun"),
  row("workerd", "workerd, the model from its assets", "workerd"),
  row("extension", "an extension's popup and service worker", "Chromium extensions"),
];

/** The versions of packages in a folder's lock file. */
async function versionsOf({ folder, packages }) {
  if (!folder) return "";
  const lock = await readJson(join(folder, "package-lock.json"));
  return packages.map((name) => lock.packages[`node_modules/${name}`].version).join(", ");
}

const link = (file, test) => `[\`${test}\`](${file})`;
const table = (heads, rows) =>
  [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** The content of the blocks of the README by name, and the tests that they name: `[file, name]`. */
export async function whatRuns() {
  const rows = await models();
  const hosts = await Promise.all(
    HOSTS.map(async (each) => [each.host, await versionsOf(each), link(each.file, each.test)]),
  );
  return {
    blocks: {
      "what-runs:models": table(
        ["model", "exporter", "weights in the file", "test"],
        rows.map(({ model, exporter, weights, test }) => [model, exporter, weights, link(...test)]),
      ),
      "what-runs:hosts": table(["host", "version", "test"], hosts),
    },
    tests: [...rows.map(({ test }) => test), ...HOSTS.map(({ file, test }) => [file, test])],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { blocks } = await whatRuns();
    for (const [name, content] of Object.entries(blocks))
      await writeGeneratedBlock(join(root, "README.md"), name, content);
  } catch (error) {
    fail(error);
  }
}
