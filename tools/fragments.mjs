// The fragments of a Markdown page, to which links such as guide.md#install lead.

/** A heading's fragment, as GitHub derives it. The documentation's site does the same. */
export const slugify = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

const plainText = (heading) => heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");

/** All fragments of a page: of its headings, whose repetitions are numbered, and of its `<a id>`. */
export function fragmentsOf(text) {
  const found = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id));
  const times = new Map();
  for (const [, heading] of text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm)) {
    const slug = slugify(plainText(heading));
    const count = times.get(slug) ?? 0;
    times.set(slug, count + 1);
    found.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return found;
}
