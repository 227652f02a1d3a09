// Dialogs. A link with data-sheet opens its own page inside the dialog; without this script it is a page.
import { say } from "./say.js";

const sheet = document.getElementById("sheet");

export function open(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
  return dialog;
}

addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) open(opener.dataset.open);
  const closer = event.target.closest("[data-close]");
  if (closer?.closest("dialog")) { event.preventDefault(); closer.closest("dialog").close(); }
  if (event.target.closest("[data-close-after]")) setTimeout(() => sheet?.close());
  if (event.target.matches?.("dialog[open]")) event.target.close(); // a click on the backdrop
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "sheet-content") return;
  if (sheet && !sheet.open) sheet.showModal();
  const field = sheet.querySelector("[aria-invalid=true], [autofocus], input:not([type=hidden]), textarea, select");
  field?.focus();
  const fault = sheet.querySelector(".errors, .errorlist");
  if (fault) say(fault.textContent.trim());
});

// An accepted form answers with where to look now; the dialog has done its work.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (sheet?.open && event.detail.xhr.getResponseHeader("HX-Location")) sheet.close();
});
