// Live parts ask again every data-live seconds, and rest while nobody looks or while the person is in a dialog.
const asked = new WeakMap();

setInterval(() => {
  if (document.hidden || document.querySelector("dialog[open]")) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = Date.now();
    if (!asked.has(part)) asked.set(part, now);
    // What a person has unfolded to read is not swapped away under the eyes.
    if (part.dataset.liveGently !== undefined && document.querySelector("main details[open]")) continue;
    if (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) continue;
    if (now - asked.get(part) >= Number(part.dataset.live) * 1000) {
      asked.set(part, now);
      htmx.trigger(part, "live");
    }
  }
}, 1000);

// A part that was swapped away while its answer was on the way has nothing to say any more.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.requestConfig.elt.isConnected) event.detail.shouldSwap = false;
});
