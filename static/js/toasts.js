// Notices in the corner: good news leaves by itself, bad news waits to be read.
import { say } from "./say.js";

const box = document.getElementById("toasts");
const busy = document.getElementById("busy");

// While somebody points at it or is in it, it stays. What can be undone stays longer, for it asks for a decision.
function tend(note) {
  if (note.dataset.tended) return;
  note.dataset.tended = "1";
  // What is held for some seconds can be taken back as long, and no longer.
  if (note.dataset.lasts) return setTimeout(() => note.remove(), note.dataset.lasts * 1000);
  if (!note.matches(".error, .warning")) leave(note, note.querySelector("[data-undo]") ? 10000 : 6000);
}

function leave(note, after) {
  setTimeout(() => {
    if (note.matches(":hover, :focus-within")) leave(note, 2000);
    else note.remove();
  }, after);
}

// A notice whose undo was taken up has said what it had to say.
addEventListener("submit", (event) => {
  const note = event.target.closest?.(".toast-note");
  if (note) setTimeout(() => note.remove());
});

export function undo() {
  const button = [...(box?.querySelectorAll("[data-undo]") ?? [])].at(-1);
  button?.click();
  return button;
}

// A dialog covers what is behind it: while one is open, notices stand in it.
const place = () => document.querySelector("dialog[open] .sheet-body") ?? box;

function button(text, name) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name === "dismiss" ? "btn btn-quiet btn-sm" : "btn btn-sm";
  made.dataset[name] = "";
  made.textContent = text;
  return made;
}

export function notice(text, level = "error", again = null, label = "Try again") {
  const note = document.createElement("div");
  note.className = `toast-note ${level}`;
  if (place() !== box) note.setAttribute("role", "alert");
  const words = document.createElement("span");
  words.textContent = text;
  note.append(words);
  if (again) {
    const retry = button(label, "retry");
    retry.addEventListener("click", () => { note.remove(); again(); });
    note.append(retry);
  }
  note.append(button("Dismiss", "dismiss"));
  for (const other of place()?.querySelectorAll(".toast-note.error") ?? []) {
    if (other.textContent === note.textContent) other.remove();
  }
  place()?.prepend(note);
}

if (box) {
  const all = () => [...box.querySelectorAll(".toast-note")].forEach(tend);
  new MutationObserver(all).observe(box, { childList: true });
  all();
}

addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast-note")?.remove());

const words = {
  401: "You are signed out. Sign in again; nothing was changed.",
  403: "You may not do this. Nothing was changed.",
  404: "It is not there any more, or not for you.",
  413: "That is too large to be sent. Nothing was changed.",
  429: "Too many requests at once. Wait a moment, then try again.",
};

// What only reads is asked again with a click. Of a command whose answer was lost, only the page knows what became of it.
function failed(event, reading, changing) {
  const { elt, target, requestConfig, pathInfo } = event.detail;
  if (elt?.closest?.("[data-live]")) return; // a background refresh tries again by itself
  if (requestConfig?.verb !== "get") return notice(changing, "error", () => location.reload(), "Reload");
  const address = pathInfo?.finalRequestPath ?? requestConfig.path;
  notice(reading, "error", () => htmx.ajax("get", address, elt?.isConnected ? { source: elt, target } : { target }));
}

document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if ([403, 404].includes(status) && event.detail.target?.id === "sheet-content") return; // the dialog says it
  if (words[status] && status !== 429) {
    if (!event.detail.elt?.closest?.("[data-live]")) notice(words[status]);
    return;
  }
  const reading = words[status] ?? "Something failed on our side. Nothing was changed.";
  failed(event, reading, words[status] ?? "Something failed on our side. Reload to see what is true now.");
});
for (const type of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(type, (event) => failed(
    event,
    "No answer from RetailOps. Is this machine online?",
    "The answer was lost: it may have been done, or not. Reload to see before you repeat it.",
  ));
}
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
