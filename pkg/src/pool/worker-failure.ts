/** Notices the policies that keep workers from starting: the worker's own error does not name them. */
export class PolicyWatch {
  #violation: string | undefined;
  #observer: ReportingObserver | undefined;

  constructor() {
    globalThis.addEventListener?.("securitypolicyviolation", this.#onViolation);
    if (typeof ReportingObserver !== "function") return;
    this.#observer = new ReportingObserver((reports) => this.#read(reports), { types: ["coep"] });
    this.#observer.observe();
  }

  /** The policy that was violated since the start, and by what. Policies are reported a moment after the worker's error. */
  async violation(): Promise<string | undefined> {
    await new Promise((resolve) => setTimeout(resolve));
    this.#read(this.#observer?.takeRecords() ?? []);
    return this.#violation;
  }

  stop(): void {
    globalThis.removeEventListener?.("securitypolicyviolation", this.#onViolation);
    this.#observer?.disconnect();
  }

  readonly #onViolation = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
    if (!/^(worker|script|child)-src/.test(effectiveDirective)) return;
    this.#violation ??= `the Content-Security-Policy forbids it (${effectiveDirective} does not allow ${blockedURI})`;
  };

  #read(reports: Report[]): void {
    for (const { body } of reports) {
      const { type, blockedURL } = Object(body) as { type?: string; blockedURL?: string };
      if (type !== "worker initialization") continue;
      this.#violation ??= `the page's Cross-Origin-Embedder-Policy forbids it: the response of ${blockedURL} needs that header, too`;
    }
  }
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
