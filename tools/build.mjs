// npm run build: crate → WebAssembly → pkg/wasm, TypeScript → pkg/dist, model → pkg/models.
// A step whose input has not changed is skipped, except for the copies.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, run, step, UserError } from "./command.mjs";
import { appendFiles } from "./embedded-file.mjs";
import { hashFiles, listFiles } from "./files.mjs";
import { packagedModels, root, targetDir } from "./paths.mjs";
import { writeSupply } from "./supply.mjs";
import { ensureNode, ensureRust, ensureWasmBindgen, wasmConfig } from "./toolchain.mjs";

const pkg = join(root, "pkg");

/** The files that the wasm is compiled from: it is compiled again when one of them changes. */
const sources = ["Cargo.toml", "Cargo.lock", ".cargo", "tools/vendor", "build.rs", "src"];
const model = join("models", "english");
const heads = ["sentiment", "emotion", "toxicity", "embedding"].map((name) => `heads/${name}.head`);
/** The files of the embedded build. */
const modelFiles = ["config.json", "tokenizer.json", "model.onnx", "litmus.json", ...heads];

const wasmFolder = join(pkg, "wasm");
const glue = join(wasmFolder, "litmus_text.js");
const glueTypes = join(wasmFolder, "litmus_text.d.ts");
const wasmFile = join(wasmFolder, "litmus_text_bg.wasm");
const embeddedFile = join(wasmFolder, "embedded", "litmus_text_bg.wasm");

/** One hash over files and over the files of folders. */
export const hash = async (paths) => hashFiles(root, await listFiles(root, paths));

/** Runs `work` and writes `value` into the file `stamp`; skips it if the file has that value already and all outputs exist. */
export async function unlessDone(stamp, value, outputs, work) {
  const last = await readFile(stamp, "utf8").catch(() => "");
  if (last === value && outputs.every((output) => existsSync(output))) return;
  await rm(stamp, { force: true }); // work that is broken off leaves no stamp of an earlier state
  await work();
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, value);
}

/** How long cargo takes on two cores, for each profile that is built for WebAssembly. */
const usualTime = {
  web: "five to ten minutes the first time, then two minutes after a change",
  demo: "two to four minutes the first time, then half a minute after a change",
};

/** The compiled crate of a profile, and the file with the hash of what it was compiled from. */
const compiled = (profile) => {
  const folder = join(targetDir, `litmus-${profile}`);
  return { folder, kept: join(folder, "litmus_text.wasm"), stamp: join(folder, "source") };
};

/**
 * Compiles the crate. `quick` allows the profile `demo`, which compiles in less than half of the time and computes a
 * little slower, unless the crate is there as it ships. Resolves to the path of the .wasm file and the hash of what it
 * was made from: sources, compiler and flags.
 */
async function compileCrate({ quick }) {
  const compiler = await run("rustc", ["-vV"], { quiet: true });
  const inputs = [await hash(sources), compiler, ...wasmConfig()];
  const hashOfInputs = createHash("sha256").update(inputs.join("\n")).digest("hex");
  const isShippedFresh = (await readFile(compiled("web").stamp, "utf8").catch(() => "")) === hashOfInputs;
  const profile = quick && !isShippedFresh ? "demo" : "web";
  const { folder, kept, stamp } = compiled(profile);
  await mkdir(folder, { recursive: true });
  await unlessDone(stamp, hashOfInputs, [kept], () =>
    step(`cargo build for WebAssembly (${usualTime[profile]})`, async () => {
      const target = ["--target", "wasm32-unknown-unknown", "--profile", profile];
      const args = ["build", ...wasmConfig(), "--package", "litmus-text-cdylib", ...target];
      await run("cargo", args, { prefix: "cargo", env: { ...process.env, CARGO_TARGET_DIR: targetDir } });
      // A copy: the tests build the crate in the same folder in other ways.
      await copyFile(join(targetDir, "wasm32-unknown-unknown", profile, "litmus_text_cdylib.wasm"), kept);
    }),
  );
  return { wasm: kept, hashOfInputs };
}

/** Writes the JavaScript glue, its types and the .wasm file that it loads into pkg/wasm. */
async function bindgen({ wasm, hashOfInputs }, bin) {
  const args = [
    ...["--target", "web", "--out-dir", wasmFolder, "--out-name", "litmus_text"],
    ...["--remove-name-section", "--remove-producers-section"],
    // The package names the file itself; a second name in the glue would confuse bundlers.
    "--omit-default-module-path",
    // Exports the function by which pkg/src/engine/instance.ts replaces an instance that has crashed.
    "--experimental-reset-state-function",
    wasm,
  ];
  const outputs = [glue, glueTypes, wasmFile];
  await unlessDone(join(wasmFolder, ".built"), `${bin} ${args.join(" ")} ${hashOfInputs}`, outputs, () =>
    step("wasm-bindgen", () => run(join(bin, "wasm-bindgen"), args)),
  );
}

