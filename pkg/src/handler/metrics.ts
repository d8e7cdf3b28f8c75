// The text format of Prometheus, version 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
import { CACHE_STATUSES } from "./cached-predictor.js";

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Upper bounds of the histogram's buckets in seconds, from a cached short text to a long batch. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Labels = Record<string, string | number>;

/** The values of gauges, at the moment of the request. */
interface Gauges {
  queueLength: number;
  modelReady: boolean;
  memoryBytes: number;
}

/** The metrics of one handler. */
export class Metrics {
  readonly requests = new Counter("litmus_requests_total", "Responses by path and status.");
  readonly errors = new Counter("litmus_errors_total", "Errors by code, including those of single texts in streams.");
  readonly texts = new Counter(
    "litmus_texts_total",
    "Predicted texts by source of the result.",
    CACHE_STATUSES.map((result) => ({ result })),
  );
  readonly cacheErrors = new Counter("litmus_cache_errors_total", "Errors of the result cache by operation.", [
    { operation: "get" },
    { operation: "set" },
  ]);
  readonly duration = new Histogram(
    "litmus_request_duration_seconds",
    "Time from a request to /predict to the end of its response.",
  );

  format({ queueLength, modelReady, memoryBytes }: Gauges): string {
    const families = [
      this.requests,
      this.errors,
      this.texts,
      this.cacheErrors,
      this.duration,
      gauge("litmus_queue_length", "Texts that wait for their prediction.", queueLength),
      gauge("litmus_model_ready", "1 if the model is loaded, else 0.", Number(modelReady)),
      gauge("litmus_memory_bytes", "Size of the WebAssembly memory.", memoryBytes),
    ];
    return `${families.join("\n")}\n`;
  }
}

class Counter {
  readonly #name: string;
  readonly #help: string;
  readonly #values = new Map<string, number>();

  /** The `initial` series start at 0, because rates cannot be computed for a series that appears later. */
  constructor(name: string, help: string, initial: Labels[] = []) {
    this.#name = name;
    this.#help = help;
    for (const labels of initial) this.add(labels, 0);
  }

  add(labels: Labels, count = 1): void {
    const key = series(this.#name, labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + count);
  }

  toString(): string {
    return family(
      this.#name,
      "counter",
      this.#help,
      [...this.#values].map(([key, value]) => `${key} ${value}`),
    );
  }
}

class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #counts = BUCKETS.map(() => 0);
  #count = 0;
  #sum = 0;

  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  observe(value: number): void {
    for (const [i, bound] of BUCKETS.entries()) if (value <= bound) (this.#counts[i] as number)++;
    this.#count++;
    this.#sum += value;
  }

  toString(): string {
    const bucket = (bound: number | string, count: number) =>
      `${series(`${this.#name}_bucket`, { le: bound })} ${count}`;
    return family(this.#name, "histogram", this.#help, [
      ...BUCKETS.map((bound, i) => bucket(bound, this.#counts[i] as number)),
      bucket("+Inf", this.#count),
      `${this.#name}_sum ${this.#sum}`,
      `${this.#name}_count ${this.#count}`,
    ]);
  }
}

const gauge = (name: string, help: string, value: number) => family(name, "gauge", help, [`${name} ${value}`]);

const family = (name: string, type: string, help: string, lines: string[]) =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n");

/** A metric's name with its labels. The values of labels need no escaping: they are names and codes of ours. */
function series(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length ? `${name}{${pairs.join(",")}}` : name;
}
