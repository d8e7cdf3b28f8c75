// Code spans that are a SHA-256 have a class of their own: a table shows their beginnings only.
export function markDigests(md) {
  md.core.ruler.push("digests", ({ tokens }) => {
    for (const { children } of tokens) {
      for (const each of children ?? []) {
        if (each.type === "code_inline" && /^[0-9a-f]{64}$/.test(each.content)) each.attrSet("class", "digest");
      }
    }
  });
}
