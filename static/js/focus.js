// Focus survives swaps: what had it is found again by its id, its address or its words; else the content of the page has it.
let kept = null;

const words = (element) => (element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 80);

function signature(element) {
  return { tag: element.tagName, id: element.id, href: element.getAttribute("href"), name: element.getAttribute("name"), text: words(element) };
}

function again(root, was) {
  if (was.id) return document.getElementById(was.id);
  const same = (each) => each.getAttribute("href") === was.href && each.getAttribute("name") === was.name;
  const alike = [...root.querySelectorAll(was.tag)].filter((each) => same(each) && each.checkVisibility());
  return alike.find((each) => words(each) === was.text) ?? (was.href || was.name ? alike[0] : null);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const at = document.activeElement;
  if (event.detail.shouldSwap && at !== document.body && event.detail.target?.contains(at)) kept = signature(at);
});

// After a command in a dialog the page is shown anew: who worked with the keyboard goes on in its content.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Location")) kept ??= { tag: "main", id: "main", href: null, name: null, text: "" };
});

document.addEventListener("htmx:afterSettle", () => {
  if (!kept || document.querySelector("dialog[open]")) return;
  const was = kept;
  kept = null;
  if (document.activeElement !== document.body) return; // htmx, or the page itself, has put it somewhere
  const main = document.getElementById("main");
  const found = again(main ?? document, was) ?? main;
  found?.focus({ preventScroll: true });
  if (document.activeElement === document.body) main?.focus({ preventScroll: true });
});
