// Order and formats of the numbers of metrics.json, for the card and the charts.

/** The value with all numbers rounded to four decimals. */
export const rounded = (value) =>
  JSON.parse(JSON.stringify(value, (_, each) => (typeof each === "number" ? Math.round(each * 1e4) / 1e4 : each)));

export const toJson = (value) => `${JSON.stringify(value, null, 2)}\n`;

export const count = (value) => value.toLocaleString("en-US");
export const percent = (value, digits = 1) => `${(100 * value).toFixed(digits)} %`;
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
export const milliseconds = (byTokens) =>
  `${Object.values(byTokens)
    .map((ms) => ms.toFixed(1))
    .join(" / ")} ms`;

/** The sets with sentiment labels, by their key in metrics.json. */
export const SETS = {
  sst2_dev: { name: "SST-2 dev", about: "sentences of film reviews, negative or positive" },
  goemotions_dev: { name: "GoEmotions dev", about: "comments from Reddit with one clear sentiment" },
  written_dev: { name: "written dev", about: "everyday texts written for this project" },
};

/** The shipped model and those it is compared with, by download size. */
export function compared({ model, others = {}, ...shipped }) {
  const all = Object.entries(others).map(([title, each]) => ({ ...each, title, shipped: false }));
  all.push({ ...shipped, title: `${model.name} ${model.version}`, shipped: true });
  return all.sort((a, b) => a.download - b.download);
}

/** Groups by their fraction of right answers, the lowest first. */
export const weakestFirst = (groups) =>
  Object.entries(groups).sort(([, a], [, b]) => a.correct / a.texts - b.correct / b.texts || b.texts - a.texts);
