// The names that a program sees with `moduleResolution: "node"`, which does not read "exports" of package.json.
import { createClassifier, type Prediction, predict } from "litmus-text";
import { load } from "litmus-text/embedded";
import { createHandler } from "litmus-text/handler";

export async function label(text: string): Promise<"negative" | "neutral" | "positive"> {
  const prediction: Prediction = await predict(text);
  const classifier = await createClassifier({ model: "/models/intent/" });
  // @ts-expect-error: the types are those of the package, not `any`
  classifier.closes();
  await load();
  createHandler();
  return (await predict(prediction.label ?? text)).label;
}
