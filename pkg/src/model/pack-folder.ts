/// <reference types="node" />
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { LitmusError } from "../shared/errors.js";
import { externalFiles, siblingPath } from "./external-data.js";
import { LAYOUT } from "./layout.js";

/**
 * The files of a model's folder that this package may read, besides litmus.json. Files in which a graph stores weights can have other
 * names, too.
 */
const MODEL_FILE = /^(config|tokenizer|tokenizer_config)\.json$|\.(onnx|onnx_data|data|head)$/;
const MANIFEST = "litmus.json";

/** An entry of `files` in litmus.json: the size, and the SHA-256 in hexadecimal. */
export interface PackedFile {
  bytes: number;
  sha256: string;
}

/**
 * Writes the sizes and SHA-256 sums of a model's files into its litmus.json, from which pages verify and cache them. Other keys
 * of an existing litmus.json stay. Resolves to the entries, by the files' paths.
 *
 * @throws LitmusError `model-not-found` if a file that every model needs is missing, `model-malformed` if litmus.json is not JSON
 */
export async function packFolder(folder: string): Promise<Record<string, PackedFile>> {
  const paths = await listFiles(folder);
  for (const candidates of [LAYOUT.config, LAYOUT.tokenizer, LAYOUT.model]) {
    if (candidates.some((path) => paths.includes(path))) continue;
    throw new LitmusError("model-not-found", `${folder} has no ${candidates.join(" or ")}`);
  }
  const manifest = await readManifest(join(folder, MANIFEST));
  const files: Record<string, PackedFile> = {};
  for (const path of paths) files[path] = await measure(join(folder, path));
  await writeFile(join(folder, MANIFEST), `${JSON.stringify({ ...manifest, files }, null, 2)}\n`);
  return files;
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new LitmusError("model-not-found", `${folder} is not a folder that can be read`, { cause });
  });
  const paths = entries.map((path) => path.split(sep).join("/"));
  const weights = await weightFiles(folder, paths);
  return paths.filter((path) => MODEL_FILE.test(path) || weights.includes(path)).sort();
}

/** The paths of the files in which the graphs that this package may take store weights. Some of them may not exist. */
async function weightFiles(folder: string, paths: string[]): Promise<string[]> {
  const weights: string[] = [];
  for (const graph of LAYOUT.model.filter((path) => paths.includes(path))) {
    const names = externalFiles(await readFile(join(folder, graph)));
    weights.push(...names.map((name) => siblingPath(graph, name)));
  }
  return weights;
}

async function readManifest(path: string): Promise<object> {
  const text = await readFile(path, "utf8").catch(() => "{}");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LitmusError("model-malformed", `${path} is not JSON: mend or remove it`, { cause });
  }
}

async function measure(path: string): Promise<PackedFile> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return { bytes: (await stat(path)).size, sha256: hash.digest("hex") };
}
