import { readFile } from "node:fs/promises";
import { createClassifier, predict } from "litmus-text";

const LIMIT = 60_000;
const TEXT = "I loved every minute of it";
const show = ({ label, score }) => `${label} ${score}`;

test(
  "predict",
  async () => {
    expect(show(await predict(TEXT))).toBe(process.env.EXPECTED);
  },
  LIMIT,
);

// The tests run in a realm of their own: these bytes are no instances of its Uint8Array.
test(
  "files that were read outside of the realm",
  async () => {
    const read = (file) => readFile(`node_modules/litmus-text/models/english/${file}`);
    const names = ["config.json", "tokenizer.json", "model.onnx", "litmus.json"];
    const [config, tokenizer, model, manifest] = await Promise.all(names.map(read));
    const { signal } = new AbortController();
    const classifier = await createClassifier({ model: { config, tokenizer, model, manifest }, signal });
    expect(show(await classifier.predict(TEXT, { signal }))).toBe(process.env.EXPECTED);
    classifier.close();
  },
  LIMIT,
);
