// npm run size: the bytes of the wasm by crate and by function. It builds the package and reads the wasm before its
// names are stripped.
//   --functions N   print the N largest functions (default 30)
//   --crate NAME    only the functions of one crate
//   --match REGEX   only the functions whose name matches
//   --why REGEX     what refers to those functions, the chain from the exports to them, and the bytes that they cause
//   --json FILE     write all figures to FILE
//   --wasm FILE     read another wasm, one with a name section
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../tools/build.mjs";
import { fail, UserError } from "../tools/command.mjs";
import { downloads } from "../tools/downloads.mjs";
import { targetDir } from "../tools/paths.mjs";
import { size as formatBytes, sizes } from "./common.mjs";
import { reachable, references } from "./references.mjs";
import { crates, demangle } from "./symbols.mjs";
import { parse } from "./wasm.mjs";

const bytesOf = (functions) => functions.reduce((total, { size }) => total + size, 0);
const largestFirst = (a, b) => b.size - a.size;

function push(map, key, value) {
  if (map.has(key)) map.get(key).push(value);
  else map.set(key, [value]);
}

function groupBy(list, key) {
  const groups = new Map();
  for (const each of list) push(groups, key(each), each);
  return groups;
}

/** Functions of the same name, which are instances for different types, counted as one. */
const byName = (functions) =>
  [...groupBy(functions, ({ name }) => name)]
    .map(([name, all]) => ({ name, owner: all[0].owner, count: all.length, size: bytesOf(all) }))
    .sort(largestFirst);

async function read(file) {
  if (!existsSync(file)) throw new UserError(`${file} does not exist`);
  const module = parse(await readFile(file));
  if (!module.named) throw new UserError(`${file} has no name section`);
  for (const [index, each] of module.functions.entries()) {
    const name = demangle(each.name);
    Object.assign(each, { index, name, ...crates(name) });
  }
  return { ...module, references: references(module) };
}

/** Bytes of these functions and of those that only they need. */
function freedWithout(module, functions) {
  const { functions: all, references, roots } = module;
  const before = reachable(references, roots);
  const after = reachable(references, roots, new Set(functions.map(({ index }) => index)));
  return bytesOf(all.filter(({ index }) => before.has(index) && !after.has(index)));
}

function report(module) {
  const { functions } = module;
  const written = groupBy(functions, (each) => each.written);
  const owned = groupBy(functions, (each) => each.owner);
  const names = [...new Set([...written.keys(), ...owned.keys()])];
  return {
    sections: module.sections,
    data: module.data.reduce((total, { bytes }) => total + bytes.length, 0),
    crates: names
      .map((name) => ({
        name,
        size: bytesOf(owned.get(name) ?? []),
        written: bytesOf(written.get(name) ?? []),
        freed: freedWithout(module, owned.get(name) ?? []),
        functions: owned.get(name)?.length ?? 0,
      }))
      .filter(({ size, written }) => size || written)
      .sort(largestFirst),
    functions: byName(functions),
  };
}

const number = (value) => value.toLocaleString("en-US").padStart(11);
const print = (...cells) => console.log(` ${cells.join("  ")}`);

function printFunctions(functions, count) {
  const all = byName(functions);
  console.log(`\n${functions.length} functions, ${number(bytesOf(functions)).trim()} bytes; the largest names:`);
  for (const { name, count: times, size } of all.slice(0, count))
    print(number(size), times > 1 ? `${times}×`.padStart(5) : "     ", name);
  if (all.length > count)
    print(
      number(all.slice(count).reduce((total, { size }) => total + size, 0)),
      "     ",
      `${all.length - count} more names`,
    );
}

function printReport({ sections, data, crates }) {
  console.log("\nsections");
  for (const { name, size } of sections) print(number(size), name);
  print(number(data), "of these in data segments");
  console.log(
    "\ncode by crate: generic code of the standard library counts for the crate that instantiates it, if the",
  );
  console.log('name tells; "written" counts it for the library; "freed" is what the wasm would lose with the crate');
  print(...["bytes", "written", "freed", "functions"].map((title) => title.padStart(11)), "crate");
  for (const { name, size, written, freed, functions } of crates)
    print(...[size, written, freed, functions].map(number), name);
}

