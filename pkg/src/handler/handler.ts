import { follow } from "../shared/abort.js";
import type { ExplainOptions } from "../shared/types.js";
import { json, lines, refusal, wantsLines, type Answer } from "./answers.js";
import { readJson } from "./body.js";
import { Fault, toFault } from "./faults.js";
import { Metrics, METRICS_TYPE } from "./metrics.js";
import { Model, SOON } from "./model.js";
import { openapi } from "./openapi.js";
import { settings, type HandlerOptions, type Predictor, type Settings } from "./options.js";
import { Queue } from "./queue.js";
import { bodyCheck, type PredictBody, type ScoreOptions } from "./schema.js";
import { Scorer, type Origin, type Outcome } from "./scorer.js";
import { Results } from "./store.js";

interface Route {
  methods: string[];
  answer(request: Request): Answer | Promise<Answer>;
}

const READ = ["GET", "HEAD"];

/** The origin of several results together. */
function together(origins: Origin[]): Origin {
  return (["miss", "shared"] as const).find((each) => origins.includes(each)) ?? "hit";
}

/** Only the model knows its labels. */
function checkLabel({ explain }: ScoreOptions, { info: { labels } }: Predictor): void {
  const { label } = Object(explain) as ExplainOptions;
  if (label === undefined || labels.includes(label)) return;
  throw new Fault("unknown-label", `explain/label: the model's labels are ${labels.join(", ")}`);
}

/** One service: its routes, and what they share. */
class Service {
  readonly #settings: Settings;
  readonly #metrics = new Metrics();
  readonly #queue: Queue;
  readonly #model: Model;
  readonly #scorer: Scorer;
  readonly #check: (body: unknown) => PredictBody;
  readonly #routes: Record<string, Route>;

