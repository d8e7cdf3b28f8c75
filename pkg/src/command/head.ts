/// <reference types="node" />
import { readFile } from "node:fs/promises";
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

/** Throws an error again, with the path of the head's file if it is about the head. For `catch`. */
export const nameHead =
  (path: string | undefined) =>
  (error: unknown): never => {
    const { code, message } = toLitmusError(error);
    throw path !== undefined && code.startsWith("head-") ? new UsageError(`${path}: ${message}`) : error;
  };
