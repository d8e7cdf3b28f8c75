// Markdown tables always have a row of headings. An empty heading says nothing to a screen reader: it becomes an ordinary cell.
export function emptyHeadings(md) {
  md.core.ruler.push("empty-headings", ({ tokens }) => {
    for (const [i, { type }] of tokens.entries()) {
      if (type !== "th_open" || tokens[i + 1].content !== "") continue;
      tokens[i].tag = "td";
      tokens[i + 2].tag = "td";
    }
  });
}
