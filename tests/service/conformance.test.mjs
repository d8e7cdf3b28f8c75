// The running service against its own OpenAPI document, and its metrics against the parser of Prometheus.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { startService } from "./harness.mjs";
import { ensurePython } from "./install.mjs";

describe("the running service", { timeout: 180_000 }, () => {
  let bin;
  let server;
  let child;
  let folder;
  before(async () => {
    bin = await ensurePython();
    folder = await mkdtemp(join(tmpdir(), "litmus-schemathesis-"));
    server = await startService([], { onSpawn: (spawned) => (child = spawned) });
    await server.ready();
  });
  after(async () => {
    child?.kill("SIGKILL");
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test("schemathesis finds no undocumented status, no 500 and no response that violates its schema", () => {
    const { status, stdout } = spawnSync(
      join(bin, "st"),
      [
        ...["--config-file", join(root, "tests/service/schemathesis.toml"), "run", `${server.url}openapi.json`],
        ...["--max-examples", "100", "--seed", "7", "--phases", "examples,coverage,fuzzing"],
      ],
      // In an empty folder, where it leaves its files: those of an earlier run would add cases.
      { cwd: folder, encoding: "utf8", timeout: 150_000 },
    );
    assert.equal(status, 0, stdout.slice(-5000));
    const [, cases] = /(\d+) generated/.exec(stdout);
    assert.ok(cases > 100, `${cases} cases`);
    console.log(`${cases} cases`);
  });

  test("the parser of Prometheus reads the metrics", () => {
    const script = `
import sys, urllib.request
from prometheus_client.parser import text_string_to_metric_families
text = urllib.request.urlopen(sys.argv[1]).read().decode()
for family in text_string_to_metric_families(text):
    print(family.name, family.type, len(family.samples))
`;
    const { stdout, stderr } = spawnSync(join(bin, "python"), ["-c", script, `${server.url}metrics`], {
      encoding: "utf8",
    });
    const families = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    assert.equal(families.length, 8, stderr);
    assert.ok(
      families.every(
        ([name, type, samples]) => name.startsWith("litmus_") && /counter|gauge|histogram/.test(type) && samples > 0,
      ),
    );
  });
});
