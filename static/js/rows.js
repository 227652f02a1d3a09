// j and k walk the rows of the first table that has data-rows; Enter opens the row.
const rows = () => [...document.querySelectorAll("[data-rows] tbody tr, ol[data-rows] > li")];
const linkOf = (row) => row.querySelector("a.row-link, a[href]");

export function step(by) {
  const all = rows();
  if (!all.length) return false;
  const at = all.findIndex((row) => row.classList.contains("at") || row.contains(document.activeElement));
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))];
  all.forEach((row) => row.classList.toggle("at", row === next));
  linkOf(next)?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

addEventListener("click", (event) => {
  const row = event.target.closest("[data-rows] tbody tr");
  if (!row || event.target.closest("a, button, input, select, label, summary, form") || String(getSelection())) return;
  const link = linkOf(row);
  if (!link) return;
  if (event.metaKey || event.ctrlKey) open(link.href, "_blank", "noopener"); else link.click();
});
