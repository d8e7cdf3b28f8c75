// The text format of Prometheus, version 0.0.4.

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Upper bounds in seconds: of one short text from the cache to a long batch. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Labels = Record<string, string | number>;

/** Only names and codes of ours are labels: nothing in them is to be escaped. */
const series = (name: string, labels: Labels) => {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length ? `${name}{${pairs.join(",")}}` : name;
};

const family = (name: string, type: string, help: string, lines: string[]) =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n");

class Counter {
  readonly #name: string;
  readonly #help: string;
  readonly #values = new Map<string, number>();

  /** A counter that is there from the start has its series given, for those who ask how it grows. */
  constructor(name: string, help: string, start: Labels[] = []) {
    this.#name = name;
    this.#help = help;
    for (const labels of start) this.add(labels, 0);
  }

  add(labels: Labels, count = 1): void {
    const key = series(this.#name, labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + count);
  }

  toString(): string {
    return family(this.#name, "counter", this.#help, [...this.#values].map((each) => each.join(" ")));
  }
}

class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #counts = BOUNDS.map(() => 0);
  #count = 0;
  #sum = 0;

  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  observe(value: number): void {
    for (const [i, bound] of BOUNDS.entries()) if (value <= bound) (this.#counts[i] as number)++;
    this.#count++;
    this.#sum += value;
  }

  toString(): string {
    const buckets = [...BOUNDS.map((bound, i) => [bound, this.#counts[i]]), ["+Inf", this.#count]];
    return family(this.#name, "histogram", this.#help, [
      ...buckets.map(([le, count]) => `${series(`${this.#name}_bucket`, { le: le as string })} ${count}`),
      `${this.#name}_sum ${this.#sum}`,
      `${this.#name}_count ${this.#count}`,
    ]);
  }
}

const gauge = (name: string, help: string, value: number) => family(name, "gauge", help, [`${name} ${value}`]);

const ORIGINS = ["hit", "miss", "shared"].map((result) => ({ result }));
const OPERATIONS = ["get", "set"].map((operation) => ({ operation }));

export class Metrics {
  readonly requests = new Counter("litmus_requests_total", "Requests answered, by path and status.");
  readonly errors = new Counter("litmus_errors_total", "Errors answered, by code; those in streams too.");
  readonly texts = new Counter("litmus_texts_total", "Texts scored, by where the result came from.", ORIGINS);
  readonly cacheErrors = new Counter("litmus_cache_errors_total", "Failures of the result cache.", OPERATIONS);
  readonly duration = new Histogram("litmus_request_duration_seconds", "From a request for predictions to the end of its answer.");

  text(now: { queue: number; ready: boolean; memoryBytes: number }): string {
    const families = [
      this.requests,
      this.errors,
      this.texts,
      this.cacheErrors,
      this.duration,
      gauge("litmus_queue_length", "Texts that wait for their answer.", now.queue),
      gauge("litmus_model_ready", "Whether the model is loaded.", Number(now.ready)),
      gauge("litmus_memory_bytes", "Size of the WebAssembly memory.", now.memoryBytes),
    ];
    return `${families.join("\n")}\n`;
  }
}
