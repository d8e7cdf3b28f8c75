// The packaged multilingual model, as a package that is installed has it.
import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createClassifier } from "litmus-text";
import { multilingual } from "litmus-text/multilingual";

let classifier;
before(async () => {
  classifier = await createClassifier({ model: multilingual });
});
after(() => classifier.close());

test("it says which languages it reads", () => {
  assert.deepEqual(classifier.labels, ["negative", "neutral", "positive"]);
  assert.deepEqual(classifier.info.languages, ["zh", "en", "es", "fr", "de", "pt", "it", "hi", "ar"]);
  assert.equal(classifier.info.name, "litmus-text/multilingual");
});

const TEXTS = {
  positive: [
    "这部电影太好看了，我非常喜欢。",
    "這家餐廳的服務很好，下次還會再來。",
    "I loved every minute of it.",
    "Me encantó la película, la recomiendo.",
    "J'adore ce restaurant, tout était parfait.",
    "Ich liebe dieses Buch, es ist großartig.",
    "Adorei o hotel, tudo perfeito.",
    "Mi piace moltissimo, davvero ottimo.",
    "यह फ़िल्म बहुत अच्छी है, मुझे बहुत पसंद आई।",
    "هذا الفيلم رائع جدا وأحببته كثيرا",
  ],
  negative: [
    "质量太差了，用了两天就坏了，再也不买了。",
    "The battery died after two days, never again.",
    "La comida estaba fría y el servicio fue pésimo.",
    "C'était horrible, je suis très déçu.",
    "Das Essen war schlecht und kalt, nie wieder.",
    "Péssimo atendimento, não volto nunca mais.",
    "Un'esperienza orribile, non lo consiglio a nessuno.",
  ],
};

for (const [label, texts] of Object.entries(TEXTS)) {
  test(`texts of several languages are ${label}`, async () => {
    for (const [i, prediction] of (await classifier.predict(texts)).entries()) {
      assert.equal(prediction.label, label, texts[i]);
      assert.deepEqual(prediction.warnings, [], texts[i]);
    }
  });
}

test("a script that none of its languages has gets the warning", async () => {
  const { warnings } = await classifier.predict("Мне очень понравился этот фильм");
  assert.ok(warnings.includes("other-script"), warnings.join());
});

test("an explanation of a text without blanks has words, not characters", async () => {
  const text = "房间很干净，但是早餐太难吃了。";
  const { attributions } = await classifier.predict(text, { explain: true });
  const words = attributions.map(({ text }) => text);
  assert.equal(words.join(""), text); // a punctuation mark is a word
  for (const word of ["房间", "早餐"]) assert.ok(words.includes(word), words.join());
});

test("the name of a packaged model is no folder, unless there is one", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "litmus-name-"));
  const before = process.cwd();
  process.chdir(folder);
  t.after(() => {
    process.chdir(before);
    return rm(folder, { recursive: true, force: true });
  });
  for (const model of ["multilingual", "litmus-text/multilingual", "english"])
    await assert.rejects(createClassifier({ model }), {
      code: "model-not-found",
      message:
        /config\.json: there is no such file: import \{ multilingual \} from "litmus-text\/multilingual" and pass that; English is the default$/,
    });
  await assert.rejects(createClassifier({ model: "other" }), { message: /config\.json: there is no such file$/ });
  await cp(fileURLToPath(new URL(".", multilingual.config)), join(folder, "multilingual"), { recursive: true });
  const own = await createClassifier({ model: "multilingual" });
  assert.equal(own.info.name, "litmus-text/multilingual");
  own.close();
});
