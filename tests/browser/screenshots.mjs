// npm run screenshots: screenshots of every state of the demo, on a phone and a desktop, light and dark. They go to
// tests/browser/artifacts/demo; those in www/README.md are also written to www/screenshots as WebP. `-- NAME…` makes
// only those whose name contains a NAME.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../../tools/command.mjs";
import { root } from "../../tools/paths.mjs";
import { assemble } from "../../tools/site.mjs";
import { openSite } from "../harness/site.mjs";
import { artifacts, chooseFolder, fileOf, ready, SENTENCE, untilCached } from "./demo.mjs";

const DEVICES = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1440, height: 900 },
  narrowest: { width: 320, height: 640 },
  "4k": { width: 3840, height: 2160 },
};
const top = (page, selector) => page.locator(selector).evaluate((element) => scrollTo(0, element.offsetTop - 16));
const type = async (page, text) => {
  await page.locator("#text").fill(text);
  await page.locator("#weights li").first().waitFor();
};

const CHINESE = "剧情有点老套，但我从头到尾看得很开心。";
const isChinese = (page) => page.locator("html:lang(zh-Hans)").isVisible();
/** The tasks that only the English model has. */
const english = (page) => page.locator("#packaged").selectOption("english");

const FEELINGS = "Thank you so much, I was terrified and you calmed me down";
const INSULT = "Only an idiot would pay for this garbage";
/** Opens a part, which loads its script when it comes into view. */
const open = async (page, part) => {
  await page.locator(`#${part}-title`).scrollIntoViewIfNeeded();
  await page.locator(`#${part} button:visible`).first().waitFor();
};
const sampleLabels = async (page) => {
  await open(page, "teach");
  await page.locator("#teach-sample").click();
  await page.locator("#teach-labels li").nth(2).waitFor();
};

/** Bring a loaded page into a state. */
const STATES = {
  idle: async () => {},
  emotion: async (page) => {
    await english(page);
    await page.locator("#task-emotion").click();
    await page.locator("#text").fill(FEELINGS);
    await page.locator("#emotions .given .weights li").first().waitFor();
    await page.waitForTimeout(1500); // the words of the other emotions
  },
  toxicity: async (page) => {
    await english(page);
    await page.locator("#task-toxicity").click();
    await type(page, INSULT);
  },
  columns: async (page) => {
    await english(page);
    await STATES.chosen(page);
    for (const task of ["emotion", "toxicity"]) await page.locator(`#bulk-tasks [value=${task}]`).check();
    await page.locator("#bulk-start").click();
    await page.locator("#bulk-status", { hasText: /^\d{3}/ }).waitFor({ timeout: 120_000 });
    await top(page, "#bulk");
  },
  examples: async (page) => {
    await sampleLabels(page);
    await top(page, "#teach");
  },
  keys: async (page) => {
    await sampleLabels(page);
    const rows = [
      "The tent arrived with a hole in it and I want to return it",
      "When do you ship?",
      "You are wonderful",
    ];
    await page.locator("#teach-file").setInputFiles(await fileOf("mails.txt", rows.join("\n")));
    await page.locator("#teach-setup button").click();
    await page.locator("#teach-row:focus").waitFor();
    await top(page, "#teach");
  },
  taught: async (page) => {
    await sampleLabels(page);
    const chinese = await isChinese(page);
    const praise = page.locator("#teach-labels textarea").nth(2);
    const wrong = chinese ? "我的快递呢？早就该到了" : "Where is my package? It should be here by now";
    await praise.fill(`${await praise.inputValue()}\n${wrong}`);
    await page.locator("#teach-start").click();
    await page.locator("#teach-matrix td").first().waitFor();
    await page.locator("#teach-try").fill(chinese ? "我的快递怎么还没到？" : "Is my parcel lost?");
    await page.locator("#teach-bars > div").first().waitFor();
    await top(page, "#teach-result");
  },
  own: async (page) => {
    await STATES.taught(page);
    await page.locator("#teach-above").click();
    await page.locator("#text").fill("Is my parcel lost, or is it just late?");
    await page.locator("#verdict", { hasText: "shipping" }).waitFor();
    await page.waitForTimeout(1500); // the words
    await page.evaluate(() => scrollTo(0, 0));
  },
  pair: async (page) => {
    await chooseFolder(page, "pipelines/nli");
    await page.locator("#model-result").waitFor();
    await page.locator("#pair").fill("The cat sleeps");
    await type(page, "The cat is asleep on the mat.");
  },
  words: async (page) => type(page, (await isChinese(page)) ? CHINESE : SENTENCE),
  loading: async (page) => {
    await page.route("**/models/multilingual/model.onnx", () => {}); // never answered
    await page.locator("#packaged").selectOption("multilingual");
    await page.locator("#progress-text", { hasText: "MB" }).waitFor();
  },
  multilingual: async (page) => {
    await page.locator("#packaged").selectOption("multilingual");
    await type(page, CHINESE);
  },
  empty: async (page) => {
    await page.locator("#packaged").selectOption("multilingual");
    await page.locator("#idle").waitFor();
  },
  unknown: async (page) => {
    await english(page);
    await page.locator("#text").fill("这部电影太好看了，我非常喜欢。");
    await page.locator("#warning").waitFor();
  },
  long: async (page) => {
    await page.locator("#long-example").click();
    await page.locator("#passage-text mark").first().waitFor({ timeout: 120_000 });
    await top(page, "#bars");
  },
  network: async (page) => {
    await type(page, SENTENCE);
    await page.locator("#network summary").click();
    await top(page, "#network");
  },
  chosen: async (page) => {
    await page.locator("#bulk-sample").click();
    await page.locator("#bulk-setup").waitFor();
    await top(page, "#bulk");
  },
  bulk: async (page) => {
    await STATES.chosen(page);
    await page.locator("#bulk-start").click();
    await page.locator("#bulk-status", { hasText: /^\d{3}/ }).waitFor({ timeout: 120_000 });
    await top(page, "#bulk");
  },
  labelled: async (page) => {
    await page.locator("#bulk-paste").fill("Great.\nI want my money back.\nIt is fine.\nThe lid fits the box.");
    await page.locator("#bulk-read").click();
    await page.locator("#bulk-start").click();
    await page.locator("#bulk-save").waitFor();
    await page.getByRole("button", { name: /^(Score|分数)/ }).click();
    await top(page, "#bulk");
  },
  model: async (page) => {
    await chooseFolder(page, "tiny");
    await page.locator("#model-result").waitFor();
    await top(page, "#model");
  },
  regression: async (page) => {
    await chooseFolder(page, "pipelines/regression");
    await page.locator("#model-result").waitFor();
    await type(page, "I was so angry! Why is it raining?");
  },
  unlabelled: async (page) => {
    await chooseFolder(page, "pipelines/one-logit");
    await page.locator("#model-result").waitFor();
    await type(page, "I was so angry! Why is it raining?");
  },
  refused: async (page) => {
    await chooseFolder(page, "bad/no-labels");
    await page.locator("#model-failure").waitFor();
    await top(page, "#model");
  },
  speed: async (page) => {
    await page.locator("#speed-start").click();
    await page.locator("#speed-status", { hasText: /Done|完成/ }).waitFor({ timeout: 120_000 });
    await top(page, "#speed");
  },
  page: (page) => STATES.words(page),
};

