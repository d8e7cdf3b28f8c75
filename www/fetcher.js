// Fetches the files of a model from any site that allows it (CORS) and posts them to the page. Runs in the sandboxed
// frame fetcher.html; the page sends it the model's URL and the paths of its files, and nothing else.

/** The files that a model may lack. */
const OPTIONAL = ["tokenizerConfig", "manifest"];
/**
 * What precedes the name of a file with weights in an ONNX file: the entry "location" of a StringStringEntryProto, and the tag of
 * its value. The length of the name follows.
 */
const LOCATION = new TextEncoder().encode("\n\x08location\x12");
/** A file name without a path. */
const NAME = /^(?!\.{0,2}$)[^/\\:]+$/;
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

/** A number in protobuf's encoding, seven bits a byte, and the offset behind it. */
function varint(bytes, at) {
  for (let value = 0, shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 127) << shift;
    if (!(byte & 128)) return { value, next: at };
  }
}

/** The names of the files in which an ONNX file stores weights: a large one has them beside it. */
function weightFiles(onnx) {
  const names = new Set();
  for (let at = onnx.indexOf(LOCATION[0]); at >= 0; at = onnx.indexOf(LOCATION[0], at + 1)) {
    if (!LOCATION.every((byte, i) => onnx[at + i] === byte)) continue;
    const { value: length, next } = varint(onnx, at + LOCATION.length);
    const name = new TextDecoder().decode(onnx.subarray(next, next + length));
    names.add(name.replace(/^\.\//, ""));
  }
  return [...names].filter((name) => NAME.test(name));
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
  for (const name of weightFiles(new Uint8Array(await blob.arrayBuffer())))
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
