// The charts of the model card: accuracy by download size, confusion matrices, reliability diagrams.
import { compared, count, megabytes, percent, SETS } from "./figures.mjs";
import { circle, lineTo, svg, text, widthOf } from "./svg.mjs";

/** Published results. `bytes`: one per parameter, the size of int8 weights. */
const PUBLISHED = [
  { title: "DistilBERT", detail: "67 MB · 91.3 %", bytes: 67e6, accuracy: 0.913 },
  { title: "TinyBERT-4", detail: "14.5 MB · 92.6 %, test set", bytes: 14.5e6, accuracy: 0.926, test: true },
];
const SOURCES = "DistilBERT: Sanh et al. 2019. TinyBERT-4: Jiao et al. 2020.";

/** The set that is most like the texts of users comes first. */
const CHART_ORDER = ["written_dev", "goemotions_dev", "sst2_dev"];

const round = (value) => Math.round(value * 10) / 10;

const around = (x, y, r) => ({ left: x - r, right: x + r, top: y - r, bottom: y + r });
const overlap = (a, b) =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

/** Chooses the box that overlaps least with the boxes already taken and with the area outside of `plot`. */
function take(boxes, plot, taken) {
  const area = (box) => (box.right - box.left) * (box.bottom - box.top);
  const covered = (box) => taken.reduce((sum, other) => sum + overlap(box, other), area(box) - overlap(box, plot));
  const best = boxes.reduce((best, box) => (covered(box) < covered(best) ? box : best));
  taken.push(best);
  return best;
}

const LABEL_HEIGHT = 32;
/** Distance from a point to its label. */
const BESIDE = 17;

/** A label of two lines beside a point, or above or below it. */
function label({ x, y, title, detail }, plot, taken) {
  const width = Math.max(widthOf(title), widthOf(detail));
  const right = { anchor: "start", left: x + BESIDE };
  const left = { anchor: "end", left: x - BESIDE - width };
  const centred = { anchor: "middle", left: x - width / 2 };
  const [above, level, below] = [y - BESIDE - LABEL_HEIGHT, y - LABEL_HEIGHT / 2, y + BESIDE];
  const spots = [
    ...[right, left].map((side) => ({ ...side, top: level })),
    ...[centred, right, left].flatMap((side) => [below, above].map((top) => ({ ...side, top }))),
  ];
  const boxes = spots.map((spot) => ({ ...spot, right: spot.left + width, bottom: spot.top + LABEL_HEIGHT }));
  const { anchor, top, ...box } = take(boxes, plot, taken);
  const at = round({ start: box.left, middle: x, end: box.right }[anchor]);
  const lines = [
    [13, title, "strong halo"],
    [28, detail, "soft halo"],
  ];
  return lines.map(([down, content, classes]) => text(at, round(top + down), content, classes, anchor));
}

