// What the package is made of: the licences of all that is compiled into it, a CycloneDX bill of materials, and the
// SHA-256 of every file that ships.
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, run, UserError } from "./command.mjs";
import { root } from "./paths.mjs";

const pkg = join(root, "pkg");

/** What dependencies may ask for: to be named, and no more. A choice counts if one of its licences is here. */
const ALLOWED = JSON.parse(/^allow = (\[.*\])$/m.exec(await readFile(join(root, "deny.toml"), "utf8"))[1]);

/** Crates that keep their licence's text in their repository only: they are of one author with these, who do have it. */
const TEXTS_OF = { "nom-language": "nom", "tract-extra": "tract-core" };

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Whether a licence expression is met by what is allowed. The slash is an old "or"; "and" binds more. */
export function isAllowed(expression) {
  const tokens = expression.replaceAll("/", " OR ").match(/[()]|[^\s()]+/g) ?? [];
  const next = (token) => tokens[0] === token && tokens.shift();
  const one = () => {
    if (!next("(")) return ALLOWED.includes(tokens.shift());
    const inner = any();
    return Boolean(next(")")) && inner;
  };
  const all = () => {
    let met = one();
    while (next("AND")) met = one() && met;
    return met;
  };
  const any = () => {
    let met = all();
    while (next("OR")) met = all() || met;
    return met;
  };
  return any() && tokens.length === 0;
}

/** The crates whose code can be in the WebAssembly, without what only builds it, by name. */
export async function crates() {
  const args = ["metadata", "--format-version", "1", "--locked", "--filter-platform", "wasm32-unknown-unknown"];
  const { packages, resolve } = JSON.parse(await run("cargo", [...args, "--features", "embed-model"], { quiet: true }));
  const byId = new Map(packages.map((each) => [each.id, each]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const isMacro = (id) => byId.get(id).targets.some(({ kind }) => kind.includes("proc-macro"));
  const found = new Set();
  const left = [resolve.root];
  for (let id = left.pop(); id; id = left.pop()) {
    for (const { pkg: next, dep_kinds } of nodes.get(id).deps) {
      const compiledIn = dep_kinds.some(({ kind }) => kind === null) && !isMacro(next);
      if (compiledIn && !found.has(next)) {
        found.add(next);
        left.push(next);
      }
    }
  }
  return [...found].map((id) => byId.get(id)).sort((a, b) => (a.name + a.version < b.name + b.version ? -1 : 1));
}

async function licenceTexts({ manifest_path }) {
  const folder = dirname(manifest_path);
  const names = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|notice|unlicense)/i.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8").catch(() => "")));
  return texts.map((text) => text.replace(/\r\n/g, "\n").trim()).filter(Boolean);
}

/** One text for all the crates that have it, word for word. */
async function notices(all) {
  const byText = new Map();
  const own = await Promise.all(["LICENSE-MIT", "LICENSE-APACHE"].map((file) => readFile(join(root, file), "utf8")));
  for (const crate of all) {
    const like = all.find(({ name }) => name === TEXTS_OF[crate.name]) ?? crate;
    // The stand-in for `inventory` is ours.
    const texts = crate.source === null ? own.map((text) => text.trim()) : await licenceTexts(like);
    if (texts.length === 0) throw new UserError(`${crate.name} ${crate.version} comes without the text of its licence`);
    for (const text of texts) byText.set(text, [...(byText.get(text) ?? []), `${crate.name} ${crate.version} (${crate.license})`]);
  }
  const rule = "=".repeat(100);
  const parts = [...byText].map(([text, names]) => `${rule}\n${[...new Set(names)].join("\n")}\n${rule}\n\n${text}\n`);
  const model = "The model in models/sentiment is of the authors of this package and of those whose work it began with;\n"
    + "its card, models/sentiment/README.md, names them. It is under the Apache License 2.0, in LICENSE-APACHE.\n";
  return `What is compiled into wasm/*.wasm, and under which licences.\n\n${model}\n${parts.join("\n")}`;
}

/** https://cyclonedx.org/docs/1.6/json: no time and no serial number, so that the same sources give the same file. */
async function bill(all) {
  const { version } = JSON.parse(await readFile(join(pkg, "package.json"), "utf8"));
  const lock = await readFile(join(root, "Cargo.lock"), "utf8");
  const checksum = ({ name, version }) =>
    lock.match(new RegExp(`name = "${name}"\\nversion = "${version.replaceAll("+", "\\+")}"\\nsource = .*\\nchecksum = "([0-9a-f]{64})"`))?.[1];
  const component = (crate) => ({
    type: "library",
    "bom-ref": `pkg:cargo/${crate.name}@${crate.version}`,
    name: crate.name,
    version: crate.version,
    ...(checksum(crate) && { hashes: [{ alg: "SHA-256", content: checksum(crate) }] }),
    licenses: [{ expression: crate.license.replaceAll(/\s*\/\s*/g, " OR ") }],
    purl: `pkg:cargo/${crate.name}@${crate.version}`,
  });
  const model = JSON.parse(await readFile(join(root, "models/sentiment/litmus.json"), "utf8"));
  const weights = {
    type: "machine-learning-model",
    "bom-ref": `model:${model.name}@${model.version}`,
    name: model.name,
    version: model.version,
    hashes: [{ alg: "SHA-256", content: sha256(await readFile(join(root, "models/sentiment/model.onnx"))) }],
    licenses: [{ expression: "Apache-2.0" }],
  };
  const main = `pkg:npm/litmus-text@${version}`;
  const components = [...all.map(component), weights];
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "library", "bom-ref": main, name: "litmus-text", version, licenses: [{ expression: "MIT OR Apache-2.0" }], purl: main } },
    components,
    dependencies: [{ ref: main, dependsOn: components.map((each) => each["bom-ref"]) }],
  };
}

/** Of the files that npm would pack, as `sha256sum -c` reads it. */
async function sums() {
  const packed = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"], { cwd: pkg, quiet: true });
  const paths = JSON.parse(packed)[0].files.map(({ path }) => path).filter((path) => path !== "SHA256SUMS");
  const lines = await Promise.all(paths.sort().map(async (path) => `${sha256(await readFile(join(pkg, path)))}  ${path}\n`));
  return lines.join("");
}

/** Writes all three into the package, which must be built. */
export async function writeSupply() {
  const all = await crates();
  const refused = all.filter(({ license }) => !license || !isAllowed(license));
  if (refused.length) throw new UserError(`not under a licence that this package can be under: ${refused.map(({ name, license }) => `${name} (${license})`).join(", ")}`);
  await writeFile(join(pkg, "THIRD-PARTY-LICENSES.txt"), await notices(all));
  await writeFile(join(pkg, "sbom.cdx.json"), `${JSON.stringify(await bill(all), null, 2)}\n`);
  await writeFile(join(pkg, "SHA256SUMS"), await sums());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeSupply().catch(fail);
