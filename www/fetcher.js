// Fetches the files of a model from any site that allows it (CORS) and posts them to the page. Runs in the sandboxed
// frame fetcher.html; the page sends it the model's URL and the paths of its files, and nothing else.

/** The files that a model may lack. */
const OPTIONAL = ["tokenizerConfig", "manifest"];
/** The status codes of a file that does not exist. */
const MISSING = [403, 404, 410];

const failure = (code, message) => Object.assign(new Error(message), { code });

async function fetchFirst(folder, paths, say) {
  const tried = [];
  let missing = true;
  for (const path of paths) {
    const url = new URL(path, folder).href;
    say({ asked: url });
    try {
      const response = await fetch(url, { credentials: "omit" });
      if (response.ok) return read(response, path, say);
      missing &&= MISSING.includes(response.status);
      tried.push(`${url}: status ${response.status}`);
    } catch (error) {
      // No connection, or no CORS headers. Without those, not even a status 404 is visible to a page.
      missing = false;
      tried.push(`${url}: ${error.message}`);
    }
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

/** Fetches the files of a model. `layout` has the paths that each may have, as in model-layout.js. */
async function fetchModel({ folder, layout }, say) {
  const files = {};
  for (const [role, paths] of Object.entries(layout)) {
    try {
      files[role] = await fetchFirst(folder, paths, say);
    } catch (error) {
      if (!OPTIONAL.includes(role)) throw error;
    }
  }
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
