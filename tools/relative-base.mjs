// Makes a site that VitePress has built for one base path work under any path. VitePress needs the path at build time
// (https://github.com/vuejs/vitepress/issues/3576); the demo, beside which the documentation is served, does not.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, posix, sep } from "node:path";

/** The base path to build for. It must not occur in any page. */
export const PLACEHOLDER = "/path-of-the-documentation/";

const upTo = (path) => posix.relative(posix.dirname(path), "") || ".";

/** In HTML and CSS a URL is relative to the file, and to the stylesheet. */
export const relativeUrls = (text, path) => text.replaceAll(PLACEHOLDER, `${upTo(path)}/`);

/** The string literals and templates of a module that contain the placeholder. */
function literalsOf(node, found = []) {
  if (Array.isArray(node)) for (const each of node) literalsOf(each, found);
  else if (node && typeof node === "object") {
    const isText = node.type === "Literal" ? typeof node.value === "string" : node.type === "TemplateElement";
    const text = node.type === "Literal" ? node.raw : node.value?.raw;
    if (isText && text.includes(PLACEHOLDER)) found.push(node);
    else for (const key of Object.keys(node)) if (key !== "loc") literalsOf(node[key], found);
  }
  return found;
}

/** In a module the path is found out at run time: the module knows its own URL. `parse` makes an ESTree of a module. */
export function runtimeUrls(code, path, parse) {
  if (!code.includes(PLACEHOLDER)) return code;
  const name = "pathOfTheDocumentation";
  let result = code;
  for (const { type, start, end } of literalsOf(parse(code)).sort((a, b) => b.start - a.start)) {
    const text = code.slice(start, end);
    const quote = text[0];
    const replaced =
      type === "TemplateElement"
        ? text.replaceAll(PLACEHOLDER, () => `\${${name}}`)
        : `(${text.replaceAll(PLACEHOLDER, () => `${quote}+${name}+${quote}`)})`;
    result = result.slice(0, start) + replaced + result.slice(end);
  }
  return `const ${name}=new URL("${upTo(path)}/",import.meta.url).pathname;${result}`;
}

/** Rewrites all files of a built site. */
export async function makeRelative(folder) {
  const { parseAst } = await import("vite"); // VitePress's own
  for (const name of await readdir(folder, { recursive: true })) {
    const path = name.split(sep).join("/");
    const file = join(folder, name);
    if (/\.(html|css)$/.test(path)) await writeFile(file, relativeUrls(await readFile(file, "utf8"), path));
    else if (path.endsWith(".js")) await writeFile(file, runtimeUrls(await readFile(file, "utf8"), path, parseAst));
  }
}
