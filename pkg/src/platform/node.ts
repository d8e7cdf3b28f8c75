/// <reference types="node" />
import { readFile } from "node:fs/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { NodeWebWorker } from "./node-web-worker.js";
import { platform } from "./platform.js";

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
  platform.openFile = async (url) => {
    try {
      const bytes = new Uint8Array(await readFile(url));
      return new Response(bytes, { headers: { "content-length": String(bytes.byteLength) } });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Response(null, { status: 404 });
      throw error;
    }
  };
}
