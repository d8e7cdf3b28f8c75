import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { restoreTimes } from "../../tools/file-times.mjs";

test("files with the same contents keep their time; a change makes all of them new", async (t) => {
  const base = await mkdtemp(join(tmpdir(), "litmus-times-"));
  t.after(() => rm(base, { recursive: true }));
  const folder = join(base, "crate");
  await mkdir(join(folder, "src"), { recursive: true });
  const files = ["Cargo.toml", "src/lib.rs"].map((path) => join(folder, path));
  for (const file of files) await writeFile(file, "1");
  const restore = async () => {
    await restoreTimes(folder, join(base, "build/times.json"));
    const times = await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs));
    assert.equal(times[0], times[1]);
    return times[0];
  };
  const old = new Date("2020-01-01");
  for (const file of files) await utimes(file, old, old);
  const first = await restore();
  assert.ok(first > Date.now() - 60_000, "unknown files count as new, however old they are");
  await writeFile(files[1], "1");
  await utimes(files[0], old, old);
  assert.equal(await restore(), first);
  await writeFile(files[1], "2");
  assert.ok((await restore()) > first);
});