/** Writes the embedded build: one file with the WebAssembly module and the model. */
async function embedModel() {
  const paths = modelFiles.map((name) => join(model, name));
  const value = await hash(["pkg/wasm/litmus_text_bg.wasm", "tools/embedded-file.mjs", ...paths]);
  const folder = dirname(embeddedFile);
  await unlessDone(join(folder, ".built"), value, [embeddedFile], async () => {
    const files = modelFiles.map(async (name) => [name, await readFile(join(root, model, name))]);
    await mkdir(folder, { recursive: true });
    await writeFile(embeddedFile, appendFiles(await readFile(wasmFile), await Promise.all(files)));
  });
}

/** Entry points that are bundled together: code that several of one group need is in files of its own. */
const bundles = [
  ["index", "worker", "handler"],
  ["embedded"],
  ["multilingual"],
  ["node", "embedded-node", "handler-node", "node-worker", "cli"],
  ["workerd", "handler-workerd"],
];

/** The npm packages that are bundled into `dist`, by what they are part of. */
const bundled = { "lru-cache": "handler.js", "@cfworker/json-schema": "handler.js", "papaparse": "cli.js" };

/** The text of a package's licence. A package without the text that is under the MIT licence gets the usual text with its author. */
async function licenceText(folder, { name, license, author }) {
  const file = (await readdir(folder)).find((file) => /^licen[cs]e(\.md)?$/i.test(file));
  if (file !== undefined) return readFile(join(folder, file), "utf8");
  if (license !== "MIT")
    throw new UserError(`${name} has no text of its licence, ${license}: add it to tools/build.mjs`);
  const text = await readFile(join(root, "LICENSE-MIT"), "utf8");
  return text.replace(/^Copyright .*$/m, `Copyright (c) ${author}`);
}

/** Writes the licences of the bundled packages into `dist`. */
async function writeLicences(dist) {
  const parts = Object.entries(bundled).map(async ([name, part]) => {
    const folder = join(root, "node_modules", name);
    const { version, license, author: person } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const author = person?.name ?? person;
    const text = await licenceText(folder, { name, license, author });
    return `${name} ${version}, ${license}, by ${author}, is part of ${part}.\n\n${text}`;
  });
  await writeFile(join(dist, "LICENSES.md"), (await Promise.all(parts)).join("\n\n"));
}

/** Compiles pkg/src into pkg/dist: types by tsc, JavaScript by esbuild. */
async function compileTypeScript() {
  const dist = join(pkg, "dist");
  const reads = [
    "pkg/src",
    "pkg/tsconfig.json",
    "pkg/package.json",
    "tools/build.mjs",
    "package-lock.json",
    "pkg/wasm/litmus_text.js",
    "pkg/wasm/litmus_text.d.ts",
  ];
  const outputs = [
    ...bundles.flat().map((name) => join(dist, `${name}.js`)),
    join(dist, "types", "entry", "index.d.ts"),
  ];
  await unlessDone(join(dist, ".built"), await hash(reads), outputs, () =>
    step("TypeScript", async () => {
      await rm(dist, { recursive: true, force: true }); // the chunks of an earlier build have other names
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      await run(process.execPath, [tsc, "-p", join(pkg, "tsconfig.json"), "--emitDeclarationOnly"]);
      const { build: bundle } = await import("esbuild");
      const { version } = JSON.parse(await readFile(join(pkg, "package.json"), "utf8"));
      for (const names of bundles) {
        await bundle({
          entryPoints: names.map((name) => join(pkg, "src", "entry", `${name}.ts`)),
          outdir: dist,
          chunkNames: "[hash]",
          bundle: true,
          // A single entry is one file: nothing of the embedded build is loaded later.
          splitting: names.length > 1,
          format: "esm",
          target: "es2022",
          external: ["node:*", "*.wasm"],
          define: { PACKAGE_VERSION: JSON.stringify(version) },
          ignoreAnnotations: true, // "sideEffects" of package.json is about dist
          minify: true,
          sourcemap: true,
          logLevel: "warning",
        });
      }
      await writeLicences(dist);
    }),
  );
}

/** Copies the models, the README and our licences into the package. */
async function copyModelsAndTexts() {
  await rm(join(pkg, "models"), { recursive: true, force: true }); // a folder of an earlier name would be packed too
  await mkdir(join(pkg, "models"), { recursive: true });
  for (const name of packagedModels) {
    await cp(join(root, "models", name), join(pkg, "models", name), { recursive: true, preserveTimestamps: true });
  }
  for (const file of ["README.md", "LICENSE-MIT", "LICENSE-APACHE"]) {
    if (existsSync(join(root, file))) await cp(join(root, file), join(pkg, file));
  }
}

/**
 * Builds the package. `supply` adds the licences, the bill of materials and the checksums that are published with it.
 * `quick` builds what the demo needs, in less than half of the time: see `compileCrate`.
 */
export async function build({ supply = true, quick = false } = {}) {
  await ensureNode();
  await ensureRust();
  for (const name of packagedModels) {
    if (!existsSync(join(root, "models", name, "model.onnx")))
      throw new UserError(`models/${name}/model.onnx is missing`);
  }
  // At the same time: the link at the end of the crate's build keeps only one core busy, and for long.
  const [bin, crate] = await Promise.all([ensureWasmBindgen(), compileCrate({ quick })]);
  await bindgen(crate, bin);
  if (!quick) await embedModel();
  await compileTypeScript();
  await copyModelsAndTexts();
  if (supply) await writeSupply();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build().catch(fail);
