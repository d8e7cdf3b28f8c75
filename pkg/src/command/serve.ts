/// <reference types="node" />
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createClassifier } from "../api/create-classifier.js";
import { createHandler } from "../handler/handler.js";
import { microBatching } from "../handler/micro-batching.js";
import { createNodeServer, shutDown } from "../handler/node-server.js";
import { explainLoadError, readHead } from "./model-arguments.js";

export interface ServeArguments {
  port: number;
  host: string;
  workers: number;
  model: string | undefined;
  /** The task of requests that name none. */
  task: string | undefined;
  /** The file of a head that was taught. */
  head: string | undefined;
}

/** Milliseconds for open requests to be answered after SIGTERM or SIGINT. */
const GRACE_MS = 10_000;

/** Starts the HTTP service. Resolves when all workers are ready. The service runs until the process gets SIGTERM or SIGINT. */
export async function serve({ port, host, workers, model, task, head }: ServeArguments): Promise<void> {
  const loading = createClassifier({ workers, model, task, ...(await readHead(head)) }).catch(
    explainLoadError({ model, head }),
  );
  const server = createNodeServer(
    createHandler({ classifier: loading.then((classifier) => microBatching(classifier, 2 * workers)) }),
  );
  server.listen(port, host);
  await once(server, "listening");

  let isStopping = false;
  const stop = async () => {
    isStopping = true;
    process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143)); // a second signal ends it at once
    console.log("litmus-text is shutting down");
    await shutDown(server, GRACE_MS);
    (await loading).close();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);

  const { address, family, port: actualPort } = server.address() as AddressInfo;
  console.log(`litmus-text is listening at http://${family === "IPv6" ? `[${address}]` : address}:${actualPort}/`);

  const classifier = await loading;
  console.log("litmus-text has loaded the model");
  // Workers start on demand. One call for each starts them now, before the first requests need them.
  await Promise.all(Array.from({ length: workers }, () => classifier.predict("a film"))).catch((error: unknown) => {
    if (!isStopping) throw error; // `stop` has closed the classifier
  });
}
