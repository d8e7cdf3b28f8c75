// npm run build:site: the demo as a folder of static files, `site/`, that any host can serve under any path: www/, minified
// file by file, what the page loads of the package, and a list of it all for the service worker.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";
import { downloads } from "./downloads.mjs";
import { fail, step } from "./command.mjs";
import { root } from "./paths.mjs";

export const site = join(root, "site");

/** Of www/, what is for those who work on it. */
const notServed = (path) => path.endsWith(".md") || path.endsWith(`${sep}screenshots`);
/** What the service worker does not keep: itself. A change of it is how browsers notice a new version. */
const notKept = ["sw.js", "precache.js"];

/** Where the files come from, by where they go in the site. */
async function sources() {
  const ofPackage = [...Object.values(await downloads()).flat(), "models/sentiment/litmus.json"];
  return {
    "papaparse.min.js": "node_modules/papaparse/papaparse.min.js",
    // The benchmark's own texts and clock, for the part that measures in the visitor's browser.
    "benches/measure.mjs": "benches/measure.mjs",
    "benches/texts.mjs": "benches/texts.mjs",
    ...Object.fromEntries(ofPackage.map((path) => [`litmus-text/${path}`, `pkg/${path}`])),
  };
}

async function listed(folder) {
  const names = (await readdir(folder, { recursive: true })).sort();
  const isFile = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).isFile()));
  return names.filter((_, i) => isFile[i]).map((name) => name.split(sep).join("/"));
}

/** Takes out what browsers don't need, except of what is minified already. */
async function shrink(file, path) {
  const loader = /\.(?:html|css|m?js)$/.exec(path)?.[0].replace(/^\.m?/, "");
  if (!loader || path.startsWith("papaparse") || path.startsWith("litmus-text/")) return;
  const code = await readFile(file, "utf8");
  if (loader === "html") {
    await writeFile(file, code.replace(/\s*<!--.*?-->/gs, "").replace(/\n {4,}/g, "\n")); // in <pre> there are two at most
    return;
  }
  const { transform } = await import("esbuild");
  const options = { loader, minify: true, target: "es2022", charset: "utf8" };
  await writeFile(file, (await transform(code, options)).code);
}

/** Half of it tells any two files apart, and each byte goes over the wire as it is. */
const sha256 = (data) => createHash("sha256").update(data).digest("hex").slice(0, 32);

/** The SHA-256 of each file, and of them together: the name of this version. */
export async function precache(folder) {
  const files = {};
  for (const path of await listed(folder)) {
    if (notKept.includes(path)) continue;
    files[path] = sha256(await readFile(join(folder, path)));
  }
  const version = sha256(JSON.stringify(files)).slice(0, 12);
  return `// Made by tools/site.mjs.\nself.PRECACHE = ${JSON.stringify({ version, files })};\n`;
}

/** Makes the site anew from what is built, in `folder`. */
export async function assemble(folder = site) {
  const part = `${folder}.part`; // so that nobody is served half of it
  await rm(part, { recursive: true, force: true });
  await cp(join(root, "www"), part, { recursive: true, filter: (path) => !notServed(path) });
  for (const [to, from] of Object.entries(await sources())) {
    await mkdir(dirname(join(part, to)), { recursive: true });
    await cp(join(root, from), join(part, to));
  }
  for (const path of await listed(part)) await shrink(join(part, path), path);
  await writeFile(join(part, "precache.js"), await precache(part));
  await rm(folder, { recursive: true, force: true });
  await rename(part, folder);
}

/** Builds what changed of the package, and the site. */
export async function buildSite() {
  await build({ embedded: false });
  await assemble();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await step("the site", buildSite).catch(fail);
  console.log(`\n  It is in ${site}: upload it as it is.`);
}
