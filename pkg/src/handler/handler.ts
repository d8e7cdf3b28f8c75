import { follow, unlessAborted } from "../shared/abort.js";
import type { ExplainTasksOptions } from "../shared/task-types.js";
import { CachedPredictor, type CacheStatus, type TextResult } from "./cached-predictor.js";
import { METRICS_TYPE, Metrics } from "./metrics.js";
import { ModelLoader } from "./model-loader.js";
import { openapi } from "./openapi.js";
import { type HandlerOptions, type Predictor, type ResolvedOptions, resolveOptions } from "./options.js";
import { type Admission, QueueLimit } from "./queue-limit.js";
import { type PredictRequest, PredictRequestReader } from "./request.js";
import { acceptsNdjson, errorResponse, jsonResponse, ndjsonResponse, type ServiceResponse } from "./response.js";
import { ResultCache } from "./result-cache.js";
import type { PredictionOptions } from "./schema.js";
import { retryAfter, ServiceError, toServiceError } from "./service-error.js";

/** The part of a platform's context that the handler uses. */
interface Context {
  /** Keeps the program alive until `work` has settled. */
  waitUntil?(work: Promise<unknown>): void;
}

/** A path of the service: the methods that it supports, and the function that answers a request. */
interface Route {
  methods: string[];
  respond(request: Request): ServiceResponse | Promise<ServiceResponse>;
}

/**
 * Creates a prediction service: a function from a request to its response, for service workers, Node, Deno, Bun and edge
 * platforms. It serves `POST /predict`, `GET /model`, `/health`, `/metrics` and `/openapi.json`, and never rejects.
 * Pass the platform's `context` where there is one: its `waitUntil` keeps the load of the model, and results that
 * several requests share, from ending with the request that started them.
 *
 * @example
 * const handler = createHandler();
 * addEventListener("fetch", (event) => event.respondWith(handler(event.request, event)));
 *
 * @throws LitmusError `invalid-input`: an unknown option, or a value that is out of range
 */
export function createHandler(options: HandlerOptions = {}): (request: Request, context?: object) => Promise<Response> {
  const service = new Service(resolveOptions(options));
  return (request, context) => service.handle(request, context);
}

/** The routes of one handler, and the state that its requests share. A request passes through the methods in their order. */
class Service {
  readonly #base: string;
  readonly #timeLimit: number;
  readonly #onError: ResolvedOptions["onError"];
  readonly #metrics = new Metrics();
  readonly #reader: PredictRequestReader;
  readonly #queue: QueueLimit;
  readonly #model: ModelLoader;
  readonly #predictor: CachedPredictor;
  readonly #routes: Record<string, Route>;

