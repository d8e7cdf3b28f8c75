// The examples below the text in Chinese, in the order of those in index.html.
export const short = [
  "这部电影太好看了",
  "阴沉，压抑，看不到一点希望。",
  "剧情有点老套，但我从头到尾看得很开心。",
  "下午三点在二楼开会。",
  "还不错，比我想的好。",
  "等了一个小时，端上来的汤还是凉的。",
];

/** A film, and reviews. */
export async function long() {
  const { batch, passage } = await import("./texts-zh.js");
  return `${passage.replaceAll("\n", "")}\n\n${batch.join("")}`;
}
