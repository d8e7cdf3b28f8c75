// The demo's two packaged models: which is in use, what changes with it, links that name it, and heads that were taught on it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useSite } from "../harness/site.mjs";
import {
  chooseFolder,
  download,
  fileOf,
  label,
  NEGATIVE,
  POSITIVE,
  ready,
  SENTENCE,
  untilCached,
  verdict,
} from "./demo.mjs";

const MULTILINGUAL = "**/models/multilingual/model.onnx";
const GOOD = "这部电影太好看了";
const BAD = "质量太差了，再也不买了。";
/** Examples in both languages. Heads that are taught on them by two models differ. */
const EXAMPLES = { 退款: ["我要退款", "请把钱退给我"], shipping: ["Where is my parcel?", "快递还没到"] };

const site = useSite();

const choose = (page, model) => page.locator("#packaged").selectOption(model);
const chosen = (page) => page.locator("#packaged").inputValue();
const untilModel = (page) => page.locator("#test:not([data-state=loading])").waitFor();
const codeUses = (page, what) => page.locator("#code", { hasText: what }).waitFor();

/** Holds the multilingual model back until the returned function is called; then `answer` gives it, or an error. */
async function hold(page, answer = (route) => route.continue()) {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route(MULTILINGUAL, async (route) => {
    await held;
    await answer(route);
  });
  return release;
}

/** Lets the multilingual model load that `hold` holds back, and start if it is wanted. */
async function loadHeld(page, release) {
  const loaded = page.waitForResponse(MULTILINGUAL);
  release();
  await (await loaded).finished();
  await page.waitForTimeout(2000);
}

async function teach(page) {
  await page.locator("#teach-title").scrollIntoViewIfNeeded();
  await page.locator("#teach-labels li").nth(1).waitFor();
  for (const [i, [name, texts]] of Object.entries(EXAMPLES).entries()) {
    await page.locator("#teach-labels input").nth(i).fill(name);
    await page.locator("#teach-labels textarea").nth(i).fill(texts.join("\n"));
  }
  await page.locator("#teach-start").click();
  await page.locator("#teach-result").waitFor();
  await page.locator("#teach-start").waitFor();
}

test("the Chinese page reads Chinese", async () => {
  const { page, context, errors, crossOrigin } = await ready(site, { locale: "zh-CN" });
  assert.equal(await chosen(page), "multilingual");
  await page.locator("#text").fill(GOOD);
  await verdict(page, "正面");
  assert.equal(await page.locator("#warning").isVisible(), false);
  await page.locator("#marks .for", { hasText: /^好看$/ }).waitFor({ state: "attached" });
  assert.match(await page.locator("#weights").textContent(), /好看 \+0\.\d\d/);
  await page.locator("#text").fill(BAD);
  await verdict(page, "负面");
  assert.equal(await page.locator("#warning").isVisible(), false);
  // Its only task needs no tabs.
  assert.equal(await page.locator("#tasks").isVisible(), false);
  await codeUses(page, 'import { multilingual } from "litmus-text/multilingual";');
  await codeUses(page, "createClassifier({ model: multilingual })");
  for (const id of ["text", "marks", "weights", "examples"])
    assert.equal(await page.locator(`#${id}`).getAttribute("lang"), "zh-Hans", id);
  assert.match(await page.locator("#text").getAttribute("placeholder"), /中文/);
  await page.locator("#examples button").nth(1).click();
  assert.match(await page.locator("#text").inputValue(), /^阴沉/);
  await verdict(page, "负面");
  await page.locator("#long-example").click();
  await page.locator("#passages").waitFor();
  assert.match(await page.locator("#passage-text").textContent(), /\p{Script=Han}/u);
  await label(page, await fileOf("few.txt", `${GOOD}\n${BAD}\n`));
  await page.locator("#bulk-save").waitFor();
  await page.locator("#bulk-table td.text:lang(zh-Hans)", { hasText: GOOD }).waitFor();
  assert.match((await download(page)).text, new RegExp(`^${GOOD},positive,.*\\n${BAD},negative,`, "m"));
  // The samples are Chinese, too.
  await page.locator("#bulk-again").click();
  await page.locator("#bulk-sample").click();
  await page.locator("#bulk-preview:lang(zh-Hans) li", { hasText: /^很好。/ }).waitFor();
  await page.locator("#teach-sample").click();
  await page.locator("#teach-labels li").nth(2).waitFor();
  assert.match(await page.locator("#teach-labels textarea:lang(zh-Hans)").first().inputValue(), /退款/);
  // The model's files are the page's own.
  assert.equal(await page.locator("#network").getAttribute("data-requests"), "0");
  assert.deepEqual({ errors, crossOrigin }, { errors: [], crossOrigin: [] });
  await context.close();
});

