// Collects the pages of the documentation site: the Markdown files of the repository that are pages, with their links rewritten.
// On GitHub they are read as they are: one source, and relative links that work in both.
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, posix, relative, sep } from "node:path";
import { contents, outside, sitePath } from "../docs/.vitepress/contents.mjs";
import { repositoryFiles } from "./files.mjs";
import { root } from "./paths.mjs";

/** Code blocks and code spans, in which nothing is a link; and the target of a link or of an image. */
const LINK = /^( *)```[\s\S]*?^\1```|`[^`\n]*`|\]\(([^)\s]+)\)/gm;
const IMAGE = /\.(svg|webp|png)$/;
/** Bytes of a folder whose files are shown with their contents. */
const SMALL_FOLDER = 60_000;

const readText = (path) => readFile(join(root, path), "utf8");

/** A file of the repository as a text, or the files of a folder. */
async function sourceText(path) {
  if (!(await stat(join(root, path))).isDirectory()) return readText(path);
  const files = (await repositoryFiles(path)).filter((file) => !file.endsWith("package-lock.json"));
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(root, file))).size));
  if (sizes.reduce((sum, size) => sum + size, 0) > SMALL_FOLDER) return `${files.join("\n")}\n`;
  const texts = files.map(async (file) => `──── ${file}\n\n${await readText(file)}`);
  return (await Promise.all(texts)).join("\n");
}

/**
 * Rewrites the relative links of a page. `from` is its path in the repository; `fromSite` the one in the site. Links to pages lead
 * to pages; links to other files and folders lead to texts with their contents, whose paths are added to `linked`. Images are
 * taken from where they are: `toRoot` is the path from the folder of the pages to the root of the repository.
 */
export function rewriteLinks(text, { from, fromSite, toRoot, linked }) {
  const pathTo = (to) => posix.relative(posix.dirname(fromSite), to);
  return text.replace(LINK, (whole, _indent, link) => {
    if (!link || /^([a-z]+:|#)/.test(link)) return whole;
    const [path, fragment] = link.split("#");
    const target = posix.join(posix.dirname(from), path).replace(/\/$/, "");
    const page = sitePath(target);
    if (page) return `](${pathTo(page)}${fragment ? `#${fragment}` : ""})`;
    if (IMAGE.test(target)) return `](${posix.join(pathTo(""), toRoot, target)})`;
    linked.add(target);
    return `](${pathTo(`source/${target}.txt`)})`;
  });
}

/** The paths of all pages in the repository. */
export async function listPages() {
  // Folders such as .vitepress hold the generated site.
  const sources = (await repositoryFiles("docs")).filter((path) => !path.includes("/."));
  const inDocs = sources.filter((path) => sitePath(path) !== undefined);
  return [...inDocs, ...outside];
}

/** A code block's language without the file that it shows lines of (tests/documents/code-blocks.test.mjs). */
const languageOnly = (text) => text.replace(/^( *```[\w-]+) .*$/gm, "$1");

const titles = new Map(Object.values(contents.en).flat());
/** typedoc names a page like its entry point: "index". In the site it has the title of the sidebar. */
const withTitle = (text, from) =>
  from.startsWith("docs/api/") && titles.has(from) ? text.replace(/^# .*/, `# ${titles.get(from)}`) : text;

/** Writes the pages into `folder`, and the files that they link to into `folder`/public. */
export async function collectPages(folder) {
  await rm(folder, { recursive: true, force: true });
  const linked = new Set();
  const toRoot = relative(folder, root).split(sep).join("/");
  const write = async (path, text) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  for (const from of await listPages()) {
    const fromSite = sitePath(from);
    const text = withTitle(languageOnly(await readText(from)), from);
    await write(fromSite, rewriteLinks(text, { from, fromSite, toRoot, linked }));
  }
  for (const path of linked) await write(`public/source/${path}.txt`, await sourceText(path));
  await write("public/icon.svg", await readText("www/icon.svg"));
}