  constructor(options: ResolvedOptions) {
    const { base, limits, cache, onError } = options;
    this.#base = base;
    this.#timeLimit = limits.time;
    this.#onError = onError;
    this.#reader = new PredictRequestReader(limits);
    this.#queue = new QueueLimit(limits.queue);
    this.#model = new ModelLoader(options);
    this.#predictor = new CachedPredictor(
      new ResultCache(cache, (operation) => this.#metrics.cacheErrors.add({ operation })),
    );
    const document = openapi(base, limits.texts);
    const methods = ["GET", "HEAD"];
    this.#routes = {
      predict: { methods: ["POST"], respond: (request) => this.#predict(request) },
      model: { methods, respond: () => this.#describeModel() },
      health: { methods, respond: () => this.#checkHealth() },
      metrics: { methods, respond: () => this.#reportMetrics() },
      "openapi.json": { methods, respond: () => ({ response: jsonResponse(document) }) },
    };
  }

  async handle(request: Request, context: Context = {}): Promise<Response> {
    const responded = this.#respond(request);
    context.waitUntil?.(responded.then(({ streamEnd }) => Promise.all([streamEnd, this.#model.loading])));
    return (await responded).response;
  }

  /** Routes the request, and counts and times its response. */
  async #respond(request: Request): Promise<ServiceResponse> {
    const start = performance.now();
    const name = this.#routeName(request);
    let result: ServiceResponse;
    try {
      result = await this.#route(name, request);
    } catch (error) {
      result = { response: errorResponse(this.#report(error)) };
    }
    const { response, streamEnd } = result;
    const observe = () => {
      this.#metrics.requests.add({ path: name ?? "other", status: response.status });
      if (name === "predict") this.#metrics.duration.observe((performance.now() - start) / 1000);
    };
    if (streamEnd) void streamEnd.then(observe);
    else observe();
    return request.method === "HEAD" ? { response: new Response(null, response) } : result;
  }

  /** The name of the route: the path after the base. `undefined` if there is none. */
  #routeName({ url }: Request): string | undefined {
    const { pathname } = new URL(url);
    const name = pathname.slice(this.#base.length);
    return pathname.startsWith(this.#base) && Object.hasOwn(this.#routes, name) ? name : undefined;
  }

  /** Answers the request by the route of this name. Throws a `ServiceError` if there is none, or none for the method. */
  #route(name: string | undefined, request: Request): ServiceResponse | Promise<ServiceResponse> {
    const route = name === undefined ? undefined : this.#routes[name];
    if (!route) throw new ServiceError("not-found");
    const allow = route.methods.join(", ");
    if (!route.methods.includes(request.method)) {
      throw new ServiceError("method-not-allowed", `${this.#base}${name} supports ${allow}`, { headers: { allow } });
    }
    return route.respond(request);
  }

  /** Counts an error and reports an internal one to `onError`. Returns the error that the client receives. */
  #report(error: unknown): ServiceError {
    const serviceError = toServiceError(error);
    this.#metrics.errors.add({ code: serviceError.code });
    if (serviceError.code === "internal") this.#onError(serviceError.cause);
    return serviceError;
  }

  /** `POST /predict` */
  async #predict(request: Request): Promise<ServiceResponse> {
    const body = await this.#reader.read(request);
    const admission = this.#queue.admit(body.texts.length);
    const stop = new AbortController();
    const unfollow = follow({ signal: request.signal }, stop);
    const release = () => {
      unfollow();
      admission.release();
    };
    const streamed = !body.single && acceptsNdjson(request);
    let streamEnd: Promise<void> | undefined;
    try {
      const model = await unlessAborted(this.#model.get(), stop.signal);
      checkTasks(body.options, model);
      checkLabel(body.options, model);
      const results = this.#results(model, body, stop, admission, streamed);
      if (!streamed) return { response: await predictionResponse(results, body.single) };
      const stream = ndjsonResponse(this.#lines(results), stop);
      streamEnd = stream.streamEnd;
      void streamEnd.then(release);
      return stream;
    } finally {
      if (!streamEnd) release();
    }
  }

  /**
   * Yields the result of each text. The time limit holds for all results together or, if they are streamed, for each result and for
   * each pause of the client between two lines; after it, `stop` is aborted. So the work also ends for a client whose disconnection
   * was not reported: workerd does not always report it (miniflare misses about 1 in 40).
   */
  async *#results(
    model: Predictor,
    { texts, options }: PredictRequest,
    stop: AbortController,
    admission: Admission,
    streamed: boolean,
  ) {
    const expire = () => {
      const message = `the response took longer than ${this.#timeLimit} ms: try again later, or send less text`;
      stop.abort(new ServiceError("timeout", message, retryAfter(1)));
    };
    let timer = setTimeout(expire, this.#timeLimit);
    const restart = () => {
      clearTimeout(timer);
      timer = setTimeout(expire, this.#timeLimit);
    };
    try {
      for await (const result of this.#predictor.predictAll(model, texts, options, stop.signal)) {
        admission.textDone();
        if (!result.error) this.#metrics.texts.add({ result: result.cacheStatus });
        if (streamed) restart();
        yield result;
        if (streamed) restart();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Yields the lines of a streamed response. */
  async *#lines(results: AsyncIterable<TextResult>) {
    for await (const result of results) {
      const { index } = result;
      yield result.error ? { index, error: this.#report(result.error).body } : { index, prediction: result.prediction };
    }
  }

  /** `GET /model` */
  async #describeModel(): Promise<ServiceResponse> {
    const { info } = await this.#model.get();
    return { response: jsonResponse(info) };
  }

  /** `GET /health`. Starts the load of the model and does not wait for it: probes have timeouts of their own. */
  async #checkHealth(): Promise<ServiceResponse> {
    await this.#model.get(0);
    return { response: jsonResponse({ status: "ok" }, { "cache-control": "no-store" }) };
  }

  /** `GET /metrics` */
  #reportMetrics(): ServiceResponse {
    const { loaded } = this.#model;
    const gauges = {
      queueLength: this.#queue.length,
      modelReady: !!loaded,
      memoryBytes: loaded?.info.memoryBytes ?? 0,
    };
    const headers = { "content-type": METRICS_TYPE, "cache-control": "no-store" };
    return { response: new Response(this.#metrics.format(gauges), { headers }) };
  }
}

/** Checks the tasks, which only the loaded model knows. A model without tasks is left out: its own error says why it has none. */
function checkTasks({ task, tasks }: PredictionOptions, { info }: Predictor): void {
  const names = tasks ?? (task === undefined ? [] : [task]);
  const unknown = names.find((name) => info.tasks.length > 0 && !info.tasks.includes(name));
  if (unknown === undefined) return;
  throw new ServiceError(
    "unknown-task",
    `task: the model has no task "${unknown}"; its tasks are ${info.tasks.join(", ")}`,
  );
}

/** Checks the label to explain, because only the loaded model knows its labels. The classifier checks the labels of tasks. */
function checkLabel({ explain, task, tasks }: PredictionOptions, { info: { labels } }: Predictor): void {
  const { label } = Object(explain) as ExplainTasksOptions;
  if (typeof label !== "string" || task !== undefined || tasks || labels.includes(label)) return;
  throw new ServiceError(
    "unknown-label",
    `explain/label: the model has no label "${label}"; its labels are ${labels.join(", ")}`,
  );
}

/** All predictions in one response. The first error of a text becomes the error of the response. */
async function predictionResponse(results: AsyncIterable<TextResult>, single: boolean): Promise<Response> {
  const predictions = [];
  const statuses: CacheStatus[] = [];
  for await (const result of results) {
    if (result.error) throw single ? result.error.withIndex(undefined) : result.error;
    predictions.push(result.prediction);
    statuses.push(result.cacheStatus);
  }
  return jsonResponse(single ? predictions[0] : { predictions }, { "x-litmus-cache": combineStatuses(statuses) });
}

/** The cache status of several texts: `hit` only if all are. */
function combineStatuses(statuses: CacheStatus[]): CacheStatus {
  return (["miss", "shared"] as const).find((status) => statuses.includes(status)) ?? "hit";
}