test("marks do not move the characters of a Chinese text to other lines", async () => {
  const { page, context } = await ready(site, { locale: "zh-CN", viewport: { width: 390, height: 844 } });
  // Each line has room for fourteen characters exactly.
  const room = await page.locator("#text").evaluate((area) => {
    const { fontSize, paddingLeft } = getComputedStyle(area);
    return (area.clientWidth - 2 * Number.parseFloat(paddingLeft)) / Number.parseFloat(fontSize);
  });
  assert.equal(room, 14);
  const [plain, marked] = await page.evaluate(async () => {
    const { paintWords } = await import("./words.js");
    const marks = document.getElementById("marks");
    const text = "剧情有点老套，但我从头到尾看得很开心。".repeat(3);
    const words = Array.from(text, (_, i) => ({ start: i, end: i + 1, weight: i % 2 ? 0.5 : -0.5 }));
    // Without a Chinese font, characters are narrower: spacing gives them their usual width.
    const { fontSize, fontFamily } = getComputedStyle(marks);
    const context = document.createElement("canvas").getContext("2d");
    context.font = `${fontSize} ${fontFamily}`;
    marks.style.letterSpacing = `${Number.parseFloat(fontSize) - context.measureText("剧").width}px`;
    /** The top of each character. */
    const tops = () => {
      const texts = document.createTreeWalker(marks, NodeFilter.SHOW_TEXT);
      const range = document.createRange();
      const found = [];
      while (texts.nextNode()) {
        for (let i = 0; i < texts.currentNode.length; i++) {
          range.setStart(texts.currentNode, i);
          range.setEnd(texts.currentNode, i + 1);
          found.push(Math.round(range.getBoundingClientRect().top));
        }
      }
      return found;
    };
    return [[], words].map((each) => {
      paintWords(marks, text, each);
      return tops();
    });
  });
  assert.equal(new Set(plain).size, 5);
  assert.deepEqual(marked, plain);
  await context.close();
});

test("the model that is chosen beside the text reads it, and its tasks and texts are shown", async () => {
  const { page, context, errors } = await ready(site);
  assert.equal(await chosen(page), "english");
  await untilCached(page); // from here on the service worker sees the requests
  await page.locator("#text").fill(GOOD);
  await page.locator("#warning").waitFor();
  await page.locator("#task-emotion").click();
  await choose(page, "multilingual");
  await verdict(page, "positive");
  assert.equal(await page.locator("#warning").isVisible(), false);
  assert.equal(await page.locator("#tasks").isVisible(), false);
  assert.match(await page.locator("#text").getAttribute("placeholder"), /Chinese, English, .*, Arabic$/);
  assert.equal(await page.locator("#examples button").first().textContent(), POSITIVE);
  assert.equal(await page.locator("#network").getAttribute("data-requests"), "0");
  await page.locator("#text").fill("");
  await page.locator("#idle").waitFor();
  await choose(page, "english");
  await codeUses(page, '{ task: "emotion" }');
  assert.equal(await page.locator("#task-emotion").getAttribute("aria-selected"), "true");
  assert.match(await page.locator("#text").getAttribute("placeholder"), /in English$/);
  assert.deepEqual(errors, []);
  await context.close();
});

test("another language of the page has another model; the visitor's own stays in use", async () => {
  const { page, context, errors } = await ready(site);
  await page.locator("#text").fill(BAD);
  await page.locator("#warning").waitFor();
  await page.locator("#language").click();
  await verdict(page, "负面");
  assert.equal(await chosen(page), "multilingual");
  await choose(page, "english");
  await page.locator("#warning").waitFor();
  assert.equal(await page.locator("#text").getAttribute("lang"), "en");
  assert.equal(await page.locator("#examples button").first().textContent(), POSITIVE);
  await chooseFolder(page, "tiny");
  await page.locator("#with").waitFor();
  assert.equal(await page.locator("#packaged").isVisible(), false);
  assert.equal(await page.locator("#text").getAttribute("lang"), ""); // it is not known what the model reads
  await codeUses(page, 'createClassifier({ model: "/models/mine/" })');
  for (const language of ["en", "zh-Hans"]) {
    await page.locator("#language").click();
    await page.locator(`html:lang(${language})`).waitFor();
  }
  await page.locator("#text").fill(POSITIVE);
  await page.locator("#bars dt", { hasText: "喜悦" }).waitFor(); // joy
  await page.locator("#text").fill(BAD);
  await page.locator("#model-back").click();
  await verdict(page, "负面");
  assert.equal(await page.locator("#packaged").isVisible(), true);
  assert.equal(await chosen(page), "multilingual");
  assert.deepEqual(errors, []);
  await context.close();
});

