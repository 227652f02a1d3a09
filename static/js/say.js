// Tell people who cannot see the change.
export function say(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}
