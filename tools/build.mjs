// npm run build: crate → WebAssembly → pkg/wasm, TypeScript → pkg/dist, model → pkg/models.
// A step whose input has not changed does nothing.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { reshape } from "./glue.mjs";
import { writeSupply } from "./supply.mjs";
import { fail, run, step, UserError } from "./command.mjs";
import { root, targetDir } from "./paths.mjs";
import { ensureNode, ensureRust, ensureWasmBindgen, wasmConfig } from "./toolchain.mjs";

const pkg = join(root, "pkg");

const sources = ["Cargo.toml", "Cargo.lock", ".cargo", "build.rs", "src"];
const model = ["config.json", "tokenizer.json", "model.onnx", "litmus.json"].map((file) => `models/sentiment/${file}`);
const variants = {
  plain: { args: [], reads: sources, out: join(pkg, "wasm") },
  embedded: {
    args: ["--features", "embed-model"],
    reads: [...sources, ...model],
    out: join(pkg, "wasm", "embedded"),
  },
};

/** One hash over files and over the files of folders. */
async function hash(paths) {
  const sum = createHash("sha256");
  for (const path of paths) {
    const isFolder = (await stat(join(root, path))).isDirectory();
    const names = isFolder ? (await readdir(join(root, path), { recursive: true })).sort() : [""];
    for (const name of names) {
      const file = join(root, path, name);
      if ((await stat(file)).isFile()) sum.update(`${join(path, name)}\n`).update(await readFile(file));
    }
  }
  return sum.digest("hex");
}

/** Does `work` unless `stamp`, written after the last time, still says the same. */
async function unlessDone(stamp, value, outputs, work) {
  const last = await readFile(stamp, "utf8").catch(() => "");
  if (last === value && outputs.every((output) => existsSync(output))) return;
  await work();
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, value);
}

/**
 * Compiles a variant of the crate and keeps the result under a name of its own: both have the same
 * artefact, so that cargo alone would link again at each change between them.
 */
async function compileCrate(variant) {
  const { args, reads } = variants[variant];
  const folder = join(targetDir, "litmus-web");
  const kept = join(folder, `${variant}.wasm`);
  await mkdir(folder, { recursive: true });
  await unlessDone(join(folder, `${variant}.source`), await hash(reads), [kept], () =>
    step(`cargo build for WebAssembly, ${variant}`, async () => {
      const fixed = ["rustc", ...wasmConfig(), "--lib", "--crate-type", "cdylib", "--target", "wasm32-unknown-unknown", "--profile", "web"];
      const env = { ...process.env, CARGO_TARGET_DIR: targetDir };
      await run("cargo", [...fixed, ...args], { prefix: "cargo", env });
      await copyFile(join(targetDir, "wasm32-unknown-unknown", "web", "litmus_text.wasm"), kept);
    }),
  );
  return kept;
}

async function bindgen(variant, wasm, bin) {
  const { out } = variants[variant];
  const args = [
    ...["--target", "web", "--out-dir", out, "--out-name", "litmus_text"],
    ...["--remove-name-section", "--remove-producers-section"],
    // The package names the file itself; a second name in here would confuse bundlers.
    "--omit-default-module-path",
    wasm,
  ];
  const sum = await hash(["tools/glue.mjs"]);
  const value = `${bin} ${args.join(" ")} ${await readFile(wasm.replace(/wasm$/, "source"))} ${sum}`;
  const outputs = ["litmus_text.js", "litmus_text.d.ts", "litmus_text_bg.wasm"].map((name) => join(out, name));
  await unlessDone(join(out, ".built"), value, outputs, () =>
    step(`wasm-bindgen, ${variant}`, async () => {
      await run(join(bin, "wasm-bindgen"), args);
      const [js, dts, module] = outputs;
      const ours = reshape(await readFile(module), await readFile(js, "utf8"), await readFile(dts, "utf8"));
      await writeFile(module, ours.wasm);
      await writeFile(js, ours.js);
      await writeFile(dts, ours.dts);
    }),
  );
}

/** What esbuild makes together, with what is common to it in files of its own. */
const bundles = {
  plain: [["index", "worker", "handler"]],
  all: [
    ["index", "worker", "handler"],
    ["embedded", "embedded-worker"],
    ["node", "embedded-node", "handler-node", "node-worker", "cli"],
    ["workerd", "handler-workerd"],
  ],
};

