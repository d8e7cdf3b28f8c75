// The charts of the model card by group of texts, and by decision threshold.
import { count, percent, SETS, weakestFirst } from "./figures.mjs";
import { circle, lineTo, svg, text } from "./svg.mjs";

const round = (value) => Math.round(value * 10) / 10;

/** A bar per group: right answers, then the other wrong ones, then the opposite ones. */
export function groupsChart({ written_dev: { groups, texts, correct, opposite } }) {
  const title = "Right and opposite answers by group of everyday texts";
  const all = { texts, correct, opposite };
  const rows = [["all", all], ...weakestFirst(groups).map(([name, counts]) => [name.replaceAll("_", " "), counts])];
  const [left, width, top, step] = [180, 420, 92, 19];
  const parts = [text(24, 36, title, "title")];
  for (const [x, classes, name] of [
    [180, "ours", "right"],
    [250, "one-step", "one step off"],
    [370, "opposite", "opposite: positive for negative or the reverse"],
  ]) {
    parts.push(`<rect x="${x}" y="53" width="12" height="12" class="${classes}"/>`, text(x + 18, 64, name, "soft"));
  }
  for (const [i, [name, { texts, correct, opposite }]] of rows.entries()) {
    const y = top + i * step;
    const bar = (from, value, classes) =>
      `<rect x="${round(left + (width * from) / texts)}" y="${y}" width="${round((width * value) / texts)}" height="13" class="${classes}"/>`;
    const beside = `${percent(correct / texts, 0)} of ${count(texts)}`;
    parts.push(
      text(left - 10, y + 11, name, name === "all" ? "strong" : "soft", "end"),
      bar(0, correct, "ours"),
      bar(correct, texts - correct - opposite, "one-step"),
      bar(texts - opposite, opposite, "opposite"),
      text(left + width + 10, y + 11, opposite ? `${beside}, ${opposite} opposite` : beside, "soft"),
    );
  }
  const described = rows.map(([name, counts]) => `${name} ${counts.correct} of ${counts.texts}`).join(", ");
  return svg(780, top + rows.length * step + 20, title, `Right answers: ${described}.`, parts);
}

/** Lines of accuracy over the fraction of texts that are answered at each threshold. */
export function thresholdChart(metrics) {
  const title = "Accuracy of the answers above a threshold";
  const plot = { left: 62, right: 752, top: 70, bottom: 330 };
  const xOf = (fraction) => round(plot.left + fraction * (plot.right - plot.left));
  const lines = Object.entries(SETS).map(([key, { name }]) => {
    const points = metrics[key].risk_coverage.filter(({ texts }) => texts > 0);
    return { name, points };
  });
  const lowest = Math.min(...lines.flatMap(({ points }) => points.map(({ accuracy }) => accuracy)));
  const low = Math.floor(lowest * 10) / 10;
  const yOf = (accuracy) => round(plot.bottom - ((accuracy - low) / (1 - low)) * (plot.bottom - plot.top));
  const parts = [text(24, 36, title, "title")];
  for (let tenth = Math.round(low * 10); tenth <= 10; tenth++) {
    const y = yOf(tenth / 10);
    parts.push(
      lineTo(plot.left, y, plot.right, y, "grid"),
      text(plot.left - 8, y + 4, percent(tenth / 10, 0), "soft", "end"),
    );
  }
  for (const fraction of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(text(xOf(fraction), plot.bottom + 20, percent(fraction, 0), "soft", "middle"));
  }
  for (const { name, points } of lines) {
    const path = points.map(({ coverage, accuracy }) => `${xOf(coverage)},${yOf(accuracy)}`).join(" ");
    parts.push(`<polyline points="${path}" class="curve"/>`);
    for (const { coverage, accuracy } of points) parts.push(circle(xOf(coverage), yOf(accuracy), 4, "ours"));
    const last = points.at(-1);
    parts.push(text(xOf(last.coverage) + 8, yOf(last.accuracy) - 6, name, "soft halo"));
  }
  const thresholds = lines[0].points.map(({ threshold }) => threshold).join(", ");
  parts.push(
    text(
      24,
      plot.bottom + 46,
      `Across: texts whose highest score reaches the threshold: ${thresholds}, from the right.`,
      "soft",
    ),
    text(24, plot.bottom + 64, "Up: the fraction of right answers among them.", "soft"),
  );
  const described = lines.map(({ name, points }) => {
    const pairs = points.map(({ coverage, accuracy }) => `${percent(accuracy)} of ${percent(coverage)}`);
    return `${name}: ${pairs.join(", ")}.`;
  });
  return svg(780, plot.bottom + 84, title, described.join(" "), parts);
}
