// npm start: builds what changed and serves the demo.

import { fail, step } from "./command.mjs";
import { serve } from "./serve.mjs";
import { buildSite, site } from "./site.mjs";

/** An uncommon port: the demo's service worker would also answer for other sites on the same port. */
const PORT = 5486;

try {
  await step("everything (the first time it takes minutes; each step says how many)", () => buildSite({ quick: true }));
  const { url } = await serve({ mounts: { "/": site }, port: Number(process.env.PORT ?? PORT) });
  console.log(`\n  litmus-text is at ${url}\n  Ctrl+C stops it.`);
} catch (error) {
  fail(error);
}
