// Drag and drop: files dropped on the part "Your model" are a model, files dropped anywhere else are rows to label.
import { isBusy, openRows } from "./bulk.js";
import { $ } from "./dom.js";
import { dropModel } from "./own-model.js";

const partOf = (target) => (target.closest("#model") ? $("model") : $("bulk"));
const hasFiles = ({ dataTransfer }) => dataTransfer.types.includes("Files");

function mark(part) {
  for (const each of document.querySelectorAll(".dropping")) each.classList.toggle("dropping", each === part);
  part?.classList.add("dropping");
}

addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  mark(partOf(event.target));
});
addEventListener("dragleave", (event) => event.relatedTarget ?? mark());
addEventListener("drop", async (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  mark();
  const { items, files } = event.dataTransfer;
  const part = partOf(event.target);
  if (part === $("model")) return dropModel([...items]);
  if (isBusy() || files.length === 0) return;
  await openRows(files[0], files[0].name);
  part.scrollIntoView();
});
