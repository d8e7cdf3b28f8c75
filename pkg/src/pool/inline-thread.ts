import { Engine } from "../engine/engine.js";
import type { Instance } from "../engine/instance.js";
import { neverAborts } from "../shared/abort.js";
import type { Listener, Reply, Request } from "../shared/protocol.js";
import type { Thread } from "./thread.js";

export class InlineThread implements Thread {
  readonly apart = false;
  readonly #engine: Engine;

  constructor(instance: Instance) {
    this.#engine = new Engine(instance);
  }

  get broken(): boolean {
    return this.#engine.broken;
  }

  get memoryBytes(): number {
    return this.#engine.memoryBytes;
  }

  async ask<R extends Request>(request: R, signal = neverAborts(), listener?: Listener<R>): Promise<Reply<R>> {
    return (await this.#engine.answer(request, signal, listener as Listener<Request>)) as Reply<R>;
  }

  end(): void {
    this.#engine.end();
  }
}
