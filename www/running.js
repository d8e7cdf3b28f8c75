// The buttons and the progress bar of a part whose job is started and cancelled: "teach" or "speed".
import { $ } from "./dom.js";

export function showRunning(part, is) {
  $(`${part}-start`).hidden = is;
  $(`${part}-stop`).hidden = !is;
  $(`${part}-progress`).value = 0;
  $(`${part}-progress`).classList.toggle("at-work", is);
}
