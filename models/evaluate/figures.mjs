// Order and formats of the numbers of metrics.json, for the card and the charts.
export const count = (value) => value.toLocaleString("en-US");
export const percent = (value, digits = 1) => `${(100 * value).toFixed(digits)} %`;
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
export const milliseconds = (byTokens) =>
  `${Object.values(byTokens)
    .map((ms) => ms.toFixed(1))
    .join(" / ")} ms`;
export const errors = ({ sst2_dev, goemotions_dev }) =>
  [sst2_dev, goemotions_dev].map((each) => percent(each.calibration_error)).join(" / ");

/** "6x4" → "6 layers, 4 bits". */
const titleOf = (name) => name.replace(/^(\d+)x(\d+)$/, "$1 layers, $2 bits");

/** The candidates and the shipped model, which may be one of them, by download size. */
export function compared({ model, candidates, ...shipped }) {
  const { teacher, ...measured } = candidates ?? {};
  const all = Object.entries(measured).map(([name, each]) => ({
    ...each,
    title: titleOf(name),
    shipped: each.sha256 === model.sha256,
  }));
  if (!all.some((each) => each.shipped)) {
    all.push({ ...shipped, title: `${model.name} ${model.version}`, shipped: true });
  }
  return { models: all.sort((a, b) => a.download - b.download), teacher };
}
