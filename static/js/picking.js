// Rows of a list are picked with x, a run of them with shift+x or shift+click; the buttons say how many.
const boxes = () => [...document.querySelectorAll("[data-pickable] tbody .pick input")];
let last = null;

function told() {
  const every = boxes();
  const whole = document.querySelector("[data-pick-every]")?.checked;
  const count = every.filter((box) => box.checked).length;
  const text = document.querySelector("[data-picked]");
  if (text) text.textContent = whole ? "All that match" : count ? `${count} selected` : text.dataset.none;
  for (const button of document.querySelectorAll("[data-many]")) button.disabled = !count && !whole;
  const all = document.querySelector("[data-pick-all]");
  if (all) {
    all.checked = count > 0 && count === every.length;
    all.indeterminate = count > 0 && count < every.length;
  }
}

function reach(to, on) {
  const every = boxes();
  const [from, end] = [every.indexOf(last), every.indexOf(to)];
  if (from < 0 || end < 0) return;
  for (const box of every.slice(Math.min(from, end), Math.max(from, end) + 1)) box.checked = on;
}

export const picked = () => boxes().filter((box) => box.checked);

// Picks the row that one is at; with `run`, all from the one picked last to it.
export function pick(run) {
  const row = document.querySelector("[data-pickable] tbody tr.at") ?? document.activeElement?.closest("[data-pickable] tbody tr");
  const box = row?.querySelector(".pick input");
  if (!box) return false;
  box.checked = run ? true : !box.checked;
  if (run) reach(box, true);
  last = box;
  told();
  return true;
}

// For a command on several: what is picked, or else the row that one is at.
export function need() {
  if (document.querySelector("[data-pick-every]")?.checked) return true;
  if (!picked().length) pick(false);
  return picked().length > 0;
}

addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-pickable] .pick input");
  if (box) {
    if (event.shiftKey) reach(box, box.checked);
    last = box;
    told();
  }
  if (event.target.matches?.("[data-pick-every]")) told();
  if (event.target.matches?.("[data-pick-all]")) {
    for (const each of boxes()) each.checked = event.target.checked;
    told();
  }
});
document.addEventListener("htmx:afterSwap", told);
addEventListener("pageshow", told);
told();
