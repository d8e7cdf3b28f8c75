/// <reference types="node" />
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { realpath, rename, rm, stat } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { UsageError } from "./usage.js";

/** What a command writes. Every method rejects with a `UsageError` if the output cannot be written. */
export interface Output {
  /** Writes a text or bytes. Resolves when more may be written. */
  write(data: string | Uint8Array): Promise<void>;
  /** Resolves when everything is written. */
  end(): Promise<void>;
  /** Gives the output up: removes the file that was begun. Without effect after `end`. */
  discard(): Promise<void>;
}

/**
 * Opens the file at `path`, or standard output without one. A file gets its name only at the end: until then it is the file of that name
 * with `.part`, so that the table that is being read can be the output, too, and no error destroys what the file had.
 *
 * @throws UsageError if the file cannot be opened
 */
export async function openOutput(path: string | undefined): Promise<Output> {
  const fail = (error: Error): never => {
    throw new UsageError(`${path ?? "standard output"} cannot be written: ${error.message}`);
  };
  const file = path === undefined ? undefined : await fileOf(path).catch(fail);
  const stream = file ? createWriteStream(file.part ?? file.path, { mode: file.mode }) : process.stdout;
  const failed = new Promise<never>((_, reject) => stream.on("error", reject));
  failed.catch(() => undefined); // handled where it is raced with what is written
  if (file) await Promise.race([once(stream, "open"), failed]).catch(fail);
  let isOpen = true;
  return {
    write: async (data) => {
      if (!stream.write(data)) await Promise.race([once(stream, "drain"), failed]).catch(fail);
    },
    end: async () => {
      await Promise.race([failed, file ? finished(stream.end()) : flush(stream)]).catch(fail);
      if (file?.part) await rename(file.part, file.path).catch(fail);
      isOpen = false;
    },
    discard: async () => {
      if (!isOpen || !file) return;
      await finished(stream.destroy()).catch(() => undefined);
      if (file.part) await rm(file.part, { force: true });
    },
  };
}

/** Resolves when a stream that stays open has written everything. */
function flush(stream: NodeJS.WritableStream): Promise<void> {
  // The callback of an empty text comes after those of all texts before it.
  return new Promise((resolve, reject) => stream.write("", (error) => (error ? reject(error) : resolve())));
}

/** The file to write. Devices and pipes, such as /dev/null, have no `part`: they are written directly. */
async function fileOf(path: string): Promise<{ path: string; part?: string; mode?: number }> {
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isFile()) return { path };
  if (!found) return { path, part: `${path}.part` };
  const target = await realpath(path); // a link stays, and leads to the new file
  return { path: target, part: `${target}.part`, mode: found.mode };
}
