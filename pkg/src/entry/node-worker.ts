/// <reference types="node" />
import { parentPort } from "node:worker_threads";
import { useNode } from "../platform/node.js";
import { answerMessages } from "../pool/worker-main.js";

useNode();

// The parts of a web worker's global scope that `answerMessages` uses.
const scope = globalThis as unknown as { onmessage?: (event: { data: unknown }) => void; onmessageerror?: () => void };
Object.assign(scope, { postMessage: (message: unknown) => parentPort?.postMessage(message) });
parentPort?.on("message", (data) => scope.onmessage?.({ data }));
parentPort?.on("messageerror", () => scope.onmessageerror?.());

answerMessages();
