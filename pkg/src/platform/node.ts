/// <reference types="node" />
import { readFile } from "node:fs/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { NodeWebWorker } from "./node-web-worker.js";
import { type FileResponse, platform } from "./platform.js";

/** The codes of the errors of a file that does not exist, or whose folder does not. */
const MISSING_CODES: unknown[] = ["ENOENT", "ENOTDIR"];

function fileResponse({ href }: URL, { buffer, byteOffset, byteLength }: Buffer): FileResponse {
  const headers = new Map([["content-length", String(byteLength)]]);
  const isWhole = byteLength === buffer.byteLength;
  const bytes = (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
  return { ok: true, status: 200, url: href, headers, body: null, arrayBuffer: async () => bytes };
}

/** Sets `platform` for Node, Deno and Bun. Not done by the import alone: a bundler may drop a file of which nothing is used. */
export function useNode(): void {
  // The web workers of Deno and Bun would keep a program from exiting.
  platform.hasWebWorkers = false;
  platform.startWorkerThread = (url) => new NodeWebWorker(url) as unknown as Worker;

  // Deno handles new requests and closed connections only when it runs timers.
  platform.yieldToEventLoop = "Deno" in globalThis ? () => setTimeout(0) : () => setImmediate();

  platform.baseUrl = () => pathToFileURL("./").href;
  platform.pathToUrl = pathToFileURL;

  // The WebAssembly module and the model are files of the installed package, and Node's fetch does not open file: URLs.
  // It is not a real `Response`: creating the first one would load Node's implementation of fetch, and it copies the bytes several times.
  platform.openFile = async (url) => {
    try {
      return fileResponse(url, await readFile(url));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const isMissing = MISSING_CODES.includes(code);
      const failure = isMissing ? "there is no such file" : message;
      return { ...fileResponse(url, Buffer.alloc(0)), ok: false, status: isMissing ? 404 : 500, failure };
    }
  };
}
