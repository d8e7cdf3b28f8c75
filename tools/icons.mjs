// Makes the PNG icons in www/icons from www/icon.svg, for systems that install pages and do not read SVG. Run it after
// a change of the SVG: node tools/icons.mjs
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { launchChromium } from "./chromium.mjs";
import { fail } from "./command.mjs";
import { root } from "./paths.mjs";

const PAPER = "#faf8f5";
/** Side in pixels, fraction of it that the drawing takes, and background. Systems that mask icons need a full one. */
const ICONS = {
  "180.png": { side: 180, fraction: 0.8, background: PAPER },
  "192.png": { side: 192, fraction: 1, background: "transparent" },
  "512.png": { side: 512, fraction: 1, background: "transparent" },
  "maskable.png": { side: 512, fraction: 0.7, background: PAPER },
};

try {
  const folder = join(root, "www/icons");
  await mkdir(folder, { recursive: true });
  const svg = await readFile(join(root, "www/icon.svg"), "base64");
  const browser = await launchChromium();
  for (const [name, { side, fraction, background }] of Object.entries(ICONS)) {
    const page = await browser.newPage({ viewport: { width: side, height: side } });
    const size = Math.round(side * fraction);
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
