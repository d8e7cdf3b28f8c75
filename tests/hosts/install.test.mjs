// The cache of installations does not grow without end.
import assert from "node:assert/strict";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { removeUnused } from "./install.mjs";
import { temporaryFolder } from "./project.mjs";

test("installations that no run has used for a week are removed, with all that is in them", async (t) => {
  const folder = await temporaryFolder(t, "installations");
  const now = Date.now();
  for (const [name, days] of Object.entries({ "tools-1": 8, "jest-1.part": 30, "tools-2": 6, "tools-3": 0 })) {
    await mkdir(join(folder, name, "node_modules"), { recursive: true });
    await writeFile(join(folder, name, "node_modules", "index.js"), "");
    const used = new Date(now - days * 86_400_000);
    await utimes(join(folder, name), used, used);
  }
  await removeUnused(folder, now);
  assert.deepEqual((await readdir(folder)).sort(), ["tools-2", "tools-3"]);
});