export function sizeAccuracyChart(metrics) {
  const ours = compared(metrics).map(({ title, shipped, download, sst2_dev: { accuracy } }) => ({
    title,
    detail: `${megabytes(download)} · ${percent(accuracy)}`,
    bytes: download,
    accuracy,
    shipped,
    ours: true,
  }));
  const points = [...ours, ...PUBLISHED];

  const [width, height] = [780, 480];
  const plot = { left: 62, right: width - 28, top: 92, bottom: height - 108 };
  const accuracies = points.map(({ accuracy }) => accuracy);
  const step = 2; // percentage points between two grid lines
  const low = step * Math.floor((100 * Math.min(...accuracies) - 1) / step);
  const high = step * Math.ceil((100 * Math.max(...accuracies) + 0.5) / step);
  const [least, most] = [2e6, 120e6];
  const between = (from, to, fraction) => round(from + (to - from) * fraction);
  const xOf = (bytes) => between(plot.left, plot.right, Math.log(bytes / least) / Math.log(most / least));
  const yOf = (accuracy) => between(plot.bottom, plot.top, (100 * accuracy - low) / (high - low));

  const parts = [
    text(24, 36, "Accuracy on SST-2 by size of the download", "title"),
    circle(30, 60, 5, "ours"),
    text(42, 64, "litmus-text, brotli", "soft"),
    circle(188, 60, 5, "published"),
    text(200, 64, "published, int8 weights", "soft"),
    circle(374, 60, 5, "published test"),
    text(386, 64, "published, on another set", "soft"),
  ];
  for (let percents = low; percents <= high; percents += step) {
    const y = yOf(percents / 100);
    parts.push(lineTo(plot.left, y, plot.right, y, "grid"));
    parts.push(text(plot.left - 10, y + 4, `${percents} %`, "soft", "end"));
  }
  for (const megabytes of [2, 5, 10, 20, 50, 100]) {
    const x = xOf(megabytes * 1e6);
    parts.push(lineTo(x, plot.bottom, x, plot.bottom + 5, "grid"));
    parts.push(text(x, plot.bottom + 21, String(megabytes), "soft", "middle"));
  }
  parts.push(text((plot.left + plot.right) / 2, plot.bottom + 42, "MB, on a logarithmic scale", "soft", "middle"));

  const placed = points.map((point) => ({ ...point, x: xOf(point.bytes), y: yOf(point.accuracy) }));
  const taken = placed.map(({ x, y }) => around(x, y, 11));
  // The shipped model's label is placed first.
  for (const point of placed.sort((a, b) => Boolean(b.shipped) - Boolean(a.shipped))) {
    const { x, y } = point;
    parts.push(point.ours ? circle(x, y, 6, "ours") : circle(x, y, 5.5, point.test ? "published test" : "published"));
    if (point.shipped) parts.push(circle(x, y, 10, "ring"));
    parts.push(...label(point, plot, taken));
  }
  const set = `SST-2 dev, ${metrics.sst2_dev.texts} sentences, neutral left out.`;
  parts.push(text(24, height - 36, `${set} Published sizes are one byte per parameter.`, "soft"));
  parts.push(text(24, height - 18, SOURCES, "soft"));
  const described = points.map(({ title, detail }) => `${title}: ${detail}`).join("; ");
  return svg(width, height, "Accuracy on SST-2 by size of the download", `${described}.`, parts);
}

const CELL = { width: 84, height: 58 };
/** Opacity of a cell with 0 % and with 100 % of its row. Text stays readable on both. */
const [NONE, ALL] = [0.04, 0.55];

/** Rows: the human label; columns: the model's label; shade: fraction of the row. */
function matrix(left, top, title, subtitle, confusion) {
  const rows = Object.keys(confusion);
  const columns = Object.keys(confusion[rows[0]]);
  const [x0, y0] = [left + 100, top + 82];
  const middle = x0 + (columns.length * CELL.width) / 2;
  const parts = [
    text(left, top, title, "strong"),
    text(left, top + 19, subtitle, "soft"),
    text(middle, y0 - 28, "predicted", "soft", "middle"),
    text(x0 - 12, y0 - 9, "human label", "soft", "end"),
  ];
  for (const [j, column] of columns.entries()) {
    parts.push(text(x0 + (j + 0.5) * CELL.width, y0 - 9, column, "", "middle"));
  }
  for (const [i, row] of rows.entries()) {
    const total = columns.reduce((sum, column) => sum + confusion[row][column], 0);
    const y = y0 + i * CELL.height;
    parts.push(text(x0 - 12, y + CELL.height / 2 + 4, row, "", "end"));
    for (const [j, column] of columns.entries()) {
      const value = confusion[row][column];
      const fraction = value / total;
      const x = x0 + j * CELL.width;
      const box = `x="${x + 1}" y="${y + 1}" width="${CELL.width - 2}" height="${CELL.height - 2}"`;
      parts.push(
        `<rect ${box} rx="4" class="ours" fill-opacity="${(NONE + (ALL - NONE) * fraction).toFixed(3)}"/>`,
        text(x + CELL.width / 2, y + 26, count(value), "strong", "middle"),
        text(x + CELL.width / 2, y + 44, percent(fraction), "small", "middle"),
      );
      if (row === column) parts.push(`<rect ${box} rx="4" class="right"/>`);
    }
  }
  return parts;
}

/** The upper left corners of three plots, two of them beside each other. */
const corners = (height) => [
  [24, 74],
  [410, 74],
  [24, 74 + height],
];

