// Which groups of screens a person folded or opened is kept in a cookie: the next page comes as this one was left.
function kept() {
  const found = document.cookie.split("; ").find((each) => each.startsWith("rail="))?.slice(5) ?? "";
  return new Map(found.split(".").filter(Boolean).map((each) => each.split(":")));
}

function keep(group, open) {
  const all = kept().set(group.dataset.railGroup, String(Number(open)));
  const text = [...all].map((each) => each.join(":")).join(".");
  document.cookie = `rail=${text}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
}

for (const group of document.querySelectorAll("[data-rail-group]")) {
  // The click of a mouse or of Enter; what the page itself opened is nobody's choice. The click comes before the group
  // opens or closes, and who leaves the page with the next key does not wait for a timer.
  group.querySelector("summary").addEventListener("click", () => keep(group, !group.open));
}

// The screen that one is on is in sight, also where the list is longer than the window.
document.querySelector(".rail [aria-current]")?.scrollIntoView({ block: "nearest" });
