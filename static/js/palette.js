// Ctrl K: go to a screen, do what the page offers, or look any id up.
const dialog = document.getElementById("palette");
const input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");
const search = document.querySelector("form.search");
let at = 0;

function commands() {
  const screens = [...document.querySelectorAll("[data-go]")].map((link) => ({
    text: `Go to ${link.querySelector("span").textContent}`, keys: ["g", link.dataset.go], run: () => link.click(),
  }));
  const actions = [...document.querySelectorAll("[data-command]:not([aria-disabled=true], [disabled])")].map((element) => ({
    text: element.dataset.command, keys: [], run: () => element.click(),
  }));
  const themes = [...document.querySelectorAll("[data-theme-choice]")].map((button) => ({
    text: `Theme: ${button.textContent.trim().toLowerCase()}`, keys: [], run: () => button.click(),
  }));
  return [...actions, ...screens, ...themes];
}

function matching() {
  const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const found = commands().filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)));
  if (words.length) found.push({ text: `Find “${input.value.trim()}” among all ids`, keys: [], run: find });
  return found;
}

function find() {
  search.querySelector("input").value = input.value.trim();
  search.requestSubmit();
}

function draw() {
  const found = matching();
  at = Math.min(at, Math.max(0, found.length - 1));
  list.replaceChildren(...found.map((command, index) => option(command, index)));
  input.setAttribute("aria-activedescendant", found.length ? `command-${at}` : "");
  list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
}

function option(command, index) {
  const item = document.createElement("li");
  item.id = `command-${index}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", String(index === at));
  item.append(command.text);
  const keys = document.createElement("span");
  keys.className = "end";
  keys.append(...command.keys.map((key) => Object.assign(document.createElement("kbd"), { textContent: key })));
  item.append(keys);
  item.addEventListener("click", () => run(command));
  return item;
}

function run(command) {
  dialog.close();
  command?.run();
}

if (dialog) {
  new MutationObserver(() => { if (dialog.open) { input.value = ""; at = 0; draw(); input.focus(); } })
    .observe(dialog, { attributes: true, attributeFilter: ["open"] });
  input.addEventListener("input", () => { at = 0; draw(); });
  input.addEventListener("keydown", (event) => {
    const size = list.children.length || 1;
    if (event.key === "ArrowDown") { event.preventDefault(); at = (at + 1) % size; draw(); }
    if (event.key === "ArrowUp") { event.preventDefault(); at = (at - 1 + size) % size; draw(); }
    if (event.key === "Enter") { event.preventDefault(); run(matching()[at]); }
  });
}
