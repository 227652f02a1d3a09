"""What a page weighs over the wire when nothing of it is known yet, and by how much it moves under the eyes."""

from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.contrib.staticfiles import finders
from playwright.sync_api import Page
from whitenoise.compress import Compressor, brotli_installed

# Bytes of a page with all that it loads, without fonts.
HEAVIEST = 150_000
# Loaded by what draws charts, after the page can be read and used: a dashboard says the same without it.
LATER = "/chart."
# What each answer costs besides its body.
HEADERS = 350
# The sum of shifts of a page, as browsers count it: the share of the window that moved by the share of the way.
MOST_SHIFTED = 0.02

SHIFTS = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const moved = entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? String(node?.nodeName));
      window.shifts.push([entry.value, moved]);
    }
  }).observe({ type: "layout-shift", buffered: true });
"""
SETTLED = """async () => {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60))));
  return window.shifts;
}"""
LOADED = """() => ({
  page: performance.getEntriesByType("navigation")[0].encodedBodySize,
  files: performance.getEntriesByType("resource")
    .filter((each) => each.initiatorType !== "xmlhttprequest" && each.initiatorType !== "fetch")
    .map((each) => each.name),
})"""
LIVE = """async () => {
  const parts = [...document.querySelectorAll("[data-live]")];
  for (const part of parts) {
    const over = new Promise((done) => {
      document.addEventListener("htmx:afterRequest", done, { once: true });
      setTimeout(done, 5000);
    });
    htmx.trigger(part, "live");
    await over;
  }
  return parts.length;
}"""


def watch_shifts(page: Page) -> None:
    """Count shifts of every page that is opened from now on."""
    page.add_init_script(SHIFTS)


def moves(page: Page) -> list[str]:
    """Tell what moved since the page was opened, also when its live parts are asked for anew."""
    shifts = page.evaluate(SETTLED)
    if page.evaluate(LIVE):
        shifts = page.evaluate(SETTLED)
    total = sum(value for value, _ in shifts)
    return [f"shifted by {total:.3f}: {shifts[:3]}"] if total > MOST_SHIFTED else []


def weight(page: Page) -> int:
    """Return the bytes over the wire of the page with its files, as production serves them, without fonts."""
    loaded = page.evaluate(LOADED)
    # Evidence is as large as what people add; it is no part of the page.
    files = {path for name in loaded["files"] if (path := urlsplit(name).path).startswith("/static/")}
    sizes = [compressed(path) for path in files if not path.endswith(".woff2") and LATER not in path]
    return int(loaded["page"]) + sum(sizes) + HEADERS * (1 + len(sizes))


def too_heavy(page: Page) -> list[str]:
    """Tell whether the page is heavier than it may be."""
    found = weight(page)
    return [f"weighs {found:,} bytes"] if found >= HEAVIEST else []


@lru_cache(maxsize=512)
def compressed(address: str) -> int:
    """Return the size of a static file as WhiteNoise serves it in production."""
    found = finders.find(unquote(address).removeprefix("/static/"))
    assert isinstance(found, str), f"{address} is no static file"
    data = Path(found).read_bytes()
    assert brotli_installed
    return min(len(data), len(Compressor.compress_brotli(data)))
