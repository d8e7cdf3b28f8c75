/// <reference types="node" />
import { readFile } from "node:fs/promises";
import { REMEDY } from "../model/packaged-name.js";
import { toLitmusError } from "../shared/errors.js";
import { UsageError } from "./usage.js";

/** The option `head` of `createClassifier`, from the path of a head's file; nothing without one. */
export async function readHead(path: string | undefined): Promise<{ head?: Uint8Array<ArrayBuffer> }> {
  if (path === undefined) return {};
  const bytes = await readFile(path).catch((error: Error) => {
    throw new UsageError(`${path} cannot be read: ${error.message}`);
  });
  return { head: new Uint8Array(bytes) };
}

/** Returns a handler for `catch` that throws the error again, with more words if it is about what `--model` or `--head` names. */
export const explainLoadError =
  ({ model, head }: { model: string | undefined; head: string | undefined }) =>
  (error: unknown): never => {
    const { code, message } = toLitmusError(error);
    if (head !== undefined && code.startsWith("head-")) throw new UsageError(`${head}: ${message}`);
    if (model !== undefined && code === "model-not-found") {
      const expected = "--model takes the folder of a model or its URL, not a name at Hugging Face";
      const packaged = "the packaged multilingual model is node_modules/litmus-text/models/multilingual";
      const found = message.replace(REMEDY, "");
      throw new UsageError(`${found}: ${expected}${found === message ? "" : `; ${packaged}`}`);
    }
    throw error;
  };