/** The sizes of the wasm in the package, without names. */
async function shipped() {
  const bytes = await sizes((await downloads()).wasm);
  console.log(
    `\nshipped: ${formatBytes(bytes.raw)}, gzip 9 ${formatBytes(bytes.gzip)}, brotli 11 ${formatBytes(bytes.brotli)}`,
  );
  return bytes;
}

function printWhy(module, chosen, count) {
  const { functions, references, roots } = module;
  const inside = new Set(chosen.map(({ index }) => index));
  const backwards = new Map();
  for (const [from, all] of references) for (const to of all) push(backwards, to, from);

  const title = (node) => functions[node]?.name ?? `data at 0x${node.toString(16)}${pointsTo(node)}`;
  const pointsTo = (node) => {
    const names = [...(references.get(node) ?? [])].filter((to) => functions[to]).map((to) => functions[to].name);
    return names.length
      ? ` (${names.slice(0, 3).join(", ")}${names.length > 3 ? `, ${names.length - 3} more` : ""})`
      : "";
  };

  printFunctions(chosen, count);
  console.log(`\nwithout them ${number(freedWithout(module, chosen)).trim()} bytes of code would be gone`);

  // Backwards through memory (vtables, tables of functions) to the functions that refer to it.
  const referrers = [];
  const seen = new Set(inside);
  const queue = [...inside].map((node) => ({ node, via: undefined }));
  for (const { node, via } of queue) {
    for (const from of backwards.get(node) ?? []) {
      if (seen.has(from)) continue;
      seen.add(from);
      if (functions[from]) referrers.push({ ...functions[from], via });
      else queue.push({ node: from, via: from });
    }
  }
  console.log(`\n${referrers.length} functions refer to them; the largest names:`);
  const groups = [...groupBy(referrers, ({ name }) => name)].sort(([, a], [, b]) => bytesOf(b) - bytesOf(a));
  for (const [name, all] of groups.slice(0, count)) {
    const via = all.map((each) => each.via).find((each) => each !== undefined);
    print(number(bytesOf(all)), all.length > 1 ? `${all.length}×`.padStart(5) : "     ", name);
    if (via !== undefined) print(" ".repeat(11), "     ", `  through ${title(via)}`);
  }
  if (groups.length > count) print(" ".repeat(11), "     ", `${groups.length - count} more names`);

  const met = reachable(references, roots);
  const nearest = [...met.keys()].find((node) => inside.has(node));
  if (nearest === undefined) return console.log("\nno chain of references leads to them");
  const chain = [];
  for (let node = nearest; node !== undefined; node = met.get(node)) chain.unshift(title(node));
  console.log("\nthe shortest chain of references to them:");
  for (const [depth, each] of chain.entries()) print(" ".repeat(depth), each);
}

try {
  const { values } = parseArgs({
    options: {
      functions: { type: "string", default: "30" },
      crate: { type: "string" },
      match: { type: "string" },
      why: { type: "string" },
      json: { type: "string" },
      wasm: { type: "string" },
    },
  });
  const count = Number(values.functions);
  if (!values.wasm) await build();
  const module = await read(values.wasm ?? join(targetDir, "litmus-web", "litmus_text.wasm"));
  if (values.json && (values.why || values.match || values.crate))
    throw new UserError("--json writes all figures: leave --why, --match and --crate out");
  const matching = (pattern) => module.functions.filter(({ name }) => new RegExp(pattern).test(name));
  if (values.why) printWhy(module, matching(values.why), count);
  else if (values.match) printFunctions(matching(values.match), count);
  else if (values.crate)
    printFunctions(
      module.functions.filter(({ owner, written }) => [owner, written].includes(values.crate)),
      count,
    );
  else {
    const figures = report(module);
    printReport(figures);
    printFunctions(module.functions, count);
    if (!values.wasm) figures.shipped = await shipped();
    if (values.json) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
} catch (error) {
  fail(error);
}
