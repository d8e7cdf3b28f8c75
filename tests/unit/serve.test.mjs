// The file server of the demo, the tests and the benchmarks.
import assert from "node:assert/strict";
import { get } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "../../tools/serve.mjs";

test("a path that is no URL is a 404, and the server goes on", async (t) => {
  const server = await serve({ mounts: { "/": fileURLToPath(new URL(".", import.meta.url)) } });
  t.after(() => server.close());
  // `fetch` would make another path of it.
  const statusOf = (path) =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      get({ hostname, port, path }, (response) => resolve(response.resume().statusCode)).on("error", reject);
    });
  const paths = ["//", "/%", "/../package.json", "/serve.test.mjs?x", "/"];
  assert.deepEqual(await Promise.all(paths.map(statusOf)), [404, 404, 404, 200, 404]);
});
