// The documentation as a site: docs/ and other Markdown files of the repository, built by VitePress into docs/.vitepress/dist.
// tools/site.mjs puts it into the demo's site under docs/.
import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hash, unlessDone } from "./build.mjs";
import { run, step } from "./command.mjs";
import { collectPages } from "./docs-pages.mjs";
import { root } from "./paths.mjs";
import { makeRelative, PLACEHOLDER } from "./relative-base.mjs";

const folder = "docs/.vitepress";
export const docsSite = join(root, folder, "dist");

/** What a page may load and run: files of its own site, and the inline scripts that it was built with. */
const policyOf = (scripts) =>
  `default-src 'self'; script-src 'self' 'wasm-unsafe-eval' ${scripts.join(" ")}; style-src 'self' 'unsafe-inline'; ` +
  "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'";

/** Adds a Content-Security-Policy to a page: the browser enforces that nothing leaves the site. */
export function addPolicy(html) {
  const scripts = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, code]) => `'sha256-${createHash("sha256").update(code).digest("base64")}'`,
  );
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policyOf(scripts)}">`;
  return html.replace('<meta charset="utf-8">', `$&\n    ${meta}`);
}

async function addPolicies() {
  for (const name of await readdir(docsSite, { recursive: true })) {
    if (!name.endsWith(".html")) continue;
    const file = join(docsSite, name);
    await writeFile(file, addPolicy(await readFile(file, "utf8")));
  }
}

/** Builds the site, unless nothing has changed since the last time. */
export async function buildDocsSite() {
  await collectPages(join(root, folder, "pages"));
  const config = ["config.mjs", "contents.mjs", "digests.mjs", "search.mjs", "tables.mjs", "theme", "pages"].map(
    (name) => `${folder}/${name}`,
  );
  const tools = ["docs-site", "docs-pages", "fragments", "relative-base"].map((name) => `tools/${name}.mjs`);
  const images = (await readdir(join(root, "models/english"))).filter((name) => name.endsWith(".svg"));
  const others = ["package-lock.json", "benches/measure.mjs", "benches/texts.mjs", "www/peers.json", "www/screenshots"];
  const reads = [...config, ...tools, ...others, ...images.map((name) => `models/english/${name}`)];
  await unlessDone(join(root, folder, ".built"), await hash(reads), [docsSite], () =>
    step("the documentation", async () => {
      await rm(docsSite, { recursive: true, force: true });
      const vitepress = join(root, "node_modules/vitepress/bin/vitepress.js");
      const env = { ...process.env, DOCS_BASE: PLACEHOLDER };
      await run(process.execPath, [vitepress, "build", "docs"], { prefix: "vitepress", env });
      // Hosts answer with the 404.html at the root of a site, not with this one.
      await rm(join(docsSite, "404.html"));
      await makeRelative(docsSite);
      await addPolicies();
    }),
  );
}
