// The file that a command writes, and standard output.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { importSource } from "./source.mjs";

const { openOutput } = await importSource("command/output.ts");

const folder = await mkdtemp(join(tmpdir(), "litmus-output-"));
const path = join(folder, "table.csv");
beforeEach(() => writeFile(path, "before"));
after(() => rm(folder, { recursive: true }));

test("a file keeps what it has until the new one is complete", async () => {
  await chmod(path, 0o600);
  const output = await openOutput(path);
  await output.write("after\n");
  await output.write(Uint8Array.of(0x21));
  assert.equal(await readFile(path, "utf8"), "before");
  await output.end();
  await output.discard();
  assert.equal(await readFile(path, "utf8"), "after\n!");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ["table.csv"]);
});

test("an output that is discarded leaves nothing behind", async () => {
  for (const name of ["table.csv", "other.csv"]) {
    const output = await openOutput(join(folder, name));
    await output.write("after");
    await output.discard();
  }
  assert.equal(await readFile(path, "utf8"), "before");
  assert.deepEqual(await readdir(folder), ["table.csv"]);
});

test("a link stays a link, and leads to the new file", async (t) => {
  const link = join(folder, "link.csv");
  await symlink("table.csv", link);
  t.after(() => rm(link));
  const output = await openOutput(link);
  await output.write("after");
  await output.end();
  assert.equal(await readlink(link), "table.csv");
  assert.equal(await readFile(path, "utf8"), "after");
});

test("a file that cannot be opened is named, before anything is computed", async () => {
  const missing = join(folder, "missing", "table.csv");
  await assert.rejects(openOutput(missing), { message: /^.*missing.table\.csv cannot be written: ENOENT/ });
  await assert.rejects(openOutput(folder), { message: /cannot be written: EISDIR/ });
});

test("a device is written directly", { skip: !existsSync("/dev/null") }, async () => {
  const output = await openOutput("/dev/null");
  await output.write("text");
  await output.end();
  await output.discard();
  assert.ok((await stat("/dev/null")).isCharacterDevice());
});

test("the last write to standard output is checked", { skip: !existsSync("/dev/full") }, () => {
  const source = fileURLToPath(new URL("source.mjs", import.meta.url));
  const code = `
    import { importSource } from ${JSON.stringify(source)};
    const { openOutput } = await importSource("command/output.ts");
    const output = await openOutput(undefined);
    await output.write("text");
    await output.end();`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(stderr, /standard output cannot be written: ENOSPC/);
});
