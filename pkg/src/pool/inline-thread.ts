import { Engine } from "../engine/engine.js";
import { neverAborts } from "../shared/abort.js";
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
    return (await this.#engine.answer(request, signal, listener as Listener<Request>)) as Reply<R>;
  }

  terminate(): void {
    this.#engine.end();
  }
}
