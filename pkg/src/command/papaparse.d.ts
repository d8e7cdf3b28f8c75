/** The part of papaparse that the command uses. */
declare module "papaparse" {
  interface ParseError {
    type: "Quotes" | "Delimiter" | "FieldMismatch";
    message: string;
    row?: number;
  }
  interface Options {
    delimiter?: string;
    quoteChar?: string;
    newline?: string;
  }
  const Papa: {
    parse<Row>(text: string, options: Options): { data: Row[]; errors: ParseError[] };
    unparse(rows: string[][], options: Options): string;
  };
  export default Papa;
}
