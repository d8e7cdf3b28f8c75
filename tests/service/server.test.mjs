// The command `litmus-text serve`.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createClassifier } from "litmus-text";
import { withFreePort } from "../harness/server.mjs";
import {
  cli,
  documentedRequest,
  metric as metricOf,
  POSITIVE,
  spawnServer,
  startService,
  until,
  wait,
} from "./harness.mjs";

const running = new Set();

const serve = (...args) => startService(args, { onSpawn: (child) => running.add(child) });

/** Starts the service, and does not wait for its URL. */
function spawnService(...options) {
  const server = spawnServer(process.execPath, [cli, "serve", ...options]);
  running.add(server.child);
  return server;
}

const post = (url, body, { headers, ...init } = {}) =>
  fetch(`${url}predict`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    ...init,
  });
const metric = (url, series) => metricOf(() => fetch(`${url}metrics`), series);

describe("litmus-text serve", () => {
  let server;
  after(() => {
    for (const child of running) child.kill("SIGKILL");
  });
  before(async () => {
    server = await serve("--workers", "2");
    await server.ready();
  });

  test("listens on this machine only and answers", async () => {
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const response = await post(server.url, { text: POSITIVE });
    assert.equal((await response.json()).label, "positive");
    assert.ok(Number(response.headers.get("content-length")) > 0);
    const { body, answer } = await documentedRequest();
    assert.equal(await (await post(server.url, body)).text(), answer, "as docs/service.md shows");
    const { files } = await (await fetch(`${server.url}model`)).json();
    assert.equal(files.length, 3);
  });

  test("all workers are used", async () => {
    const memory = () => metric(server.url, "litmus_memory_bytes");
    const texts = Array.from({ length: 100 }, (_, i) => `${i} of them were good`);
    assert.equal((await (await post(server.url, { texts })).json()).predictions.length, 100);
    const other = await serve("--workers", "1");
    await other.ready();
    await (await post(other.url, { texts })).json();
    const one = await metric(other.url, "litmus_memory_bytes");
    await until(async () => (await memory()) > 1.7 * one); // two WebAssembly instances
    other.child.kill("SIGTERM");
    assert.equal(await other.exited, 0);
  });

  test("each of many concurrent requests has its own response, whatever batches their texts are in", async () => {
    const short = Array.from({ length: 60 }, (_, i) => ({
      text: `part ${i} was ${i % 3 ? "dull" : "a joy"}`,
      ...(i % 2 && { topK: 1 }),
    }));
    const long = { text: "It was good. The end was not. ".repeat(200), longText: "error" };
    const bodies = [
      ...short.slice(0, 20),
      { text: "  " },
      ...short.slice(20, 40),
      long,
      { text: "part -1 was dull", explain: true },
      ...short.slice(40),
    ];
    const classifier = await createClassifier();
    const expected = async ({ text, ...options }) => {
      const prediction = await classifier.predict(text, options).catch(({ code }) => code);
      return typeof prediction === "string" ? [422, prediction] : [200, prediction];
    };
    const answer = async (body) => {
      const response = await post(server.url, body);
      const value = await response.json();
      return [response.status, value.error?.code ?? value];
    };
    const answers = await Promise.all(bodies.map(answer));
    assert.deepEqual(answers, await Promise.all(bodies.map(expected)));
    classifier.close();
  });

  test("a disconnect stops the work", async () => {
    const texts = Array.from({ length: 1000 }, (_, i) => `number ${i} was bad`);
    const predicted = () => metric(server.url, 'litmus_texts_total{result="miss"}');
    for (const headers of [{}, { accept: "application/x-ndjson" }]) {
      const gone = new AbortController();
      const call = post(server.url, { texts }, { signal: gone.signal, headers });
      const read = call.then((response) => response.text());
      const before = await predicted();
      await until(async () => (await predicted()) > before);
      gone.abort();
      await assert.rejects(read);
      await until(async () => (await metric(server.url, "litmus_queue_length")) === 0);
      const stopped = await predicted();
      assert.ok(stopped < before + 900, `${stopped - before} texts`);
      await wait(200);
      assert.equal(await predicted(), stopped);
      texts.reverse();
    }
  });

  test("lines arrive as they are computed", async () => {
    const texts = Array.from({ length: 300 }, (_, i) => `${i} times fine`);
    const response = await post(server.url, { texts }, { headers: { accept: "application/x-ndjson" } });
    const reader = response.body.getReader();
    await reader.read();
    assert.ok((await metric(server.url, "litmus_queue_length")) > 100, "most lines are still to come");
    let rest = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value.length;
    assert.ok(rest > 1000);
  });

  /** The response to bytes sent over a plain socket. */
  async function raw(...parts) {
    const socket = connect(new URL(server.url).port, "127.0.0.1");
    let answer = "";
    socket
      .setEncoding("utf8")
      .on("data", (text) => (answer += text))
      .on("error", () => {});
    for (const part of parts) {
      socket.write(part);
      await wait(50);
    }
    await until(() => answer.includes("\r\n\r\n") || socket.closed);
    socket.destroy();
    return answer;
  }

  test("malformed requests get a response, and the server goes on", async () => {
    assert.match(await raw("TRACE /predict HTTP/1.1\r\nhost: a\r\n\r\n"), /^HTTP\/1.1 405 /);
    assert.match(await raw("GET http://[/ HTTP/1.1\r\nhost: a\r\n\r\n"), /^HTTP\/1.1 400 /);
    assert.match(await raw("GET //model HTTP/1.1\r\nhost: a\r\n\r\n"), /^HTTP\/1.1 404 /);
    assert.match(await raw("rubbish\r\n\r\n"), /^HTTP\/1.1 400 /);
    assert.match(await raw("GET /../../../etc/passwd HTTP/1.1\r\nhost: a\r\n\r\n"), /^HTTP\/1.1 404 /);
    const head = "POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n";
    assert.match(await raw(head, '{"text":', '"good"}'), /^HTTP\/1.1 200 /);
    const socket = connect(new URL(server.url).port, "127.0.0.1");
    socket.write(`${head}{"te`);
    await wait(50);
    socket.destroy(); // a disconnect in the middle of the body
    assert.equal((await post(server.url, { text: POSITIVE })).status, 200);
  });

  test("10 MB are rejected while they arrive, and the client can read the error", async () => {
    const response = await fetch(`${server.url}predict`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new ReadableStream({
        start(controller) {
          for (let i = 0; i < 100; i++) controller.enqueue(new Uint8Array(100_000).fill(0x20));
          controller.close();
        },
      }),
      duplex: "half",
    });
    assert.equal(response.status, 413);
    assert.equal((await response.json()).error.code, "too-large");
  });

  test("a slow body is 408", async () => {
    const slow = request(`${server.url}predict`, { method: "POST", headers: { "content-type": "application/json" } });
    const drip = setInterval(() => slow.write(" "), 500);
    const [response] = await once(slow, "response");
    clearInterval(drip);
    assert.equal(response.statusCode, 408);
    slow.destroy();
  });

  test("SIGTERM lets open requests finish, then the process exits", async () => {
    const texts = Array.from({ length: 200 }, (_, i) => `the ${i}th was good`);
    const answer = post(server.url, { texts });
    await until(async () => (await metric(server.url, "litmus_queue_length")) > 0);
    server.child.kill("SIGTERM");
    await until(() => server.output().includes("shutting down"));
    await assert.rejects(fetch(`${server.url}health`), "no new connections");
    const response = await answer;
    assert.equal((await response.json()).predictions.length, 200);
    assert.equal(await server.exited, 0);
  });

  test("while the model is being loaded, requests are answered, and the address is not printed yet", async () => {
    const onPort = async (port) => {
      const { child, output, ...server } = spawnService("--workers", "1", "--port", String(port));
      let early;
      const answers = async () => (early = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined));
      await until(async () => child.exitCode !== null || (await answers()));
      if (!early) throw new Error(output());
      return { ...server, child, output, port, early };
    };
    const isTaken = ({ message }) => message.includes("another program has the port");
    const { child, exited, output, url, port, early } = await withFreePort(onPort, isTaken);
    assert.equal(early.status, 503);
    assert.equal((await early.json()).error.code, "loading");
    assert.ok(!output().includes("listening"), output());
    await until(url);
    assert.equal(output(), `litmus-text is loading the model\nlitmus-text is listening at http://127.0.0.1:${port}/\n`);
    child.kill("SIGTERM");
    assert.equal(await exited, 0);
  });

  for (const signal of ["SIGTERM", "SIGINT"]) {
    test(`${signal} while the model is being loaded is no failure`, async () => {
      const { child, exited, output } = spawnService("--workers", "1", "--port", "0");
      await until(() => output().includes("loading"));
      child.kill(signal);
      assert.equal(await exited, 0, output());
      assert.equal(output(), "litmus-text is loading the model\nlitmus-text is shutting down\n");
    });
  }

  test("a task, and the head that was taught, are those of requests that name none", async () => {
    const toxicity = await serve("--workers", "1", "--task", "toxicity");
    await toxicity.ready();
    const ask = async ({ url }, body) => (await post(url, body)).json();
    assert.deepEqual((await ask(toxicity, { text: "You are an idiot" })).labels, ["toxic"]);
    assert.equal((await ask(toxicity, { text: POSITIVE, task: "sentiment" })).label, "positive");
    toxicity.child.kill("SIGTERM");
    const folder = await mkdtemp(join(tmpdir(), "litmus-head-"));
    try {
      const classifier = await createClassifier();
      const triage = await classifier.teach({ refund: ["I want my money back"], shipping: ["Where is my parcel?"] });
      await writeFile(join(folder, "triage.head"), triage.export());
      classifier.close();
      const server = await serve("--workers", "2", "--head", join(folder, "triage.head"));
      await server.ready();
      const { predictions } = await ask(server, { texts: ["Is my parcel lost?", "Give me my money"] });
      assert.deepEqual(
        predictions.map(({ label }) => label),
        ["shipping", "refund"],
      );
      const { labels, tasks } = await (await fetch(`${server.url}model`)).json();
      assert.deepEqual([labels, tasks.includes("toxicity")], [["refund", "shipping"], true]);
      server.child.kill("SIGTERM");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("a failed start prints the reason", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const port = String(holder.address().port);
    for (const [options, message] of [
      [["--port", "99999"], /--port must be/],
      [["--workers", "0"], /--workers must be/],
      [["--threads", "2"], /unknown option --threads of serve \(known: .*--workers/],
      [["--model", "/nowhere"], /nowhere\/.*: there is no such file.*: --model takes the folder of a model/],
      [["--head", "/nowhere.head"], /\/nowhere\.head cannot be read/],
      [["--head", cli], /cli\.js: the head is another kind of file/],
      [
        ["--port", port],
        new RegExp(`port ${port} of 127\\.0\\.0\\.1: another program has the port: .* --port \\(0 takes`),
      ],
      [["--host", "203.0.113.1"], /of 203\.0\.113\.1: .*EADDRNOTAVAIL.*: --host must be an address of this machine/],
      [["--task", "irony"], /"sentiment".*not "irony"/],
    ]) {
      const { exited, output } = await serve(...options);
      assert.equal(await exited, 1);
      assert.match(output(), message);
      assert.ok(!output().includes("    at "), "no stack trace");
      assert.ok(!output().includes("listening"), output());
    }
    holder.close();
  });
});