  constructor(all: Settings) {
    const { base, limits, cache, onError } = all;
    this.#settings = all;
    this.#queue = new Queue(limits.queue);
    this.#model = new Model(all);
    const results = new Results(cache, (operation) => this.#metrics.cacheErrors.add({ operation }));
    this.#scorer = new Scorer(results, onError);
    this.#check = bodyCheck(limits.texts);
    const document = openapi(base, limits.texts);
    this.#routes = {
      predict: { methods: ["POST"], answer: (request) => this.#predict(request) },
      model: { methods: READ, answer: async () => ({ response: json((await this.#model.get()).info) }) },
      health: { methods: READ, answer: () => this.#health() },
      metrics: { methods: READ, answer: () => this.#report() },
      "openapi.json": { methods: READ, answer: () => ({ response: json(document) }) },
    };
  }

  /** Answers a request, whatever becomes of it. */
  async answer(request: Request, context: { waitUntil?(work: Promise<unknown>): void } = {}): Promise<Response> {
    const answer = this.#answer(request);
    context.waitUntil?.(answer.then(({ ended }) => ended));
    return (await answer).response;
  }

  async #answer(request: Request): Promise<Answer> {
    const start = performance.now();
    const path = this.#path(request);
    let answer: Answer;
    try {
      answer = await this.#route(path, request);
    } catch (error) {
      answer = { response: refusal(this.#fault(error)) };
    }
    const { response, ended } = answer;
    const observe = () => {
      this.#metrics.requests.add({ path: path ?? "other", status: response.status });
      if (path === "predict") this.#metrics.duration.observe((performance.now() - start) / 1000);
    };
    if (ended) void ended.then(observe);
    else observe();
    return request.method === "HEAD" ? { response: new Response(null, response) } : answer;
  }

  /** The name of a request's route, if there is one. */
  #path({ url }: Request): string | undefined {
    const { base } = this.#settings;
    const { pathname } = new URL(url);
    const name = pathname.slice(base.length);
    return pathname.startsWith(base) && Object.hasOwn(this.#routes, name) ? name : undefined;
  }

  #route(path: string | undefined, request: Request): Answer | Promise<Answer> {
    const route = path === undefined ? undefined : this.#routes[path];
    if (!route) throw new Fault("not-found");
    const { methods, answer } = route;
    if (!methods.includes(request.method)) {
      throw new Fault("method-not-allowed", undefined, { headers: { allow: methods.join(", ") } });
    }
    return answer(request);
  }

  /** Says, and counts, what went wrong. */
  #fault(error: unknown): Fault {
    const fault = toFault(error);
    if (fault !== error && fault.code === "internal") this.#settings.onError(error);
    this.#metrics.errors.add({ code: fault.code });
    return fault;
  }

  async #predict(request: Request): Promise<Answer> {
    const body = this.#check(await readJson(request, this.#settings.limits));
    const place = this.#queue.enter(body.texts.length);
    const stop = new AbortController();
    const unfollow = follow({ signal: request.signal }, stop);
    const leave = () => {
      unfollow();
      place.leave();
    };
    const wanted = !body.single && wantsLines(request);
    let streams = false;
    try {
      const model = await this.#model.get();
      checkLabel(body.options, model);
      const outcomes = this.#outcomes(model, body, stop, place.answered, wanted);
      if (!wanted) return { response: await this.#whole(outcomes, body.single) };
      streams = true;
      const answer = lines(this.#lines(outcomes), stop);
      void answer.ended?.then(leave);
      return answer;
    } finally {
      if (!streams) leave();
    }
  }

  /**
   * Stopped when they take too long: all of them together, or `each` of them, or their reader over one. Of a client that
   * is gone, workerd does not always tell (in miniflare, about once in 40).
   */
  async *#outcomes(model: Predictor, { texts, options }: PredictBody, stop: AbortController, answered: () => void, each: boolean) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const start = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(new Fault("timeout", undefined, SOON)), this.#settings.limits.time);
    };
    start();
    try {
      for await (const outcome of this.#scorer.scores(model, texts, options, stop.signal)) {
        answered();
        if (outcome.score) this.#metrics.texts.add({ result: outcome.score.origin });
        if (each) start();
        yield outcome;
        if (each) start();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** All of the predictions, or the first fault. */
  async #whole(outcomes: AsyncIterable<Outcome>, single: boolean): Promise<Response> {
    const predictions = [];
    const origins: Origin[] = [];
    for await (const { score, fault } of outcomes) {
      if (fault) throw single ? fault.at(undefined) : fault;
      predictions.push(score.prediction);
      origins.push(score.origin);
    }
    return json(single ? predictions[0] : { predictions }, { "x-litmus-cache": together(origins) });
  }

  async *#lines(outcomes: AsyncIterable<Outcome>) {
    for await (const { index, score, fault } of outcomes) {
      yield fault ? { index, error: this.#fault(fault).body } : { index, prediction: score.prediction };
    }
  }

  async #health(): Promise<Answer> {
    await this.#model.get();
    return { response: json({ status: "ok" }, { "cache-control": "no-store" }) };
  }

  #report(): Answer {
    const { ready } = this.#model;
    const now = { queue: this.#queue.length, ready: !!ready, memoryBytes: ready?.info.memoryBytes ?? 0 };
    const headers = { "content-type": METRICS_TYPE, "cache-control": "no-store" };
    return { response: new Response(this.#metrics.text(now), { headers }) };
  }
}

/**
 * Makes a prediction service: a function from a request to its answer, for service workers, Node, Deno, Bun and edge
 * platforms. It answers `POST /predict`, `GET /model`, `/health`, `/metrics` and `/openapi.json`, and never rejects.
 * Give it the `context` that your platform gives: where that has `waitUntil`, it is told how long the work goes on, which
 * others may share.
 *
 * @example
 * const handler = createHandler();
 * addEventListener("fetch", (event) => event.respondWith(handler(event.request, event)));
 *
 * @throws LitmusError `invalid-input`: an option that is none
 */
export function createHandler(options: HandlerOptions = {}): (request: Request, context?: object) => Promise<Response> {
  const service = new Service(settings(options));
  return (request, context) => service.answer(request, context);
}
