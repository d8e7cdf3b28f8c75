/// <reference types="node" />
import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import Papa from "papaparse";
import { UsageError } from "./usage.js";

/** How the cells of a table are written in its file. */
export interface TableFormat {
  separator: string;
  /** Whether a cell can be in double quotes. In a file whose name ends in .tsv they are ordinary characters. */
  isQuoted: boolean;
  /** Whether the file begins with a byte order mark. Excel reads a file as UTF-8 only if it has one. */
  hasByteOrderMark: boolean;
}

export interface Table {
  /** The file's path, or "standard input": for messages. */
  name: string;
  format: TableFormat;
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

export const BYTE_ORDER_MARK = "\ufeff";

/** A quote character that no table contains: papaparse has no option for tables without quotes. */
const NO_QUOTES = "\0";

/** What is wrong with a quoted cell, by papaparse's code. */
const BAD_QUOTES: Record<string, string> = {
  MissingQuotes: "a double quote that is never closed: close it, or double each double quote within a text",
  InvalidQuotes: "more text after a quoted cell: double each double quote within a text",
};

/** The separators that are recognised, with their names. */
const SEPARATORS: Record<string, string> = { ",": "commas", ";": "semicolons", "\t": "tabs" };

const isTsv = (path: string): boolean => /\.tsv$/i.test(path);

/**
 * Reads a table with a header, and finds the columns of these names in it. `option` is the option that names columns, for messages.
 * Without `delimiter`, the separator is tabs if the file's name ends in .tsv, and is otherwise recognised from the header.
 *
 * @throws UsageError if the file cannot be read, is damaged or has no such column
 */
export async function readTable(
  path: string,
  delimiter: string | undefined,
  columns: string[],
  option: string,
): Promise<Table> {
  const name = path === STANDARD_INPUT ? "standard input" : path;
  const text = await readText(path, name);
  const separator = delimiter ?? (isTsv(path) ? "\t" : findSeparator(text, columns));
  const isQuoted = !(isTsv(path) && separator === "\t");
  const format = { separator, isQuoted, hasByteOrderMark: text.startsWith(BYTE_ORDER_MARK) };
  const { data, errors } = Papa.parse<string[]>(text, {
    delimiter: separator,
    ...(isQuoted ? {} : { quoteChar: NO_QUOTES }),
  });
  const broken = errors.find(({ code }) => code in BAD_QUOTES);
  if (broken) throw new UsageError(`${name}: row ${(broken.row ?? 0) + 1} has ${BAD_QUOTES[broken.code]}`);
  const all = data.map((cells, i) => ({ number: i + 1, cells }));
  const isFilled = ({ cells }: Row) => cells.length > 1 || cells[0] !== "";
  const from = all.findIndex(isFilled);
  const first = all[from];
  if (!first) throw new UsageError(`${name} is empty: the first row of a table names its columns`);
  const header = first.cells;
  // An empty line is left out, except in a table of one column: there it is a row with an empty text, unless only such lines follow.
  const to = all.length - [...all].reverse().findIndex(isFilled);
  const rows = all.slice(from + 1, to).filter((row) => header.length === 1 || isFilled(row));
  const table = {
    name,
    format,
    header,
    rows,
    columns: columns.map((column) => columnOf(header, name, column, option)),
  };
  for (const row of rows) fitToHeader(row, table);
  return table;
}

/** The separator by which the header has all of `columns`. If there is none, the one by which it has the most cells. */
function findSeparator(text: string, columns: string[]): string {
  const start = text.replace(/^\ufeff?[\r\n]*/, "");
  const candidates = Object.keys(SEPARATORS).map((separator) => {
    const [header = []] = Papa.parse<string[]>(start, { delimiter: separator, preview: 1 }).data;
    return { separator, size: header.length, isMatch: columns.every((column) => header.includes(column)) };
  });
  const largest = candidates.reduce((largest, each) => (each.size > largest.size ? each : largest));
  return (candidates.find(({ isMatch }) => isMatch) ?? largest).separator;
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

/** The remedy that a message adds for a table of one column: it may have more, by a separator that was not recognised. */
const orSeparator = (header: string[]) => (header.length === 1 ? ", or name the separator with --delimiter" : "");

function columnOf(header: string[], name: string, column: string, option: string): number {
  const index = header.indexOf(column);
  if (index >= 0) return index;
  const remedy = `name the column with ${option}${orSeparator(header)}`;
  throw new UsageError(`${name} has no column "${column}" (it has: ${header.join(", ")}): ${remedy}`);
}

/** Fills up a row that is shorter than the header. Rejects a longer one: its cells do not stand below their names. */
function fitToHeader({ number, cells }: Row, { name, header, format }: Table): void {
  if (cells.length > header.length) {
    const separators = SEPARATORS[format.separator] ?? `"${format.separator}"`;
    const remedy = format.isQuoted
      ? `put a text that has ${separators} into double quotes`
      : "replace tabs within a text";
    throw new UsageError(
      `${name}: row ${number} has ${cells.length} cells, but the header has ${header.length}: ${remedy}${orSeparator(header)}`,
    );
  }
  while (cells.length < header.length) cells.push("");
}

/**
 * The format of a table that was read in the format `read` and is written to the file `path`, or to standard output without one: the
 * same, except that the name .tsv stands for tabs without quotes, and another name does not.
 */
export function outputFormat(read: TableFormat, path: string | undefined): TableFormat {
  if (path === undefined) return read;
  if (isTsv(path)) return { ...read, separator: "\t", isQuoted: false };
  return read.isQuoted ? read : { ...read, separator: ",", isQuoted: true };
}

/** One line of a table, with the line feed. */
export function formatRow({ separator, isQuoted }: TableFormat, cells: string[]): string {
  if (!isQuoted) return `${cells.map((cell) => cell.replace(/[\t\r\n]+/g, " ")).join(separator)}\n`;
  return `${Papa.unparse([cells], { delimiter: separator, newline: "\n" })}\n`;
}