export function confusionChart(metrics) {
  const times = (cells) => Object.entries(cells).map(([label, value]) => `${label} ${value} times`);
  const described = (confusion) =>
    Object.entries(confusion)
      .map(([row, cells]) => `${row} was predicted as ${times(cells).join(", ")}`)
      .join("; ");
  const sets = CHART_ORDER.map((key) => ({ ...SETS[key], ...metrics[key] }));
  const height = 300;
  const parts = [text(24, 36, "Human labels and predicted labels", "title")];
  for (const [i, { name, about, texts, confusion }] of sets.entries()) {
    parts.push(...matrix(...corners(height)[i], `${name}, ${count(texts)} texts`, about, confusion));
  }
  parts.push(text(24, 620, "Framed: right. Percentages are of the row.", "soft"));
  const description = sets.map(({ name, texts, confusion }) => `${name}, ${texts} texts: ${described(confusion)}.`);
  return svg(780, 642, "Confusion matrices", description.join(" "), parts);
}

/** The score axis starts at the lowest possible highest score of three labels. */
const LEAST_SCORE = 1 / 3;

/** Above: the accuracy against the mean score of each bin; below: the number of texts in the bin. */
function reliabilityPlot(left, top, title, subtitle, { texts, calibration_error, reliability }) {
  const plot = { left: left + 44, right: left + 334, top: top + 46, bottom: top + 276 };
  const base = plot.bottom + 76;
  const xOf = (score) => plot.left + ((score - LEAST_SCORE) / (1 - LEAST_SCORE)) * (plot.right - plot.left);
  const yOf = (fraction) => plot.bottom - fraction * (plot.bottom - plot.top);
  const line = (x1, y1, x2, y2, classes) => lineTo(round(x1), round(y1), round(x2), round(y2), classes);
  const parts = [text(left, top, title, "strong"), text(left, top + 19, subtitle, "soft")];
  for (const fraction of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
    parts.push(line(plot.left, yOf(fraction), plot.right, yOf(fraction), "grid"));
    parts.push(text(plot.left - 8, round(yOf(fraction) + 4), percent(fraction, 0), "soft", "end"));
  }
  parts.push(line(plot.left, base, plot.right, base, "grid"));
  for (const fraction of [0.4, 0.6, 0.8, 1]) {
    parts.push(text(round(xOf(fraction)), base + 18, percent(fraction, 0), "soft", "middle"));
  }
  parts.push(line(plot.left, yOf(LEAST_SCORE), plot.right, yOf(1), "dashed"));

  const most = Math.max(...reliability.map((bin) => bin.texts));
  for (const { from, to, texts, score, accuracy } of reliability) {
    const [x, y] = [round(xOf(score)), round(yOf(accuracy))];
    const height = Math.max(1, (40 * texts) / most);
    const width = round(xOf(to) - xOf(from) - 2);
    const box = `x="${round(xOf(from) + 1)}" y="${round(base - height)}" width="${width}" height="${round(height)}"`;
    parts.push(
      line(x, yOf(score), x, y, "gap"),
      circle(x, y, 5, "ours"),
      `<rect ${box} class="ours" fill-opacity="${ALL}"/>`,
      text(round((xOf(from) + xOf(to)) / 2), round(base - height - 5), count(texts), "soft", "middle"),
    );
  }
  const error = `expected calibration error ${percent(calibration_error)}`;
  parts.push(text(plot.right - 6, plot.bottom - 10, `${count(texts)} texts, ${error}`, "soft halo", "end"));
  return parts;
}

export function reliabilityChart(metrics) {
  const described = ({ reliability }) =>
    reliability
      .map(({ score, accuracy, texts }) => `${percent(accuracy)} right at ${percent(score)} (${count(texts)})`)
      .join(", ");
  const scores = { sst2_dev: "the higher of the two polar scores, as a fraction of their sum" };
  const height = 410;
  const parts = [text(24, 36, "Score and accuracy", "title")];
  for (const [i, key] of CHART_ORDER.entries()) {
    const subtitle = scores[key] ?? "the highest of the three scores";
    parts.push(...reliabilityPlot(...corners(height)[i], SETS[key].name, subtitle, metrics[key]));
  }
  parts.push(
    text(24, 884, "Across: the score. Up: the fraction of right answers; dashed: where both are equal.", "soft"),
    text(24, 902, "Below: texts in each of the bins, which are 1/15 wide.", "soft"),
  );
  const description = CHART_ORDER.map((key) => `${SETS[key].name}: ${described(metrics[key])}.`);
  return svg(780, 922, "Reliability diagrams", description.join(" "), parts);
}
