// Rows with a checkbox: x selects the row at hand, shift+x all up to it, and elements with data-hotkey answer their key.
const boxes = () => [...document.querySelectorAll("[data-rows] .pick input[type=checkbox]")];
let last = null;

function here() {
  const row = document.querySelector("[data-rows] tr.at") || document.activeElement?.closest("[data-rows] tr");
  return row?.querySelector(".pick input[type=checkbox]");
}

function tell() {
  const count = boxes().filter((box) => box.checked).length;
  for (const place of document.querySelectorAll("[data-chosen]")) {
    place.textContent = count ? `${count} ${place.dataset.some}` : place.dataset.none;
  }
}

function pick(box, upTo) {
  const all = boxes();
  const from = upTo && last ? all.indexOf(last) : -1;
  if (from < 0) box.checked = !box.checked;
  else {
    const [low, high] = [from, all.indexOf(box)].sort((a, b) => a - b);
    all.slice(low, high + 1).forEach((one) => { one.checked = true; });
  }
  last = box;
  tell();
}

addEventListener("change", (event) => {
  if (!event.target.matches?.("[data-rows] .pick input")) return;
  last = event.target;
  tell();
});
document.addEventListener("htmx:afterSettle", tell);

addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (key === "x") {
    const box = here();
    if (!box) return;
    event.preventDefault();
    pick(box, event.shiftKey);
    return;
  }
  if (event.shiftKey) return;
  const button = document.querySelector(`main [data-hotkey="${CSS.escape(key)}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});
