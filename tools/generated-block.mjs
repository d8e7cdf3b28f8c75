// Documents with blocks that a command writes, between <!-- NAME --> and <!-- /NAME -->.
import { readFile, writeFile } from "node:fs/promises";
import { UserError } from "./command.mjs";

/** Replaces the content of the block `name` in the document at `path`. */
export async function writeGeneratedBlock(path, name, content) {
  const text = await readFile(path, "utf8");
  const [begin, end] = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new UserError(`${path} has no block <!-- ${name} --> … <!-- /${name} -->`);
  await writeFile(path, text.slice(0, from + begin.length) + content + text.slice(to));
}
