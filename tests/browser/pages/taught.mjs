// Runs in browsers and in Node.

const EXAMPLES = {
  refund: ["I want my money back", "Please refund my order", "How do I get a refund?", "Cancel it and pay me back"],
  shipping: ["Where is my parcel?", "My order has not arrived", "The delivery is late", "The courier never came"],
  job_application: [],
};

const hexadecimal = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The file of a head that is taught here, and the scores of a text: by that head, and by the head in the file given. */
export async function taught(litmus, file) {
  const classifier = await litmus.createClassifier();
  const triage = await classifier.teach(EXAMPLES, { other: true });
  const own = await triage.predict("Is my parcel lost?");
  const exported = hexadecimal(triage.export());
  const head = Uint8Array.from((file ?? exported).match(/../g), (byte) => Number.parseInt(byte, 16));
  const loaded = await litmus.createClassifier({ head });
  const others = await loaded.predict("Is my parcel lost?");
  loaded.close();
  classifier.close();
  return { file: exported, own: JSON.stringify(own), others: JSON.stringify(others) };
}
