/// <reference types="node" />
import { readFile } from "node:fs/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { NodeWebWorker } from "./node-web-worker.js";
import { type FileResponse, platform } from "./platform.js";

function fileResponse({ href }: URL, status: number, { buffer, byteOffset, byteLength }: Buffer): FileResponse {
  const headers = new Map([["content-length", String(byteLength)]]);
  const isWhole = byteLength === buffer.byteLength;
  const bytes = (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
  return { ok: status === 200, status, url: href, headers, body: null, arrayBuffer: async () => bytes };
}

/** Sets `platform` for Node, Deno and Bun. A function: a bundler may drop a file that is imported for its effects alone. */
export function useNode(): void {
  // The web workers of Deno and Bun would keep a program from exiting.
  platform.hasWebWorkers = false;
  platform.startWorkerThread = (url) => new NodeWebWorker(url) as unknown as Worker;

  // Deno handles new requests and closed connections only when it runs timers.
  platform.yieldToEventLoop = "Deno" in globalThis ? () => setTimeout(0) : () => setImmediate();

  platform.baseUrl = () => pathToFileURL("./").href;
  platform.pathToUrl = pathToFileURL;

  // The WebAssembly module and the model are files of the installed package, and Node's fetch does not open file: URLs.
  // A `Response` would have to be loaded first, and would copy the bytes several times.
  platform.openFile = async (url) => {
    try {
      return fileResponse(url, 200, await readFile(url));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return fileResponse(url, 404, Buffer.alloc(0));
      throw error;
    }
  };
}
