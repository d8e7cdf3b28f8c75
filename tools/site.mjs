// npm run build:site: the demo as a folder of static files, `site/`, which any host can serve under any path. It has
// the minified files of www/, those files of the package that the page loads, a list of all of them for the service
// worker, and the documentation in `docs/`.
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";
import { fail, step } from "./command.mjs";
import { buildDocsSite, docsSite } from "./docs-site.mjs";
import { downloads, headFiles } from "./downloads.mjs";
import { root } from "./paths.mjs";

export const site = join(root, "site");

/** Files of www/ for developers. */
const notServed = (path) => path.endsWith(".md") || path.endsWith(`${sep}screenshots`);
/**
 * Not cached by the service worker: its own scripts, by whose change browsers notice a new version; the head for embeddings,
 * which the demo does not use; and the multilingual model, which the package stores when a visitor first uses it.
 */
const notCached = ["sw.js", "precache.js", "litmus-text/models/english/heads/embedding.head"];
const isCached = (path) => !notCached.includes(path) && !path.startsWith("litmus-text/models/multilingual/");

/** Source paths of the files that do not come from www/, by their paths in the site. */
async function sources() {
  const manifest = JSON.parse(await readFile(join(root, "pkg/models/multilingual/litmus.json"), "utf8"));
  const packageFiles = [
    ...Object.values(await downloads()).flat(),
    ...(await headFiles()),
    "dist/multilingual.js",
    ...["litmus.json", ...Object.keys(manifest.files)].map((path) => `models/multilingual/${path}`),
  ];
  return {
    "papaparse.min.js": "node_modules/papaparse/papaparse.min.js",
    // The demo measures in the visitor's browser with the texts and the clock of the benchmarks.
    "benches/measure.mjs": "benches/measure.mjs",
    "benches/texts.mjs": "benches/texts.mjs",
    ...Object.fromEntries(packageFiles.map((path) => [`litmus-text/${path}`, `pkg/${path}`])),
  };
}

async function listFiles(folder) {
  const names = (await readdir(folder, { recursive: true })).sort();
  const isFile = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).isFile()));
  return names.filter((_, i) => isFile[i]).map((name) => name.split(sep).join("/"));
}

/** Scripts of www/ that are bundled with code of the package. */
const bundled = ["fetcher.js"];

/** Minifies a file, unless it is minified already. */
async function minify(file, path) {
  const loader = /\.(?:html|css|m?js)$/.exec(path)?.[0].replace(/^\.m?/, "");
  if (!loader || path.startsWith("papaparse") || path.startsWith("litmus-text/")) return;
  const code = await readFile(file, "utf8");
  if (loader === "html") {
    await writeFile(file, code.replace(/\s*<!--.*?-->/gs, "").replace(/\n {4,}/g, "\n")); // <pre> elements are indented by two at most
    return;
  }
  const { build: bundle, transform } = await import("esbuild");
  const options = { minify: true, target: "es2022", charset: "utf8" };
  if (bundled.includes(path)) {
    const entryPoints = [join(root, "www", path)];
    await bundle({ ...options, entryPoints, outfile: file, allowOverwrite: true, bundle: true, format: "iife" });
    return;
  }
  await writeFile(file, (await transform(code, { ...options, loader })).code);
}

/** The first half of the SHA-256: enough to tell files apart, and digests do not compress. */
const sha256 = (data) => createHash("sha256").update(data).digest("hex").slice(0, 32);

/** The script precache.js: the digest of each file, and a digest over all of them as the version. */
export async function precache(folder) {
  const files = {};
  for (const path of await listFiles(folder)) {
    if (!isCached(path) || path.startsWith("docs/")) continue;
    files[path] = sha256(await readFile(join(folder, path)));
  }
  const version = sha256(JSON.stringify(files)).slice(0, 12);
  return `// Made by tools/site.mjs.\nself.PRECACHE = ${JSON.stringify({ version, files })};\n`;
}

/** Assembles the site in `folder` from the built package, www/ and, unless `docs` is false, the documentation. */
export async function assemble({ folder = site, docs = true } = {}) {
  if (docs) await buildDocsSite();
  const part = `${folder}.part`; // renamed at the end: a running server never serves half of it
  await rm(part, { recursive: true, force: true });
  await cp(join(root, "www"), part, { recursive: true, filter: (path) => !notServed(path) });
  for (const [to, from] of Object.entries(await sources())) {
    await mkdir(dirname(join(part, to)), { recursive: true });
    await cp(join(root, from), join(part, to));
  }
  for (const path of await listFiles(part)) await minify(join(part, path), path);
  await writeFile(join(part, "precache.js"), await precache(part));
  if (docs) await cp(docsSite, join(part, "docs"), { recursive: true }); // last: the service worker does not store it
  await rm(folder, { recursive: true, force: true });
  await rename(part, folder);
}

/** Builds the parts of the package that changed, and assembles the site. `quick`: see `build`. */
export async function buildSite({ quick = false } = {}) {
  await build({ supply: false, quick });
  await assemble();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await step("the site", () => buildSite()).catch(fail);
  console.log(`\n  The site is in ${site}, ready to upload.`);
}
