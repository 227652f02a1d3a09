// Relative times stay true while the page is open; the server writes them first.
const steps = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];

export function relative(seconds) {
  const size = Math.abs(seconds);
  if (size < 5) return "now";
  const [, unit, name] = steps.find(([limit]) => size < limit);
  const text = `${Math.floor(size / unit)} ${name}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-rel]")) {
    const text = relative((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(() => { if (!document.hidden) refresh(); }, 15000);
