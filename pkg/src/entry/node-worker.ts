/// <reference types="node" />
import "../platform/node.js";
import { parentPort } from "node:worker_threads";
import { plainBuild } from "../engine/plain-build.js";
import { serve } from "../pool/worker-main.js";

// Gives a worker thread what a browser's worker has, as far as `serve` needs it.
const scope = globalThis as unknown as { onmessage?: (event: { data: unknown }) => void; onmessageerror?: () => void };
Object.assign(scope, { postMessage: (message: unknown) => parentPort?.postMessage(message) });
parentPort?.on("message", (data) => scope.onmessage?.({ data }));
parentPort?.on("messageerror", () => scope.onmessageerror?.());

serve(plainBuild);
