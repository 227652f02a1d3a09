// The tab that is open is in sight, also where the row of tabs scrolls.
function reveal() {
  for (const tab of document.querySelectorAll(".tabs a[aria-current]")) {
    const row = tab.closest(".tabs");
    row.scrollLeft = tab.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }
}
document.addEventListener("htmx:afterSwap", reveal);
reveal();
