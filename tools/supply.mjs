// Supply-chain files of the package: the licences of all crates that are compiled in, a CycloneDX bill of materials,
// and the SHA-256 of every file that ships.
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, run, UserError } from "./command.mjs";
import { packagedModels, root } from "./paths.mjs";

const pkg = join(root, "pkg");

/** The permissive licences of deny.toml. Of "A OR B", one must be in this list. */
const ALLOWED = JSON.parse(/^allow = (\[.*\])$/m.exec(await readFile(join(root, "deny.toml"), "utf8"))[1]);

/** Crates without a licence text in the package, and a crate of the same authors and licence that has it. */
const TEXTS_OF = { "nom-language": "nom", "tract-extra": "tract-core" };

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Whether an SPDX licence expression allows a licence of the list. "/" is an old form of OR; AND binds tighter. */
export function isAllowed(expression) {
  const tokens = expression.replaceAll("/", " OR ").match(/[()]|[^\s()]+/g) ?? [];
  const accept = (token) => tokens[0] === token && tokens.shift();
  const parseTerm = () => {
    if (!accept("(")) return ALLOWED.includes(tokens.shift());
    const inner = parseOr();
    return Boolean(accept(")")) && inner;
  };
  const parseAnd = () => {
    let allowed = parseTerm();
    while (accept("AND")) allowed = parseTerm() && allowed;
    return allowed;
  };
  const parseOr = () => {
    let allowed = parseAnd();
    while (accept("OR")) allowed = parseAnd() || allowed;
    return allowed;
  };
  return parseOr() && tokens.length === 0;
}

/** The crates of others that are compiled into the WebAssembly, sorted by name. Build scripts and macros are not among them. */
export async function crates() {
  const args = ["metadata", "--format-version", "1", "--locked", "--filter-platform", "wasm32-unknown-unknown"];
  const metadata = JSON.parse(await run("cargo", [...args, "--features", "embed-model"], { quiet: true }));
  const { packages, resolve, workspace_members: ours } = metadata;
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
  const others = [...found].filter((id) => !ours.includes(id)).map((id) => byId.get(id));
  return others.sort((a, b) => (a.name + a.version < b.name + b.version ? -1 : 1));
}

async function licenceTexts({ manifest_path }) {
  const folder = dirname(manifest_path);
  const names = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|notice|unlicense)/i.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8").catch(() => "")));
  return texts.map((text) => text.replace(/\r\n/g, "\n").trim()).filter(Boolean);
}

/** THIRD-PARTY-LICENSES.txt: each licence text once, under the crates that have it. */
async function thirdPartyLicences(all) {
  const byText = new Map();
  const own = await Promise.all(["LICENSE-MIT", "LICENSE-APACHE"].map((file) => readFile(join(root, file), "utf8")));
  for (const crate of all) {
    const like = all.find(({ name }) => name === TEXTS_OF[crate.name]) ?? crate;
    // Without a source: the replacement of `inventory` in tools/vendor.
    const texts = crate.source === null ? own.map((text) => text.trim()) : await licenceTexts(like);
    if (texts.length === 0)
      throw new UserError(`${crate.name} ${crate.version} has no licence text: add it to TEXTS_OF in tools/supply.mjs`);
    for (const text of texts)
      byText.set(text, [...(byText.get(text) ?? []), `${crate.name} ${crate.version} (${crate.license})`]);
  }
  const rule = "=".repeat(100);
  const parts = [...byText].map(([text, names]) => `${rule}\n${[...new Set(names)].join("\n")}\n${rule}\n\n${text}\n`);
  const models = packagedModels.map((name) => `models/${name}`).join(" and ");
  const made =
    `The models in ${models} were made by the authors of this package from the models\n` +
    "that their cards, README.md in these folders, name. They are under the Apache License 2.0, in LICENSE-APACHE.\n";
  return `The crates that are compiled into wasm/*.wasm, and their licences.\n\n${made}\n${parts.join("\n")}`;
}

/** https://cyclonedx.org/docs/1.6/json. Without time and serial number, so that the same sources give the same file. */
async function billOfMaterials(all) {
  const { version } = JSON.parse(await readFile(join(pkg, "package.json"), "utf8"));
  const lock = await readFile(join(root, "Cargo.lock"), "utf8");
  const checksum = ({ name, version }) =>
    lock.match(
      new RegExp(
        `name = "${name}"\\nversion = "${version.replaceAll("+", "\\+")}"\\nsource = .*\\nchecksum = "([0-9a-f]{64})"`,
      ),
    )?.[1];
  const component = (crate) => ({
    type: "library",
    "bom-ref": `pkg:cargo/${crate.name}@${crate.version}`,
    name: crate.name,
    version: crate.version,
    ...(checksum(crate) && { hashes: [{ alg: "SHA-256", content: checksum(crate) }] }),
    licenses: [{ expression: crate.license.replaceAll(/\s*\/\s*/g, " OR ") }],
    purl: `pkg:cargo/${crate.name}@${crate.version}`,
  });
  const weightsOf = async (folder) => {
    const model = JSON.parse(await readFile(join(root, "models", folder, "litmus.json"), "utf8"));
    return {
      type: "machine-learning-model",
      "bom-ref": `model:${model.name}@${model.version}`,
      name: model.name,
      version: model.version,
      hashes: [{ alg: "SHA-256", content: sha256(await readFile(join(root, "models", folder, "model.onnx"))) }],
      licenses: [{ expression: "Apache-2.0" }],
    };
  };
  const weights = await Promise.all(packagedModels.map(weightsOf));
  const main = `pkg:npm/litmus-text@${version}`;
  const components = [...all.map(component), ...weights];
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "library",
        "bom-ref": main,
        name: "litmus-text",
        version,
        licenses: [{ expression: "MIT OR Apache-2.0" }],
        purl: main,
      },
    },
    components,
    dependencies: [{ ref: main, dependsOn: components.map((each) => each["bom-ref"]) }],
  };
}

/** SHA256SUMS over the files that npm would pack, in the format of `sha256sum -c`. */
async function checksums() {
  const packed = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"], {
    cwd: pkg,
    quiet: true,
  });
  const paths = JSON.parse(packed)[0]
    .files.map(({ path }) => path)
    .filter((path) => path !== "SHA256SUMS");
  const lines = await Promise.all(
    paths.sort().map(async (path) => `${sha256(await readFile(join(pkg, path)))}  ${path}\n`),
  );
  return lines.join("");
}

/** Writes the three files into the package, which must be built. */
export async function writeSupply() {
  const all = await crates();
  const notAllowed = all.filter(({ license }) => !license || !isAllowed(license));
  if (notAllowed.length)
    throw new UserError(
      `licences that deny.toml does not allow: ${notAllowed.map(({ name, license }) => `${name} (${license})`).join(", ")}`,
    );
  await writeFile(join(pkg, "THIRD-PARTY-LICENSES.txt"), await thirdPartyLicences(all));
  await writeFile(join(pkg, "sbom.cdx.json"), `${JSON.stringify(await billOfMaterials(all), null, 2)}\n`);
  await writeFile(join(pkg, "SHA256SUMS"), await checksums());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeSupply().catch(fail);
