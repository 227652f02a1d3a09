// The keyboard: single keys work anywhere but in a field; "g" then a letter goes to a screen.
import { need, pick } from "./picking.js";
import { step } from "./rows.js";
import { open } from "./sheet.js";
import { undo } from "./toasts.js";

let going = 0;

const find = () => {
  const search = document.getElementById("query") ?? document.getElementById("search");
  search?.focus();
  search?.select();
  return search;
};

const singles = {
  j: () => step(1),
  k: () => step(-1),
  x: () => pick(false),
  X: () => pick(true),
  ".": () => next(),
  "?": () => open("keys"),
  "/": find,
  n: () => write(),
  z: undo,
  g: () => { going = Date.now(); return true; },
};

// A command of the list acts on the picked rows; any other page says with data-key which button is meant.
function press(key) {
  const button = document.querySelector(`main [data-key="${CSS.escape(key)}"]:not([aria-disabled=true], [disabled])`);
  if (button) { button.click(); return true; }
  const many = document.querySelector(`main [data-bulk-key="${CSS.escape(key)}"]`);
  if (!many || !need()) return false;
  many.click();
  return true;
}

// On a page that takes notes, n goes to the field; in a list it writes on what is picked.
function write() {
  const field = document.querySelector("main form.card-pad textarea[name=text]");
  field?.focus();
  return field;
}

function next() {
  const link = document.querySelector("main [data-next]");
  link?.click();
  return link;
}

addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open("palette");
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
  // From the box that narrows a list down to its rows.
  if (event.key === "ArrowDown" && event.target.matches("main input[type=search]:not([list])") && step(1)) {
    event.preventDefault();
    return;
  }
  const box = event.target.closest("input, textarea, select, [contenteditable], dialog[open]");
  // A field of a dialog that was closed just now has the focus until the next frame, and takes no keys any more.
  if (box?.checkVisibility() && !event.target.matches(".pick input")) return;
  if (going && Date.now() - going < 1500) {
    going = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); return; }
  }
  if ((singles[event.key]?.() ?? false) || (event.key.length === 1 && press(event.key))) event.preventDefault();
});
