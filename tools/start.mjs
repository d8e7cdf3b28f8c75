// npm start: builds what changed, then serves the demo, as `npm run build:site` makes it.
import { serve } from "./serve.mjs";
import { buildSite, site } from "./site.mjs";
import { fail, step } from "./command.mjs";

/** Not one that everybody uses: browsers keep the demo's service worker for whatever else is served here later. */
const PORT = 5486;

try {
  await step("everything", buildSite);
  const { url } = await serve({ mounts: { "/": site }, port: Number(process.env.PORT ?? PORT) });
  console.log(`\n  litmus-text is at ${url}\n  Ctrl+C stops it.`);
} catch (error) {
  fail(error);
}
