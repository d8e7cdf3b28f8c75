// The first and the second visit of a page, in Chromium with a profile on disk. On the second visit, the browser has the
// model's files in the Cache API, the wasm in the HTTP cache, and perhaps the code that it compiled from it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchChromiumProfile } from "../tools/chromium.mjs";
import { root } from "../tools/paths.mjs";
import { serve } from "../tools/serve.mjs";
import { median } from "./measure.mjs";

const PAIRS = 5;
/**
 * What the visitor does on the first visit: see `visit` of in-page.mjs. Chromium keeps compiled code only after it has
 * optimised a megabyte of it, which takes some thousand predictions.
 */
const KINDS = {
  "300 predictions": { listener: false, predictions: 300 },
  "4,000 predictions": { listener: false, predictions: 4000 },
  "4,000 predictions, progress listener": { listener: true, predictions: 4000 },
};

/** What a server should send for files whose URL changes with every version. */
const IMMUTABLE = { "cache-control": "public, max-age=31536000, immutable" };

/** One visit with a browser of its own. Resolves to the milliseconds from the navigation to the first prediction. */
async function visit(url, profile, argument) {
  const context = await launchChromiumProfile([], { profile });
  try {
    const page = await context.newPage();
    await page.goto(`${url}page.html`);
    return await page.evaluate(async (argument) => (await import("./in-page.mjs")).visit(argument), argument);
  } finally {
    await context.close();
  }
}

/**
 * Medians of the times from the navigation to the first prediction, in milliseconds: by what the visitor did on the first
 * visit, of the first and of the second visit, and of the ratio of each pair of visits.
 */
export async function measureVisits() {
  const server = await serve({
    mounts: { "/": join(root, "benches"), "/litmus-text/": join(root, "pkg") },
    headers: (path) => (path.startsWith("/litmus-text/") ? IMMUTABLE : {}),
  });
  const pairs = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, []]));
  try {
    for (let i = 0; i < PAIRS; i++) {
      for (const [kind, argument] of Object.entries(KINDS)) {
        const profile = await mkdtemp(join(tmpdir(), "litmus-visits-"));
        try {
          const first = await visit(server.url, profile, argument);
          const second = await visit(server.url, profile, { ...argument, predictions: 0 });
          pairs[kind].push({ first, second });
        } finally {
          await rm(profile, { recursive: true, force: true });
        }
      }
    }
  } finally {
    await server.close();
  }
  return Object.fromEntries(
    Object.entries(pairs).map(([kind, all]) => [
      kind,
      {
        first: median(all.map(({ first }) => first)),
        second: median(all.map(({ second }) => second)),
        ratio: median(all.map(({ first, second }) => second / first)),
      },
    ]),
  );
}
