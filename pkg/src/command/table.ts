/// <reference types="node" />
import { readFile } from "node:fs/promises";
import Papa from "papaparse";
import { UsageError } from "./usage.js";

/** A table in a file: comma-separated, or separated by tabs if the file's name ends in .tsv. */
export interface Table {
  header: string[];
  rows: string[][];
}

/** A quote character that no table contains: papaparse has no option for tables without quotes. */
const NO_QUOTES = "\0";

const isTabs = (path: string): boolean => /\.tsv$/i.test(path);

/** Reads a table with a header. */
export async function readTable(path: string): Promise<Table> {
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new UsageError(`${path} cannot be read: ${error.message}`);
  });
  // Quotes are ordinary characters in tab-separated files.
  const format = isTabs(path) ? { delimiter: "\t", quoteChar: NO_QUOTES } : { delimiter: "," };
  const { data, errors } = Papa.parse<string[]>(text, { ...format, skipEmptyLines: true });
  const [broken] = errors.filter(({ type }) => type === "Quotes");
  if (broken) throw new UsageError(`${path} cannot be read: row ${(broken.row ?? 0) + 1}: ${broken.message}`);
  const [header = [], ...rows] = data;
  return { header, rows };
}

/** The index of a column. `option` is the option that names columns. */
export function columnOf({ header }: Table, path: string, name: string, option: string): number {
  const index = header.indexOf(name);
  if (index >= 0) return index;
  throw new UsageError(
    `${path} has no column "${name}" (it has: ${header.join(", ")}): name the column with ${option}`,
  );
}

/** One line of a table, with its end. `path` is the name of its file, if it has one. */
export function formatRow(path: string | undefined, cells: string[]): string {
  if (path !== undefined && isTabs(path)) return `${cells.map((cell) => cell.replace(/[\t\r\n]+/g, " ")).join("\t")}\n`;
  return `${Papa.unparse([cells], { newline: "\n" })}\n`;
}
