// A link to a folded step opens it: from the picture of a trace, from a cause, from another page.
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const fold = target && (target.querySelector(":scope > details") ?? target.closest("details"));
  if (!fold) return;
  fold.open = true;
  fold.querySelector("summary").focus({ preventScroll: true });
  target.scrollIntoView({ block: "center" });
}
addEventListener("hashchange", reveal);
addEventListener("DOMContentLoaded", reveal);
if (document.readyState !== "loading") reveal();
