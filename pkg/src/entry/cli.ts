#!/usr/bin/env node
/// <reference types="node" />
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import "../platform/node.js";
import { microBatching } from "../handler/micro-batching.js";
import { createNodeServer, shutDown } from "../handler/node-server.js";
import { packFolder } from "../model/pack-folder.js";
import { createHandler } from "./handler.js";
import { createClassifier } from "./index.js";

/** Milliseconds for open requests to be answered after SIGTERM or SIGINT. */
const GRACE_MS = 10_000;

const USAGE = `Usage: litmus-text serve [options]
       litmus-text pack FOLDER

serve answers POST /predict and GET /model, /health, /metrics, /openapi.json.

  --port N       port to listen on (default 8080; 0 takes a free one)
  --host NAME    address to listen on (default 127.0.0.1: only this machine)
  --workers N    number of worker threads (default: the number of processors)
  --model URL    folder of a model (default: the packaged sentiment model)
  --help         print this text

pack writes the sizes and SHA-256 sums of a model's files into FOLDER/litmus.json.`;

interface ServeOptions {
  port: number;
  host: string;
  workers: number;
  model?: string | undefined;
}

/** An error in the arguments. Its message is all that is printed. */
class UsageError extends Error {}

function parseInteger(name: string, value: string, min: number, max: number): number {
  const number = Number(value);
  if (value.trim() && Number.isInteger(number) && number >= min && number <= max) return number;
  throw new UsageError(`--${name} must be an integer from ${min} to ${max}, not "${value}"`);
}

function parseArguments(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        port: { type: "string", default: "8080" },
        host: { type: "string", default: "127.0.0.1" },
        workers: { type: "string", default: String(availableParallelism()) },
        model: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    const [command, folder] = positionals;
    const isRight = command === "serve" ? positionals.length === 1 : command === "pack" && positionals.length === 2;
    if (!values.help && !isRight) throw new UsageError(USAGE);
    return {
      ...values,
      folder,
      port: parseInteger("port", values.port, 0, 65535),
      workers: parseInteger("workers", values.workers, 1, 256),
    };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

async function main(): Promise<void> {
  const { help, folder, ...options } = parseArguments(process.argv.slice(2));
  if (help) console.log(USAGE);
  else if (folder === undefined) await serve(options);
  else await pack(folder);
}

async function pack(folder: string): Promise<void> {
  const files = await packFolder(folder);
  for (const [path, { bytes, sha256 }] of Object.entries(files)) console.log(`${sha256}  ${bytes}  ${path}`);
}

async function serve({ port, host, workers, model }: ServeOptions): Promise<void> {
  const loading = createClassifier({ workers, model });
  const server = createNodeServer(
    createHandler({ classifier: loading.then((classifier) => microBatching(classifier, 2 * workers)) }),
  );
  server.listen(port, host);
  await once(server, "listening");
  const { address, family, port: actualPort } = server.address() as AddressInfo;
  console.log(`litmus-text is listening at http://${family === "IPv6" ? `[${address}]` : address}:${actualPort}/`);

  const stop = async () => {
    process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143)); // a second signal ends it at once
    console.log("litmus-text is shutting down");
    await shutDown(server, GRACE_MS);
    (await loading).close();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);

  const classifier = await loading;
  console.log("litmus-text has loaded the model");
  // Workers start on demand: one call each starts them all now, before the first requests need them.
  await Promise.all(Array.from({ length: workers }, () => classifier.predict("a film")));
}

main().catch((error: Error) => {
  console.error(error instanceof UsageError ? error.message : `litmus-text: ${error.message}`);
  process.exit(1);
});