/** What is inside `dist` besides our own, and its licence. */
const bundled = ["lru-cache", "@cfworker/json-schema"];

async function writeLicences(dist) {
  const parts = bundled.map(async (name) => {
    const folder = join(root, "node_modules", name);
    const { version, license, author } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const text = await readFile(join(folder, "LICENSE.md"), "utf8").catch(() => "");
    return `${name} ${version}, ${license}, by ${author?.name ?? author}, is part of handler.js.\n\n${text}`;
  });
  await writeFile(join(dist, "LICENSES.md"), (await Promise.all(parts)).join("\n\n"));
}

/** Types by tsc, JavaScript by esbuild: of all the package, or of what the demo needs until the other is there. */
async function compileTypeScript() {
  const embedded = existsSync(join(variants.embedded.out, "litmus_text.js"));
  const dist = join(pkg, "dist");
  const entries = bundles[embedded ? "all" : "plain"];
  const folders = embedded ? ["pkg/wasm", "pkg/wasm/embedded"] : ["pkg/wasm"];
  const glue = folders.flatMap((folder) => [`${folder}/litmus_text.js`, `${folder}/litmus_text.d.ts`]);
  const reads = ["pkg/src", "pkg/tsconfig.json", "pkg/tsconfig.demo.json", "tools/build.mjs", "package-lock.json", ...glue];
  const outputs = [...entries.flat().map((name) => join(dist, `${name}.js`)), join(dist, "types", "entry", "index.d.ts")];
  await unlessDone(join(dist, ".built"), `${embedded} ${await hash(reads)}`, outputs, () =>
    step("TypeScript", async () => {
      await rm(dist, { recursive: true, force: true }); // chunks of before have other names
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      const config = embedded ? "tsconfig.json" : "tsconfig.demo.json";
      await run(process.execPath, [tsc, "-p", join(pkg, config), "--emitDeclarationOnly"]);
      const { build: bundle } = await import("esbuild");
      const { minify } = await import("terser");
      const options = {
        outdir: dist,
        chunkNames: "[hash]",
        bundle: true,
        splitting: true,
        format: "esm",
        target: "es2022",
        external: ["node:*", "*.wasm"],
        ignoreAnnotations: true, // "sideEffects" is about dist
        minify: true,
        sourcemap: true,
        logLevel: "warning",
        write: false,
      };
      for (const names of entries) {
        const entryPoints = names.map((name) => join(pkg, "src", "entry", `${name}.ts`));
        const { outputFiles } = await bundle({ ...options, entryPoints });
        const texts = Object.fromEntries(outputFiles.map(({ path, text }) => [path, text]));
        for (const path of Object.keys(texts).filter((path) => path.endsWith(".js"))) {
          // What esbuild leaves: 4 % of the compressed bytes.
          const { code, map } = await minify(texts[path], {
            module: true,
            ecma: 2020,
            compress: { passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true },
            sourceMap: { content: texts[`${path}.map`], url: `${basename(path)}.map` },
          });
          await writeFile(path, `${code}\n`);
          await writeFile(`${path}.map`, map);
        }
      }
      await writeLicences(dist);
    }),
  );
}

async function copyModel() {
  const folder = join(root, "models", "sentiment");
  if (!existsSync(join(folder, "model.onnx"))) throw new UserError("models/sentiment/model.onnx is missing");
  await mkdir(join(pkg, "models"), { recursive: true });
  await cp(folder, join(pkg, "models", "sentiment"), { recursive: true, preserveTimestamps: true });
  for (const file of ["README.md", "LICENSE-MIT", "LICENSE-APACHE"]) {
    if (existsSync(join(root, file))) await cp(join(root, file), join(pkg, file));
  }
}

/** Builds the package; without `embedded`, only what the demo needs of it. */
export async function build({ embedded = true } = {}) {
  await ensureNode();
  await ensureRust();
  // Side by side: the link at the end of the crate's build keeps one core busy for long.
  const [bin, plain] = await Promise.all([ensureWasmBindgen(), compileCrate("plain")]);
  await bindgen("plain", plain, bin);
  if (embedded) await bindgen("embedded", await compileCrate("embedded"), bin);
  await compileTypeScript();
  await copyModel();
  if (embedded) await writeSupply();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build().catch(fail);
