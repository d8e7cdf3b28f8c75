// Makes www/icons from www/icon.svg, in Chromium: for systems that install pages and take no SVG. Run it when that
// changes.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { launchChromium } from "./chromium.mjs";
import { fail } from "./command.mjs";
import { root } from "./paths.mjs";

const PAPER = "#faf8f5";
/** Side in pixels, the part of it that the drawing takes, and what is behind: systems that mask icons want it full. */
const ICONS = {
  "180.png": { side: 180, part: 0.8, background: PAPER },
  "192.png": { side: 192, part: 1, background: "transparent" },
  "512.png": { side: 512, part: 1, background: "transparent" },
  "maskable.png": { side: 512, part: 0.7, background: PAPER },
};

try {
  const folder = join(root, "www/icons");
  await mkdir(folder, { recursive: true });
  const svg = await readFile(join(root, "www/icon.svg"), "base64");
  const browser = await launchChromium();
  for (const [name, { side, part, background }] of Object.entries(ICONS)) {
    const page = await browser.newPage({ viewport: { width: side, height: side } });
    const size = Math.round(side * part);
    await page.setContent(
      `<body style="margin:0;display:grid;place-items:center;height:100vh;background:${background}">` +
        `<img width="${size}" height="${size}" src="data:image/svg+xml;base64,${svg}">`,
    );
    await page.screenshot({ path: join(folder, name), omitBackground: true });
    await page.close();
  }
  await browser.close();
} catch (error) {
  fail(error);
}
