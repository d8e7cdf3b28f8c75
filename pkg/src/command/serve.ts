/// <reference types="node" />
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { createHandler } from "../handler/handler.js";
import { microBatching } from "../handler/micro-batching.js";
import { createNodeServer, shutDown } from "../handler/node-server.js";
import { loadClassifier, type ModelArguments } from "./model-arguments.js";
import { UsageError } from "./usage.js";

export interface ServeArguments extends ModelArguments {
  port: number;
  host: string;
  workers: number;
  /** The task of requests that name none. */
  task: string | undefined;
}

/** Milliseconds for open requests to be answered after SIGTERM or SIGINT. */
const GRACE_MS = 10_000;

/** What is wrong with a port, and the remedy, by the code of Node's error. */
const PORT_ERRORS: Record<string, string> = {
  EADDRINUSE: "another program has the port: choose another one with --port (0 takes a free one)",
  EACCES: "this user may not take the port: choose another one with --port, such as 8080",
};

/**
 * Starts the HTTP service. Resolves when all workers are ready. The service runs until the process gets SIGTERM or SIGINT. It answers
 * requests while the model is being loaded, but prints its address afterwards: a wrong argument prints an error, and no address.
 *
 * @throws UsageError if it cannot listen, or the model or the head cannot be read; LitmusError of the load
 */
export async function serve(options: ServeArguments): Promise<void> {
  const { port, host, workers, task } = options;
  const loading = loadClassifier(options, { workers, task });
  const predictor = loading.then((classifier) => microBatching(classifier, 2 * workers));
  const server = createNodeServer(createHandler({ classifier: predictor })); // a failed load is handled where `loading` is awaited
  await listen(server, port, host);
  const { address, family, port: actualPort } = server.address() as AddressInfo;

  let isStopping = false;
  const stop = async () => {
    isStopping = true;
    process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143)); // a second signal ends it at once
    console.log("litmus-text is shutting down");
    await shutDown(server, GRACE_MS);
    (await loading).close();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);

  console.log("litmus-text is loading the model");
  const classifier = await loading;
  if (isStopping) return;
  console.log(`litmus-text is listening at http://${family === "IPv6" ? `[${address}]` : address}:${actualPort}/`);
  // Workers start on demand. One call for each starts them now, before the first requests need them.
  await Promise.all(Array.from({ length: workers }, () => classifier.predict("a film"))).catch((error: unknown) => {
    if (!isStopping) throw error; // `stop` has closed the classifier
  });
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  await once(server, "listening").catch(({ code, message }: NodeJS.ErrnoException) => {
    const reason = PORT_ERRORS[code ?? ""] ?? `${message}: --host must be an address of this machine`;
    throw new UsageError(`litmus-text cannot listen at port ${port} of ${host}: ${reason}`);
  });
}
