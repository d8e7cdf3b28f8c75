#!/usr/bin/env node
/// <reference types="node" />
import { once } from "node:events";
import { type AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import "../platform/node.js";
import { createHandler } from "./handler.js";
import { createClassifier } from "./index.js";
import { batched } from "../handler/batched.js";
import { serverOf, shutDown } from "../handler/http.js";

/** Milliseconds that requests have to be answered once the server is told to stop. */
const GRACE_MS = 10_000;

const USAGE = `litmus-text serve [options]

  --port N       8080; 0 takes any that is free
  --host NAME    127.0.0.1: only this machine
  --workers N    threads that predict; by default one for each processor
  --model URL    a model's folder, in place of the packaged one
  --help

It answers POST /predict, GET /model, /health, /metrics and /openapi.json.`;

class Misuse extends Error {}

const integer = (name: string, value: string, least: number, most: number): number => {
  const number = Number(value);
  if (value.trim() && Number.isInteger(number) && number >= least && number <= most) return number;
  throw new Misuse(`--${name} must be an integer from ${least} to ${most}, not "${value}"`);
};

function parse(args: string[]) {
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
    if (!values.help && positionals.join() !== "serve") throw new Misuse(USAGE);
    return {
      ...values,
      port: integer("port", values.port, 0, 65535),
      workers: integer("workers", values.workers, 1, 256),
    };
  } catch (error) {
    throw error instanceof Misuse ? error : new Misuse((error as Error).message);
  }
}

async function main(): Promise<void> {
  const { help, port, host, workers, model } = parse(process.argv.slice(2));
  if (help) return console.log(USAGE);
  const classifier = createClassifier({ worker: workers, model });
  const server = serverOf(createHandler({ classifier: classifier.then((each) => batched(each, 2 * workers)) }));
  server.listen(port, host);
  await once(server, "listening");
  const { address, family, port: actual } = server.address() as AddressInfo;
  console.log(`litmus-text listens at http://${family === "IPv6" ? `[${address}]` : address}:${actual}/`);

  const stop = async () => {
    process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143)); // told twice
    console.log("litmus-text stops");
    await shutDown(server, GRACE_MS);
    (await classifier).close();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const loaded = await classifier;
  console.log("the model is loaded");
  // A call for each of them, so that the others start now and not with the first visitors.
  await Promise.all(Array.from({ length: workers }, () => loaded.predict("a film")));
}

main().catch((error: Error) => {
  console.error(error instanceof Misuse ? error.message : `litmus-text: ${error.message}`);
  process.exit(1);
});
