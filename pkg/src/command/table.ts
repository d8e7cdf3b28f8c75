/// <reference types="node" />
import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import Papa from "papaparse";
import { UsageError } from "./usage.js";

/** A table: comma-separated, or separated by tabs if the file's name ends in .tsv. */
export interface Table {
  /** The file's path, or "standard input": for messages. */
  name: string;
  header: string[];
  rows: Row[];
  /** The indices of the columns that the caller named. */
  columns: number[];
}

export interface Row {
  /** Its number in a spreadsheet, from 1. Empty lines count. */
  number: number;
  /** The cells, as many as the header has. */
  cells: string[];
}

/** The path that stands for standard input. */
const STANDARD_INPUT = "-";

/** A quote character that no table contains: papaparse has no option for tables without quotes. */
const NO_QUOTES = "\0";

/** What is wrong with a quoted cell, by papaparse's code. */
const BAD_QUOTES: Record<string, string> = {
  MissingQuotes: "a double quote that is never closed: close it, or double each double quote within a text",
  InvalidQuotes: "more text after a quoted cell: double each double quote within a text",
};

const SEPARATORS = { ",": "commas", ";": "semicolons", "\t": "tabs" };

const isTabs = (path: string): boolean => /\.tsv$/i.test(path);

/**
 * Reads a table with a header, and finds the columns of these names in it. `option` is the option that names columns, for messages.
 *
 * @throws UsageError if the file cannot be read, is damaged or has no such column
 */
export async function readTable(path: string, columns: string[], option: string): Promise<Table> {
  const name = path === STANDARD_INPUT ? "standard input" : path;
  const text = await readText(path, name);
  // Quotes are ordinary characters in tab-separated files.
  const format = isTabs(path) ? { delimiter: "\t", quoteChar: NO_QUOTES } : { delimiter: "," };
  const { data, errors } = Papa.parse<string[]>(text, format);
  const broken = errors.find(({ code }) => code in BAD_QUOTES);
  if (broken) throw new UsageError(`${name}: row ${(broken.row ?? 0) + 1} has ${BAD_QUOTES[broken.code]}`);
  const all = data.map((cells, i) => ({ number: i + 1, cells }));
  const [first, ...rows] = all.filter(({ cells }) => cells.length > 1 || cells[0]);
  if (!first) throw new UsageError(`${name} is empty: the first row of a table names its columns`);
  const header = first.cells;
  const table = { name, header, rows, columns: columns.map((column) => columnOf(header, name, column, option)) };
  for (const row of rows) fitToHeader(row, table, isTabs(path));
  return table;
}

async function readText(path: string, name: string): Promise<string> {
  const reading: Promise<Buffer> = path === STANDARD_INPUT ? buffer(process.stdin) : readFile(path);
  const bytes = await reading.catch((error: Error) => {
    throw new UsageError(`${name} cannot be read: ${error.message}`);
  });
  if (isUtf8(bytes)) return bytes.toString();
  // Finds the line by reading the bytes as Latin-1, in which every byte is a character and a line feed is one byte.
  const lines = bytes.toString("latin1").split("\n");
  const wrong = lines.findIndex((line) => !isUtf8(Buffer.from(line, "latin1")));
  throw new UsageError(`${name} is not UTF-8: line ${wrong + 1} has other bytes: save it with the encoding UTF-8`);
}

function columnOf(header: string[], name: string, column: string, option: string): number {
  const index = header.indexOf(column);
  if (index >= 0) return index;
  const other = Object.entries(SEPARATORS).find(([separator]) => header.length === 1 && header[0]?.includes(separator));
  const remedy = other
    ? `it seems to be separated by ${other[1]}: separate it by commas, or by tabs in a file whose name ends in .tsv`
    : `name the column with ${option}`;
  throw new UsageError(`${name} has no column "${column}" (it has: ${header.join(", ")}): ${remedy}`);
}

/** Fills up a row that is shorter than the header. Rejects a longer one: its cells do not stand below their names. */
function fitToHeader({ number, cells }: Row, { name, header }: Table, tabs: boolean): void {
  if (cells.length > header.length) {
    const remedy = tabs ? "replace tabs within a text" : "put a text that has commas into double quotes";
    throw new UsageError(
      `${name}: row ${number} has ${cells.length} cells, but the header has ${header.length}: ${remedy}`,
    );
  }
  while (cells.length < header.length) cells.push("");
}

/** One line of a table, with the line feed. `path` is the path of its file, which decides the format; comma-separated without one. */
export function formatRow(path: string | undefined, cells: string[]): string {
  if (path !== undefined && isTabs(path)) return `${cells.map((cell) => cell.replace(/[\t\r\n]+/g, " ")).join("\t")}\n`;
  return `${Papa.unparse([cells], { newline: "\n" })}\n`;
}