test("while a packaged model loads in place of the visitor's own, another one can be chosen", async () => {
  const { page, context, errors } = await ready(site);
  await chooseFolder(page, "tiny");
  await page.locator("#with").waitFor();
  await page.locator("#language").click();
  await page.locator("html:lang(zh-Hans)").waitFor();
  const release = await hold(page);
  await page.locator("#model-back").click();
  await page.locator("#progress").waitFor();
  assert.equal(await chosen(page), "multilingual");
  await choose(page, "english");
  await page.locator("#task-emotion").waitFor();
  await loadHeld(page, release);
  assert.equal(await chosen(page), "english");
  assert.equal(await page.locator("#task-emotion").isVisible(), true);
  assert.deepEqual(errors, []);
  await context.close();
});

test("the failure of a packaged model is not shown while the visitor's own is in use", async () => {
  const { page, context } = await ready(site);
  const release = await hold(page, (route) => route.fulfill({ status: 404 }));
  await choose(page, "multilingual");
  await page.locator("#progress").waitFor();
  await page.locator("#text").fill(POSITIVE);
  await chooseFolder(page, "tiny");
  await page.locator("#bars dt", { hasText: "joy" }).waitFor();
  const refused = page.waitForResponse(MULTILINGUAL);
  release();
  await refused;
  await page.waitForTimeout(500);
  assert.equal(await page.locator("#failure").isVisible(), false);
  assert.equal(await page.locator("#result").isVisible(), true);
  await context.close();
});

test("while a table is read, the model stays", async () => {
  const { page, context } = await ready(site);
  await page.locator("#bulk-sample").click();
  await page.locator("#bulk-start").click();
  await page.locator("#bulk-status", { hasText: "%" }).waitFor();
  await choose(page, "multilingual");
  await page.locator("#shared", { hasText: "A table or your labels" }).waitFor();
  assert.equal(await chosen(page), "english");
  await page.locator("#language").click();
  await page.locator("html:lang(zh-Hans)").waitFor();
  assert.equal(await chosen(page), "english");
  await page.locator("#text").fill(NEGATIVE);
  await verdict(page, "负面");
  assert.equal(await page.locator("#task-emotion").isVisible(), true);
  await page.locator("#bulk-cancel").click();
  await page.locator("#bulk-save").waitFor();
  await choose(page, "multilingual");
  await page.locator("#task-emotion").waitFor({ state: "detached" });
  assert.equal(await page.locator("#shared").textContent(), "");
  await context.close();
});

test("tables and labels wait for the model that is being loaded, and can be cancelled meanwhile", async () => {
  const { page, context, errors } = await ready(site);
  const release = await hold(page);
  await choose(page, "multilingual");
  await page.locator("#progress").waitFor();
  await page.locator("#teach-sample").click();
  await page.locator("#teach-labels li").nth(2).waitFor();
  await page.locator("#teach-start").click();
  await page.locator("#teach-status", { hasText: "Fetching the model" }).waitFor();
  await page.locator("#teach-stop").click();
  await page.locator("#teach-start:focus").waitFor();
  await label(page, await fileOf("few.txt", `${GOOD}\n${BAD}\n`));
  await page.locator("#bulk-start", { hasText: "Fetching the model" }).waitFor();
  await page.locator("#bulk-other").click();
  await label(page, await fileOf("few.txt", `${GOOD}\n${BAD}\n`));
  release();
  await page.locator("#bulk-save").waitFor();
  assert.deepEqual(await page.locator("#bulk-table .tag").allTextContents(), ["positive", "negative"]);
  assert.deepEqual(errors, []);
  await context.close();
});

test("while a model loads, its progress is shown and the one before does not answer", async () => {
  const { page, context } = await ready(site);
  await page.locator("#text").fill(SENTENCE);
  await page.locator("#weights li").first().waitFor();
  const release = await hold(page);
  await choose(page, "multilingual");
  await page.locator("#progress").waitFor();
  await page.locator("#progress-text", { hasText: "MB" }).waitFor();
  assert.equal(await page.locator("#marks mark").count(), 0);
  await page.locator("#text").fill(NEGATIVE);
  await page.waitForTimeout(1000); // many times what a prediction takes
  assert.equal(await page.locator("#progress").isVisible(), true);
  release();
  await verdict(page, "negative");
  assert.equal(await page.locator("#progress").isVisible(), false);
  await codeUses(page, "multilingual");
  await context.close();
});

