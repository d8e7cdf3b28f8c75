/** Milliseconds to wait after a worker's error: browsers report the policy that caused it only later. */
const REPORT_MS = 200;

/** A report of the type "coep". Chromium has the body's properties only in its JSON. */
interface EmbedderPolicyReport {
  toJSON(): { body: { type: string; blockedURL: string } };
}

/** Finds the policy of the page that keeps a worker from starting: the worker's own error does not name it. */
export class PolicyWatch {
  #violation: string | undefined;
  #reports: ReportingObserver | undefined;

  constructor() {
    globalThis.addEventListener?.("securitypolicyviolation", this.#onViolation);
  }

  /** Resolves to a description of the policy that was violated, if one was. To be called after the worker's error. */
  async violation(): Promise<string | undefined> {
    // Chromium reports violations of the embedder policy, Firefox does not. Earlier reports are buffered.
    if (typeof ReportingObserver === "function") {
      this.#reports = new ReportingObserver(this.#onReports, { types: ["coep"], buffered: true });
      this.#reports.observe();
    }
    await new Promise((resolve) => setTimeout(resolve, REPORT_MS));
    return this.#violation;
  }

  /** Removes the listener and the observer. */
  stop(): void {
    this.#reports?.disconnect();
    globalThis.removeEventListener?.("securitypolicyviolation", this.#onViolation);
  }

  readonly #onViolation = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
    if (!/^(worker|script|child)-src/.test(effectiveDirective)) return;
    this.#violation ??= `the Content-Security-Policy forbids it (${effectiveDirective} does not allow ${blockedURI})`;
  };

  readonly #onReports = (reports: unknown[]) => {
    for (const report of reports) {
      const { type, blockedURL } = (report as EmbedderPolicyReport).toJSON().body;
      if (type !== "worker initialization") continue;
      this.#violation ??= `the page's Cross-Origin-Embedder-Policy forbids it: send this header with ${blockedURL}, too`;
    }
  };
}

let warned = false;

/** Warns in the console, once per page, that predictions are computed on the calling thread. */
export function warnOfMissingWorker(reason: string): void {
  if (warned) return;
  warned = true;
  console.warn(
    `litmus-text: no worker could be started: ${reason}. Predictions are computed on the calling thread and block it.`,
  );
}
