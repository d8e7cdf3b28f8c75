// Runs in browsers and in Node. Texts and scores are passed as ASCII strings, which no driver can round or repair.

/** The bits of a number in hexadecimal. */
function bits(number) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return view.getBigUint64(0).toString(16);
}

const written = ({ scores }) => scores.map(({ label, score }) => `${label} ${score} ${bits(score)}`).join(", ");

/** The scores of each text: predicted alone, in one batch, and in batches of seven in the given order. */
export async function scores(litmus, json, order, model) {
  const texts = JSON.parse(json);
  const classifier = await litmus.createClassifier({ model });
  const alone = [];
  for (const text of texts) alone.push(written(await classifier.predict(text)));
  const together = (await classifier.predict(texts)).map(written);
  const bySevens = [];
  for (let start = 0; start < order.length; start += 7) {
    const seven = order.slice(start, start + 7);
    const predictions = await classifier.predict(seven.map((i) => texts[i]));
    for (const [i, prediction] of predictions.entries()) bySevens[seven[i]] = written(prediction);
  }
  classifier.close();
  return { "alone": alone, "in one batch": together, "by sevens": bySevens };
}
