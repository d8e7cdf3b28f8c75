// Drag and drop: files dropped on the part "Your model" are a model, on the part "Your labels" examples or a head, and
// anywhere else rows to label. main.js keeps the browser from opening them.
import { isBusy } from "./busy.js";
import { $ } from "./dom.js";
import { openPart } from "./parts.js";

const partOf = (target) => target.closest("#model") ?? target.closest("#teach") ?? $("bulk");
const hasFiles = ({ dataTransfer }) => dataTransfer.types.includes("Files");

function mark(part) {
  for (const each of document.querySelectorAll(".dropping")) each.classList.toggle("dropping", each === part);
  part?.classList.add("dropping");
}

addEventListener("dragover", (event) => hasFiles(event) && mark(partOf(event.target)));
addEventListener("dragleave", (event) => event.relatedTarget ?? mark());
addEventListener("drop", async (event) => {
  if (!hasFiles(event)) return;
  mark();
  // Read at once: after an `await`, the browser has emptied the list.
  const entries = Array.from(event.dataTransfer.items, (item) => item.webkitGetAsEntry()).filter(Boolean);
  const [file] = event.dataTransfer.files;
  const part = partOf(event.target);
  const exports = await openPart(part.id).catch(() => undefined); // the part says that it could not be loaded
  if (!exports) return part.scrollIntoView();
  if (part === $("model")) return exports.dropModel(entries);
  if (isBusy()) exports.showProblem("model.busy");
  else if (file) await exports.openFile(file);
  part.scrollIntoView();
});
