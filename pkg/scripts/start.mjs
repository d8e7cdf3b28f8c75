// npm start: builds what changed, then serves the demo.
import { join } from "node:path";
import { build } from "./build.mjs";
import { serve } from "./serve.mjs";
import { fail, root, step } from "./tools.mjs";

try {
  await step("everything", () => build({ embedded: false }));
  const mounts = { "/": join(root, "www"), "/litmus-text/": join(root, "pkg") };
  const { url } = await serve({ mounts, port: Number(process.env.PORT ?? 8080) });
  console.log(`\n  litmus-text is at ${url}\n  Ctrl+C stops it.`);
} catch (error) {
  fail(error);
}
