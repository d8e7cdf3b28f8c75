/// <reference types="node" />
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { platform } from "./load.js";

// Node's fetch does not open file: URLs, and that is where an installed package has its wasm and model.

platform.base = () => pathToFileURL("./").href;

// Node has none. Those of Deno and Bun would keep a program from ending.
platform.workers = false;

platform.openFile = async (url) => {
  try {
    const bytes = new Uint8Array(await readFile(url));
    return new Response(bytes, { headers: { "content-length": String(bytes.byteLength) } });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Response(null, { status: 404 });
    throw error;
  }
};