test("the last choice counts, whichever model is loaded first", async () => {
  const { page, context, errors } = await ready(site);
  await page.locator("#text").fill(GOOD);
  await page.locator("#warning").waitFor();
  const release = await hold(page);
  await choose(page, "multilingual");
  await page.locator("#progress").waitFor();
  await choose(page, "english");
  await page.locator("#warning").waitFor();
  await loadHeld(page, release);
  assert.equal(await page.locator("#warning").isVisible(), true);
  assert.equal(await page.locator("#task-emotion").isVisible(), true);
  await choose(page, "multilingual");
  await verdict(page, "positive");
  assert.deepEqual(errors, []);
  await context.close();
});

test("if a model cannot be fetched, that is shown until another is chosen or a retry succeeds", async () => {
  const { page, context } = await ready(site);
  await page.route(MULTILINGUAL, (route) => route.fulfill({ status: 404 }));
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  await choose(page, "multilingual");
  await page.locator("#failure-text", { hasText: "models/multilingual/model.onnx: status 404" }).waitFor();
  await page.locator("#text").fill(NEGATIVE);
  await page.waitForTimeout(500);
  assert.equal(await page.locator("#failure").isVisible(), true);
  await choose(page, "english");
  await verdict(page, "negative");
  await choose(page, "multilingual");
  await page.locator("#failure").waitFor();
  await page.unroute(MULTILINGUAL);
  await page.locator("#retry").click();
  await verdict(page, "negative");
  await codeUses(page, "multilingual");
  await context.close();
});

test("a link names the multilingual model, and carries a head that was taught on it", async () => {
  const { page, context } = await ready(site, { locale: "zh-CN", permissions: ["clipboard-read", "clipboard-write"] });
  const copied = async (message) => {
    await page.locator("#share").click();
    await page.locator("#shared", { hasText: message }).waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  await page.locator("#text").fill(GOOD);
  await verdict(page, "正面");
  const link = await copied("已复制");
  assert.equal(link, `${site.url}#text=${encodeURIComponent(GOOD)}&model=multilingual`);
  const { page: other } = await site.newPage({ locale: "en" });
  await other.goto(link);
  await verdict(other, "positive");
  assert.equal(await chosen(other), "multilingual");
  assert.equal(await other.locator("#warning").isVisible(), false);
  // A link without a model is of the English one: so were all before there was another.
  await other.evaluate((text) => (location.hash = `#text=${text}&task=emotion`), POSITIVE);
  await other.locator("#emotions li").first().waitFor();
  assert.equal(await chosen(other), "english");
  await page.goto(`${site.url}#text=${POSITIVE}`);
  await page.reload();
  await verdict(page, "正面");
  assert.equal(await chosen(page), "english");

  await choose(page, "multilingual");
  await teach(page);
  await page.locator("#teach-above").click();
  await page.locator("#text").fill("请退钱");
  await verdict(page, "退款");
  await codeUses(page, "createClassifier({ model: multilingual, head");
  assert.match(await page.locator("#teach-code").textContent(), /createClassifier\(\{ model: multilingual, head \}\)/);
  const withHead = await copied("连同你的标签");
  assert.match(withHead, /&model=multilingual&task=taught&head=[\w-]+$/);
  await other.goto(withHead);
  await verdict(other, "退款");
  assert.equal(await chosen(other), "multilingual");
  await other.context().close();
  await context.close();
});

test("a head is there again when the model is chosen that it was taught on", async () => {
  const { page, context, errors } = await ready(site, { locale: "zh-CN" });
  await teach(page);
  await page.locator("#teach-status", { hasText: "已保存" }).waitFor();
  await page.locator("#task-taught").click();
  await page.locator("#text").fill("请退钱");
  await verdict(page, "退款");
  // In the same visit.
  await choose(page, "english");
  await page.locator("#task-taught").waitFor({ state: "detached" });
  // An edit of the examples keeps the head of the other model.
  await page
    .locator("#teach-labels textarea")
    .first()
    .fill(`${EXAMPLES.退款.join("\n")}\n退钱`);
  await page.waitForTimeout(1000); // the examples are stored after a pause
  await choose(page, "multilingual");
  await verdict(page, "退款");
  // At the next visit.
  await choose(page, "english");
  await page.reload();
  await untilModel(page);
  await page.locator("#language").click();
  await page.locator("#task-emotion").waitFor();
  assert.equal(await page.locator("#task-taught").count(), 0);
  await choose(page, "multilingual");
  await page.locator("#task-taught").click();
  await page.locator("#text").fill("请退钱");
  await verdict(page, "退款");
  assert.deepEqual(errors, []);
  await context.close();
});
