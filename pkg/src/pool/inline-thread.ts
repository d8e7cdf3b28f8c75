import { Engine } from "../engine/engine.js";
import { platform } from "../platform/platform.js";
import { neverAborts, unlessAborted } from "../shared/abort.js";
import type { Listener, Reply, Request } from "../shared/protocol.js";
import type { Thread } from "./thread.js";

/** Runs the model on the calling thread. */
export class InlineThread implements Thread {
  readonly runsIn = "page";
  readonly #engine = new Engine();

  get broken(): boolean {
    return this.#engine.broken;
  }

  get memoryBytes(): number {
    return this.#engine.memoryBytes;
  }

  async send<R extends Request>(request: R, signal = neverAborts(), listener?: Listener<R>): Promise<Reply<R>> {
    // The engine yields only between the steps of a job: without this, a series of calls with one short text each would block the
    // event loop. In a worker, each call is a message, and the event loop runs between messages.
    if (request.type === "predict") await unlessAborted(platform.yieldToEventLoop(), signal);
    return (await this.#engine.answer(request, signal, listener as Listener<Request>)) as Reply<R>;
  }

  terminate(): void {
    this.#engine.end();
  }
}
