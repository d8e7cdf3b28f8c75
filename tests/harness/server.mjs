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

/** A free port of the loopback interface, for programs that do not find one by themselves. */
export async function freePort() {
  const { server, close } = await listen(() => {});
  const { port } = server.address();
  await close();
  return port;
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
