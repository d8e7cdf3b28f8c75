/** Notices a Content-Security-Policy that keeps a worker from starting: the worker's own error does not name it. */
export class PolicyWatch {
  #violation: string | undefined;

  constructor() {
    globalThis.addEventListener?.("securitypolicyviolation", this.#onViolation);
  }

  /** The policy that was violated since the start, and by what. It is reported a moment after the worker's error. */
  async violation(): Promise<string | undefined> {
    await new Promise((resolve) => setTimeout(resolve));
    return this.#violation;
  }

  stop(): void {
    globalThis.removeEventListener?.("securitypolicyviolation", this.#onViolation);
  }

  readonly #onViolation = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
    if (!/^(worker|script|child)-src/.test(effectiveDirective)) return;
    this.#violation ??= `the Content-Security-Policy forbids it (${effectiveDirective} does not allow ${blockedURI})`;
  };
}

let warned = false;

/** Says once for a page why it computes on its own thread. */
export function warnOfMissingWorker(reason: string): void {
  if (warned) return;
  warned = true;
  console.warn(
    `litmus-text: no worker could be started: ${reason}. Predictions are computed on the calling thread and block it.`,
  );
}