const cases = [];
for (const device of ["phone", "desktop"]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const state of Object.keys(STATES)) cases.push({ device, colorScheme, state, locale: "en" });
    cases.push({ device, colorScheme, state: "words", as: "chinese", locale: "zh-CN" });
    cases.push({ device, colorScheme, state: "idle", as: "chinese-idle", locale: "zh-CN" });
  }
  for (const state of ["page", "unknown", "bulk", "model", "speed", "long", "emotion", "toxicity", "columns", "taught"])
    cases.push({ device, colorScheme: "light", state, as: `chinese-${state}`, locale: "zh-CN" });
}
for (const device of ["narrowest", "4k"]) {
  for (const state of ["page", "long", "bulk", "model", "emotion", "columns", "taught"])
    cases.push({ device, colorScheme: "light", state, locale: "en" });
}

/** Converts a PNG to WebP, in Chromium. */
async function webp(browser, png) {
  const page = await browser.newPage();
  const url = await page.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.8);
  }, png.toString("base64"));
  await page.close();
  return Buffer.from(url.split(",")[1], "base64");
}

try {
  await assemble({ docs: false }); // no picture has any of it
  const folder = join(artifacts, "demo");
  const shown = join(root, "www/screenshots");
  await mkdir(folder, { recursive: true });
  await mkdir(shown, { recursive: true });
  const wanted = process.argv.slice(2);
  const inReadme = await readFile(join(root, "www/README.md"), "utf8");
  const site = await openSite();
  for (const { device, colorScheme, state, as = state, locale } of cases) {
    const name = `${device}-${colorScheme}-${as}`;
    if (wanted.length > 0 && !wanted.some((each) => name.includes(each))) continue;
    const { page, context } = await ready(site, {
      viewport: DEVICES[device],
      colorScheme,
      locale,
      reducedMotion: "reduce",
    });
    await untilCached(page);
    await STATES[state](page);
    await page.waitForTimeout(300); // for the last paint
    const png = await page.screenshot({ path: join(folder, `${name}.png`), fullPage: state === "page" });
    if (inReadme.includes(`screenshots/${name}.webp`))
      await writeFile(join(shown, `${name}.webp`), await webp(site.browser, png));
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    console.log(`${name}${wider > 0 ? `: ${wider} px wider than the screen` : ""}`);
    await context.close();
  }
  await site.close();
} catch (error) {
  fail(error);
}
