// Fetches the files of a model from any site that allows it (CORS) and posts them to the page. Runs in the sandboxed
// frame fetcher.html; the page sends it the model's URL and the paths of its files, and nothing else.
// tools/site.mjs bundles it, because a sandboxed frame has no origin and so cannot import modules from the site.
import { externalFiles } from "../pkg/src/model/external-data.ts";

/** The files that a model may lack. */
const OPTIONAL = ["tokenizerConfig", "manifest"];
/** The path of a head. */
const HEAD = /^heads\/([^/]+)\.head$/;
/** The status codes of a file that does not exist. */
const MISSING = [403, 404, 410];

const failure = (code, message) => Object.assign(new Error(message), { code });

/** Fetches the first file that exists. Resolves to its path and a blob. */
async function fetchFirst(folder, paths, say) {
  const tried = [];
  let missing = true;
  for (const path of paths) {
    const url = new URL(path, folder).href;
    say({ asked: url });
    const response = await fetch(url, { credentials: "omit" }).catch((error) => error);
    if (response.ok) return { path, blob: await read(response, path, say) };
    // An error is no connection, or no CORS headers. Without those, not even a status 404 is visible to a page.
    missing &&= MISSING.includes(response.status);
    tried.push(`${url}: ${response.message ?? `status ${response.status}`}`);
  }
  throw failure(missing ? "model-not-found" : "download-failed", tried.join("; "));
}

/** Reads the body into a blob and reports progress. */
async function read(response, file, say) {
  let loaded = 0;
  const counter = new TransformStream({
    transform(bytes, controller) {
      loaded += bytes.byteLength;
      say({ file, loaded });
      controller.enqueue(bytes);
    },
  });
  return new Response(response.body.pipeThrough(counter)).blob().catch((error) => {
    throw failure("download-failed", `${response.url}: ${error.message}`);
  });
}

/** The paths of the heads that litmus.json lists, by task. */
async function headPaths(manifest) {
  try {
    const { files } = JSON.parse(await manifest.blob.text());
    const heads = Object.keys(files).map((path) => HEAD.exec(path));
    return Object.fromEntries(heads.filter(Boolean).map(([path, task]) => [task, path]));
  } catch {
    return {}; // there is no litmus.json, or it lists no files
  }
}

/**
 * Fetches the files of a model. `layout` has the paths that each may have, as in model-layout.js. Resolves to files as
 * `createClassifier` takes them.
 */
async function fetchModel({ folder, layout }, say) {
  const found = {};
  for (const [role, paths] of Object.entries(layout)) {
    try {
      found[role] = await fetchFirst(folder, paths, say);
    } catch (error) {
      if (!OPTIONAL.includes(role)) throw error;
    }
  }
  const { path, blob } = found.model;
  const files = Object.fromEntries(Object.entries(found).map(([role, { blob }]) => [role, blob]));
  const fetchOne = async (path) => (await fetchFirst(folder, [path], say)).blob;
  files.data = {};
  for (const name of externalFiles(new Uint8Array(await blob.arrayBuffer())))
    files.data[name] = await fetchOne(path.replace(/[^/]*$/, () => encodeURIComponent(name)));
  files.heads = {};
  for (const [task, path] of Object.entries(await headPaths(found.manifest))) files.heads[task] = await fetchOne(path);
  return files;
}

window.addEventListener("message", async ({ data, ports: [port] }) => {
  const say = (message) => port.postMessage(message);
  try {
    say({ files: await fetchModel(data, say) });
  } catch (error) {
    say({ error: { code: error.code ?? "internal", message: error.message } });
  }
});
