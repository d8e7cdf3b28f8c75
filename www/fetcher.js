// Fetches the files of a model from any site that lets it, and hands them over. Runs in a sandboxed frame, which the
// page around it tells an address and nothing else.

/** A folder of Hugging Face layout: the first that is there counts. */
const LAYOUT = {
  manifest: ["litmus.json"],
  config: ["config.json"],
  tokenizer: ["tokenizer.json"],
  model: ["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"],
};
const MISSING = [403, 404, 410];

const failure = (code, message) => Object.assign(new Error(message), { code });

async function fetchFirst(folder, paths, say) {
  const tried = [];
  for (const path of paths) {
    const url = new URL(path, folder).href;
    say({ asked: url });
    const response = await fetch(url, { credentials: "omit" }).catch((error) => {
      throw failure("download-failed", `${url}: ${error.message}`);
    });
    if (response.ok) return read(response, path, say);
    if (!MISSING.includes(response.status)) throw failure("download-failed", `${url}: status ${response.status}`);
    tried.push(`${url}: status ${response.status}`);
  }
  throw failure("model-not-found", tried.join("; "));
}

/** The body as a blob, with word of how much of it has come. */
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

async function fetchModel(folder, say) {
  const files = {};
  for (const [role, paths] of Object.entries(LAYOUT)) {
    try {
      files[role] = await fetchFirst(folder, paths, say);
    } catch (error) {
      if (role !== "manifest" || error.code !== "model-not-found") throw error;
    }
  }
  return files;
}

window.addEventListener("message", async ({ data: folder, ports: [port] }) => {
  const say = (message) => port.postMessage(message);
  try {
    say({ files: await fetchModel(folder, say) });
  } catch (error) {
    say({ error: { code: error.code ?? "internal", message: error.message } });
  }
});
