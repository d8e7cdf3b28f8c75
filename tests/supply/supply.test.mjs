// Everything that the package is made of comes unchanged from its registry, under a licence that is compatible with ours.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { satisfies } from "semver";
import { root } from "../../tools/paths.mjs";
import { crates, isAllowed } from "../../tools/supply.mjs";

const read = (path) => readFile(join(root, path), "utf8");

test("licences are judged as they are written", () => {
  for (const expression of [
    "MIT",
    "MIT OR Apache-2.0",
    "Apache-2.0/MIT",
    "Unlicense OR MIT",
    "GPL-3.0 OR MIT",
    "(MIT OR Apache-2.0) AND Unicode-3.0",
  ]) {
    assert.ok(isAllowed(expression), expression);
  }
  for (const expression of [
    "GPL-3.0",
    "MIT AND GPL-3.0",
    "(MIT OR Apache-2.0) AND CC-BY-4.0",
    "MPL-2.0",
    "AGPL-3.0-only OR SSPL-1.0",
    "",
  ]) {
    assert.ok(!isAllowed(expression), expression);
  }
});

test("every crate in the WebAssembly is under a licence that ours can be under", async () => {
  const all = await crates();
  assert.ok(all.length > 50 && all.some(({ name }) => name === "tract-core"));
  assert.deepEqual(
    all.filter(({ license }) => !isAllowed(license ?? "")).map(({ name }) => name),
    [],
  );
});

test("every crate is from crates.io and has a checksum, but for those in this repository", async () => {
  for (const lock of ["Cargo.lock", "tests/fuzz/Cargo.lock"]) {
    const packages = (await read(lock)).split("[[package]]").slice(1);
    const ours = packages.filter((each) => !each.includes("source = ")).map((each) => /name = "(.*)"/.exec(each)[1]);
    assert.deepEqual(
      ours.filter((name) => !/^(inventory|litmus-text(-(cdylib|fuzz|kernels))?)$/.test(name)),
      [],
      lock,
    );
    for (const each of packages.filter((each) => each.includes("source = "))) {
      assert.match(
        each,
        /source = "registry\+https:\/\/github\.com\/rust-lang\/crates\.io-index"\nchecksum = "[0-9a-f]{64}"/,
        lock,
      );
    }
  }
});

test("tract still links what our replacement of inventory keeps out, and the replacement is in use", async () => {
  const found = new Map((await crates()).map((each) => [each.name, each]));
  const dependencyOf = (name, on) =>
    found.get(name)?.dependencies.find((each) => each.name === on && each.kind === null);
  const measureAgain = "measure whether tools/vendor/inventory is still needed: its README says how";
  assert.equal(dependencyOf("tract-onnx", "tract-nnef")?.optional, false, measureAgain);
  for (const name of ["tract-core", "tract-data", "tract-linalg"]) {
    assert.equal(dependencyOf(name, "inventory")?.optional, false, `${name}: ${measureAgain}`);
  }
  assert.equal(found.get("inventory")?.source, null, "the crate from crates.io is compiled instead of the replacement");
  for (const lock of ["Cargo.lock", "tests/fuzz/Cargo.lock"])
    assert.doesNotMatch(await read(lock), /\[\[patch\.unused\]\]/, lock);
});

test("no crate has an advisory that deny.toml does not name, as far as advisories.json goes", async () => {
  const { crates: lookedUp, advisories } = JSON.parse(await read("tests/supply/advisories.json"));
  const affected =
    (version) =>
    ({ patched, unaffected }) =>
      ![...patched, ...unaffected].some((range) => satisfies(version, range.replaceAll(",", " ")));
  assert.ok(affected("0.4.44")({ patched: [">= 0.4.45"], unaffected: ["< 0.1.0"] }));
  assert.ok(!affected("1.42.2")({ patched: [">= 1.42.1, < 1.43.0"], unaffected: [] }));
  const found = new Set();
  for (const lock of ["Cargo.lock", "tests/fuzz/Cargo.lock"]) {
    for (const [, name, version] of (await read(lock)).matchAll(/name = "(.*)"\nversion = "(.*)"\nsource/g)) {
      assert.ok(lookedUp.includes(name), `${name} is new: look it up in the database, and add it to advisories.json`);
      for (const { id } of advisories.filter(({ crate }) => crate === name).filter(affected(version))) found.add(id);
    }
  }
  const [, known] = /^ignore = (\[.*\])$/m.exec(await read("deny.toml"));
  assert.deepEqual([...found], JSON.parse(known));
});

test("what both lock files have, the fuzz targets have in the version that ships", async () => {
  const versions = async (lock) => {
    const found = new Map();
    for (const [, name, version] of (await read(lock)).matchAll(/name = "(.*)"\nversion = "(.*)"/g)) {
      found.set(name, [...(found.get(name) ?? []), version]);
    }
    return found;
  };
  const [ships, fuzzed] = [await versions("Cargo.lock"), await versions("tests/fuzz/Cargo.lock")];
  for (const name of [
    "prost",
    "serde_json",
    "smallvec",
    "tokenizers",
    "tract-core",
    "tract-data",
    "tract-hir",
    "tract-onnx",
  ]) {
    assert.deepEqual(fuzzed.get(name), ships.get(name), name);
  }
});

test("npm packages are from the registry, each with its checksum, and none of them ships", async () => {
  const { packages } = JSON.parse(await read("package-lock.json"));
  for (const [path, { resolved = "https://registry.npmjs.org/", integrity, link }] of Object.entries(packages)) {
    if (path === "" || path === "pkg" || link) continue;
    assert.match(resolved, /^https:\/\/registry\.npmjs\.org\//, path);
    assert.match(integrity, /^sha512-/, path);
  }
  const { dependencies, scripts } = JSON.parse(await read("pkg/package.json"));
  assert.deepEqual([dependencies, scripts], [undefined, undefined], "nothing is installed with it, and nothing runs");
  const { devDependencies } = JSON.parse(await read("package.json"));
  for (const [name, version] of Object.entries(devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/, name);
});
