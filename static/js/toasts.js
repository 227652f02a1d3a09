// Notices in the corner: good news leaves by itself, bad news waits to be read.
import { say } from "./say.js";

const box = document.getElementById("toasts");
const busy = document.getElementById("busy");

function tend(note) {
  if (note.dataset.tended) return;
  note.dataset.tended = "1";
  if (!note.matches(".error, .warning")) setTimeout(() => note.remove(), 6000);
}

export function notice(text, level = "error") {
  const note = document.createElement("div");
  note.className = `toast-note ${level}`;
  const words = document.createElement("span");
  words.textContent = text;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-quiet btn-sm";
  button.dataset.dismiss = "";
  button.textContent = "Dismiss";
  note.append(words, button);
  box?.append(note);
}

if (box) {
  const all = () => [...box.querySelectorAll(".toast-note")].forEach(tend);
  new MutationObserver(all).observe(box, { childList: true });
  all();
}

addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast-note")?.remove());

const words = {
  0: "No connection to RetailOps. Nothing was changed; try again.",
  401: "You are signed out. Sign in again; nothing was changed.",
  403: "You may not do this. Nothing was changed.",
  404: "It is not there any more, or not for you.",
  429: "Too many requests at once. Wait a moment and try again.",
};
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (event.detail.elt?.closest?.("[data-live]")) return; // a background refresh tries again by itself
  if ([403, 404].includes(status) && event.detail.target?.id === "sheet-content") return; // the dialog says it
  notice(words[status] ?? "Something failed on our side. Reload to see what is true now.");
});
document.addEventListener("htmx:sendError", (event) => {
  if (!event.detail.elt?.closest?.("[data-live]")) notice(words[0]);
});
// Signed out meanwhile: the answer is the sign-in page, which belongs in no fragment.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.responseURL.includes("/accounts/login/")) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});
let running = 0;
const show = (by) => { running = Math.max(0, running + by); if (busy) busy.hidden = running === 0; };
document.addEventListener("htmx:beforeRequest", (event) => { if (!event.detail.elt?.closest?.("[data-live]")) show(1); });
document.addEventListener("htmx:afterRequest", (event) => { if (!event.detail.elt?.closest?.("[data-live]")) show(-1); });
document.addEventListener("htmx:afterSettle", (event) => { if (event.target.dataset?.said) say(event.target.dataset.said); });
