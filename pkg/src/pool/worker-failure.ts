/** Milliseconds after the worker's error in which browsers report the policy that has caused it. */
const REPORT_MS = 500;

/** A report of the type "coep". Chromium has the body's properties only in its JSON. */
interface EmbedderPolicyReport {
  toJSON(): { body: { type: string; blockedURL: string } };
}

/** Notices a policy of the page that keeps a worker from starting: the worker's own error does not name it. */
export class PolicyWatch {
  #report: (violation: string) => void = () => undefined;
  readonly #reported = new Promise<string>((resolve) => (this.#report = resolve));
  readonly #observer: ReportingObserver | undefined;

  constructor() {
    globalThis.addEventListener?.("securitypolicyviolation", this.#onViolation);
    if (typeof ReportingObserver !== "function") return;
    this.#observer = new ReportingObserver(this.#onReports, { types: ["coep"] }); // Chromium reports this, Firefox does not
    this.#observer.observe();
  }

  /** The first policy that was violated since the start, and by what; it may be reported a moment after the worker's error. */
  violation(): Promise<string | undefined> {
    return Promise.race([this.#reported, new Promise<undefined>((resolve) => setTimeout(resolve, REPORT_MS))]);
  }

  stop(): void {
    globalThis.removeEventListener?.("securitypolicyviolation", this.#onViolation);
    this.#observer?.disconnect();
  }

  readonly #onViolation = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
    if (!/^(worker|script|child)-src/.test(effectiveDirective)) return;
    this.#report(`the Content-Security-Policy forbids it (${effectiveDirective} does not allow ${blockedURI})`);
  };

  readonly #onReports = (reports: unknown[]) => {
    const bodies = reports.map((report) => (report as EmbedderPolicyReport).toJSON().body);
    const found = bodies.find(({ type }) => type === "worker initialization");
    if (found)
      this.#report(
        `the page's Cross-Origin-Embedder-Policy forbids it: send this header with ${found.blockedURL}, too`,
      );
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
