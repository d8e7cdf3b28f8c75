/// <reference types="node" />
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Classifier, TaughtClassifier } from "../api/classifier.js";
import { openClassifier } from "../api/create-classifier.js";
import { toLitmusError } from "../shared/errors.js";
import { UsageError } from "./usage.js";

export interface ModelArguments {
  /** The path or URL of a model's folder, or the name of a packaged model; the packaged English model if there is none. */
  model: string | undefined;
  /** The path of the file of a head that was taught. */
  head: string | undefined;
}

/** @throws UsageError if the head's file cannot be read, or its message needs the names of arguments; LitmusError of `createClassifier` */
export async function loadClassifier(
  { model, head }: ModelArguments,
  options: { workers?: number; task?: string | undefined } = {},
): Promise<Classifier | TaughtClassifier> {
  const taught = await readTaughtHead(head);
  return openClassifier({ ...options, ...taught, model: findModel(model) }).catch(explainLoadError({ model, head }));
}

/** The option `head` of `createClassifier`, from the path of a head's file; nothing without one. */
async function readTaughtHead(path: string | undefined): Promise<{ head?: Uint8Array<ArrayBuffer> }> {
  if (path === undefined) return {};
  const bytes = await readFile(path).catch((error: Error) => {
    throw new UsageError(`${path} cannot be read: ${error.message}`);
  });
  return { head: new Uint8Array(bytes) };
}

/** The option `model` of `createClassifier`. A folder of the current directory comes before a packaged model of the same name. */
function findModel(model: string | undefined): string | URL | undefined {
  const isPackaged = model === "multilingual" && !statSync(model, { throwIfNoEntry: false })?.isDirectory();
  return isPackaged ? new URL("../models/multilingual/", import.meta.url) : model; // relative to the bundle in dist/
}

/** Returns a handler for `catch` that rethrows the error; names `--head` or `--model` if one of them caused it. */
export const explainLoadError =
  ({ model, head }: ModelArguments) =>
  (error: unknown): never => {
    const { code, message } = toLitmusError(error);
    if (head !== undefined && code.startsWith("head-")) throw new UsageError(`${head}: ${message}`);
    if (model !== undefined && code === "model-not-found") {
      throw new UsageError(
        `${message}: --model takes the folder of a model, its URL, or multilingual, not a name at Hugging Face`,
      );
    }
    throw error;
  };
