/// <reference types="node" />
import { readFile } from "node:fs/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { NodeWebWorker } from "./node-web-worker.js";
import { platform } from "./platform.js";

// Those of Deno and Bun would keep a program from ending.
platform.workers = false;

// Deno hears of other requests, and of clients that have gone away, at timers only; the others sooner.
platform.yieldToEventLoop = "Deno" in globalThis ? () => setTimeout(0) : () => setImmediate();

platform.base = () => pathToFileURL("./").href;

// Node's fetch does not open file: URLs, and that is where an installed package has its wasm and model.
platform.openFile = async (url) => {
  try {
    const bytes = new Uint8Array(await readFile(url));
    return new Response(bytes, { headers: { "content-length": String(bytes.byteLength) } });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Response(null, { status: 404 });
    throw error;
  }
};

platform.worker = () => new NodeWebWorker() as unknown as Worker;
