// Ids copy with one click, and so does the address of the page: it holds all that the page shows.
import { say } from "./say.js";
import { notice } from "./toasts.js";

addEventListener("click", async (event) => {
  if (event.target.closest("[data-copy-here]")) {
    await navigator.clipboard.writeText(location.href);
    notice("The link to this page is copied.", "success");
    return;
  }
  if (event.target.closest("[data-print]")) { print(); return; }
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  event.preventDefault();
  const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  const text = source ? source.textContent : button.dataset.copy;
  await navigator.clipboard.writeText(text);
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1200);
  say(source ? "Copied." : `Copied ${text}`);
});
