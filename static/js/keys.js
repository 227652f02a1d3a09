// The keyboard: single keys work anywhere but in a field; "g" then a letter goes to a screen.
import { step } from "./rows.js";
import { open } from "./sheet.js";

let going = 0;

const singles = {
  j: () => step(1),
  k: () => step(-1),
  "?": () => open("keys"),
  "/": () => { const search = document.getElementById("search"); search?.focus(); search?.select(); return search; },
  g: () => { going = Date.now(); return true; },
};

addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open("palette");
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  if (going && Date.now() - going < 1500) {
    going = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); return; }
  }
  if (singles[event.key]?.()) event.preventDefault();
});
