// Links that contain the text, in the fragment: browsers do not send that part of a URL to the server.
import { $ } from "./dom.js";
import { t } from "./language.js";
import { fill } from "./try.js";

/** Maximum length of a fragment in characters. Mail and chat programs break longer links. */
const LONGEST = 4000;
const KEY = "#text=";

function fromAddress() {
  if (!location.hash.startsWith(KEY)) return;
  try {
    fill(decodeURIComponent(location.hash.slice(KEY.length)));
  } catch {
    // A truncated link can end within a percent-encoded character: it is ignored.
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
