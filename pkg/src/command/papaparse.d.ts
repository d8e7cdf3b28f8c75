/** The part of papaparse that the command uses. */
declare module "papaparse" {
  interface ParseError {
    code: string;
    row?: number;
  }
  interface Options {
    delimiter?: string;
    quoteChar?: string;
    newline?: string;
    /** Parse only so many rows. */
    preview?: number;
  }
  const Papa: {
    parse<Row>(text: string, options: Options): { data: Row[]; errors: ParseError[] };
    unparse(rows: string[][], options: Options): string;
  };
  export default Papa;
}
