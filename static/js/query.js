// The query box: what may be typed next comes from the server, as whole queries in the box's list.
let asked = 0;
let waiting = 0;

async function offer(box) {
  const mine = ++asked;
  const answer = await fetch(`${box.dataset.words}?q=${encodeURIComponent(box.value)}`, { headers: { "HX-Request": "true" } });
  if (!answer.ok || answer.redirected || mine !== asked) return;
  const list = document.getElementById(box.getAttribute("list"));
  if (list) list.innerHTML = await answer.text();
}

for (const type of ["input", "focusin"]) {
  addEventListener(type, (event) => {
    const box = event.target.closest?.("[data-words]");
    if (!box) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => offer(box).catch(() => {}), type === "input" ? 120 : 0);
  });
}
