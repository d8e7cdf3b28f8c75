// A static file server for the demo, the tests and the benchmarks. Loopback only, no dependencies.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".md": "text/markdown; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".onnx": "application/octet-stream",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".ts": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** The file of a URL path. Of several mounts the longest prefix counts: "/litmus-text/" before "/". */
async function locate(path, mounts) {
  const mount = Object.keys(mounts)
    .filter((each) => path.startsWith(each))
    .sort((a, b) => b.length - a.length)[0];
  if (mount === undefined) return;
  const inside = normalize(`/${decodeURIComponent(path.slice(mount.length))}`); // no way out through ".."
  const file = join(mounts[mount], inside, path.endsWith("/") ? "index.html" : "");
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() ? { file, size: found.size, version: `"${found.size}-${found.mtimeMs}"` } : undefined;
}

/**
 * Serves folders.
 * @param {{ mounts: Record<string, string>, port?: number, headers?: Record<string, string> | ((path: string) =>
 * Record<string, string>) }} options `mounts` maps URL prefixes to folders. If `port` is in use, the next free one is
 * taken; 0 takes any. `headers` are part of every response, or of that to a path.
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serve({ mounts, port = 0, headers: given = {} }) {
  const server = createServer(async (request, response) => {
    const pathname = request.url.split("?")[0]; // not by `URL`, which throws for "//"
    const headers = typeof given === "function" ? given(pathname) : given;
    const found = await locate(pathname, mounts).catch(() => undefined);
    if (!found) {
      response.writeHead(404, { ...headers, "content-type": "text/plain" }).end(`no such file: ${pathname}\n`);
      return;
    }
    // Without a header of the caller, revalidated at each request: a rebuild shows at the next reload.
    const caching = { "cache-control": "no-cache", ...headers, "etag": found.version };
    if (request.headers["if-none-match"] === found.version) {
      response.writeHead(304, caching).end();
      return;
    }
    response.writeHead(200, {
      ...caching,
      "content-type": TYPES[extname(found.file)] ?? "application/octet-stream",
      "content-length": found.size,
    });
    if (request.method === "HEAD") response.end();
    else
      createReadStream(found.file)
        .on("error", () => response.destroy())
        .pipe(response);
  });
  for (let next = port; ; next++) {
    try {
      await new Promise((resolve, reject) => {
        server.once("error", reject).listen(next, "127.0.0.1", resolve);
      });
      break;
    } catch (error) {
      if (error.code !== "EADDRINUSE" || next > port + 100) throw error;
    }
  }
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
