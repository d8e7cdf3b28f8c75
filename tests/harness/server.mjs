// HTTP servers that misbehave on purpose. For plain files there is tools/serve.mjs.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { root } from "../../tools/paths.mjs";

/** Starts a server for `answer(request, response)` on a free port of the loopback interface. */
export async function listen(answer) {
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    server,
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections(); // downloads that never end would keep it open
      }),
  };
}

/** A port of the loopback interface that was free a moment ago. */
async function freePort() {
  const { server, close } = await listen(() => {});
  const { port } = server.address();
  await close();
  return port;
}

/**
 * Calls `start` with a free port, for programs that do not find one by themselves. Another program may take the port before
 * they do: if `start` rejects with an error for which `isTaken` holds, it is called again with another port, twice at most.
 */
export async function withFreePort(start, isTaken) {
  for (let retries = 2; ; retries--) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (retries === 0 || !isTaken(error)) throw error;
    }
  }
}

/**
 * Serves the packaged model to pages of any origin. `answerGraph(response, bytes)` answers each request for model.onnx,
 * whose content is `bytes`.
 */
export function serveModel(answerGraph) {
  return listen(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    const file = new URL(request.url, "http://localhost").pathname.slice(1);
    const bytes = await readFile(join(root, "models/english", file)).catch(() => undefined);
    if (!bytes) response.writeHead(404).end();
    else if (file === "model.onnx") answerGraph(response, bytes);
    else response.end(bytes);
  });
}

/** Sends the header and the first half of `bytes`, and leaves the response open. */
export function sendHalf(response, bytes, sent = () => {}) {
  response.writeHead(200, { "content-length": bytes.length });
  response.write(bytes.subarray(0, bytes.length >> 1), sent);
}
