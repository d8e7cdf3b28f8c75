// The SVG elements of the charts, with colours for light and dark pages.
const STYLE = `
  svg { --sheet: #ffffff; --ink: #221f26; --soft: #67616d; --line: #e6e1e8; --blue: #2f55bd; --red: #b3372f;
    font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
  @media (prefers-color-scheme: dark) {
    svg { --sheet: #17151a; --ink: #ece7ee; --soft: #a59dac; --line: #312c36; --blue: #8fb0ff; --red: #ff9a8f; }
  }
  text { fill: var(--ink); font-size: 13px; }
  .halo { paint-order: stroke; stroke: var(--sheet); stroke-width: 4px; stroke-linejoin: round; }
  .title { font-size: 17px; font-weight: 600; }
  .strong { font-weight: 600; }
  .small { font-size: 12px; }
  .soft { fill: var(--soft); font-size: 12px; }
  .sheet { fill: var(--sheet); }
  .grid { stroke: var(--line); }
  .ours { fill: var(--blue); }
  .one-step { fill: var(--line); }
  .opposite { fill: var(--red); }
  .curve { fill: none; stroke: var(--blue); stroke-width: 1.5; }
  .ring { fill: none; stroke: var(--blue); stroke-width: 1.5; }
  .published { fill: var(--sheet); stroke: var(--soft); stroke-width: 1.5; }
  .test { stroke-dasharray: 2 2; }
  .dashed { stroke: var(--blue); stroke-dasharray: 5 4; opacity: 0.7; }
  .gap { stroke: var(--blue); stroke-width: 2; opacity: 0.5; }
  .right { fill: none; stroke: var(--blue); stroke-width: 1.5; }
`;

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
export const text = (x, y, content, classes = "", anchor = "start") =>
  `<text x="${x}" y="${y}" class="${classes}" text-anchor="${anchor}">${escaped(content)}</text>`;
export const lineTo = (x1, y1, x2, y2, classes) =>
  `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" class="${classes}"/>`;
export const circle = (x, y, r, classes) => `<circle cx="${x}" cy="${y}" r="${r}" class="${classes}"/>`;

/** Estimated width of a label in pixels, for wide system fonts: the real width is only known where it is drawn. */
export const widthOf = (content) => content.length * 7.2;

export function svg(width, height, title, description, parts) {
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="title description">
<title id="title">${escaped(title)}</title>
<desc id="description">${escaped(description)}</desc>
<style>${STYLE}</style>
<rect width="${width}" height="${height}" rx="8" class="sheet"/>
${parts.join("\n")}
</svg>
`;
}
