// A link that holds the text, in its fragment: that part of an address stays in the browser.
import { $ } from "./dom.js";
import { t } from "./language.js";
import { fill } from "./try.js";

/** Characters of a fragment: longer links break in mails and chats. */
const LONGEST = 4000;
const KEY = "#text=";

function fromAddress() {
  if (!location.hash.startsWith(KEY)) return;
  try {
    fill(decodeURIComponent(location.hash.slice(KEY.length)));
  } catch {
    // Somebody has cut the link: there is no text in it.
  }
}

$("share").addEventListener("click", async () => {
  const hash = KEY + encodeURIComponent($("text").value.toWellFormed?.() ?? $("text").value);
  if (hash.length > LONGEST) {
    $("shared").textContent = t("share.long");
    return;
  }
  history.replaceState(null, "", hash);
  const copied = await navigator.clipboard?.writeText(location.href).then(
    () => true,
    () => false,
  );
  $("shared").textContent = t(copied ? "share.copied" : "share.refused");
});
addEventListener("hashchange", fromAddress);
fromAddress();
