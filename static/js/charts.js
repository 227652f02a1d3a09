// Draws the charts of a dashboard from the tables under them; Chart.js is loaded when one comes near the screen.
const charts = new Map();
let loading = null;

function load(address) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  return loading;
}

// A token of the style sheet as the color that it has in the present theme.
function color(name) {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function lasting(seconds) {
  for (const [limit, unit, name] of [[90, 1, "s"], [5400, 60, "min"], [172800, 3600, "h"], [Infinity, 86400, "d"]]) {
    if (seconds < limit) {
      const amount = seconds / unit;
      return `${amount >= 10 || unit === 1 ? Math.round(amount) : Number(amount.toFixed(1))} ${name}`;
    }
  }
}

function read(table) {
  const heads = [...table.querySelectorAll("thead th")];
  const rows = [...table.querySelectorAll("tbody tr")];
  const series = heads.flatMap((head, column) => head.dataset.series ? [{ name: head.dataset.series, column, quiet: "quiet" in head.dataset }] : []);
  return {
    labels: rows.map((row) => row.cells[0].textContent.trim()),
    series: series.map(({ name, column, quiet }) => ({
      name, quiet,
      values: rows.map((row) => row.cells[column].dataset.value === "" ? null : Number(row.cells[column].dataset.value)),
      links: rows.map((row) => row.cells[column].querySelector("a")?.href),
    })),
  };
}

// The period before is a thin broken line behind what is now.
function before({ name, values }, ink) {
  return {
    type: "line", label: name, data: values, borderColor: ink, backgroundColor: "transparent", borderWidth: 1, borderDash: [4, 3],
    pointRadius: 0, pointHoverRadius: 3, tension: 0.25, spanGaps: true, pointStyle: "line", order: 1,
  };
}

function draw(box) {
  const { labels, series } = read(box.parentElement.querySelector("table"));
  const seconds = box.dataset.unit === "seconds", line = box.dataset.chart === "line";
  const tell = seconds ? lasting : (value) => value.toLocaleString("en-US");
  const ink = [color("--ro-accent-fill"), color("--ro-chart-second")], past = color("--ro-text-3"), text = color("--ro-text-3"), grid = color("--ro-line");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const loud = series.filter((each) => !each.quiet);
  charts.get(box)?.destroy();
  charts.set(box, new Chart(box.querySelector("canvas"), {
    type: box.dataset.chart,
    data: { labels, datasets: series.map((each) => each.quiet ? before(each, past) : {
      label: each.name, data: each.values, backgroundColor: ink[loud.indexOf(each)], borderColor: ink[loud.indexOf(each)],
      borderWidth: line ? 2 : 0, borderRadius: 2, maxBarThickness: 22, pointRadius: labels.length > 31 ? 0 : 2.5,
      pointHoverRadius: 4, tension: 0.25, spanGaps: true, pointStyle: loud.indexOf(each) ? "rectRot" : "circle",
    }) },
    options: {
      animation: still ? false : { duration: 200 }, maintainAspectRatio: false, interaction: { mode: "index", intersect: false },
      onClick: (event, found) => { const link = found[0] && series[found[0].datasetIndex].links[found[0].index]; if (link) location.href = link; },
      plugins: {
        legend: { align: "start", labels: { color: text, boxWidth: 9, boxHeight: 9, font: { size: 11.5 } } },
        tooltip: { callbacks: { label: (item) => ` ${item.dataset.label}: ${tell(item.raw)}` } },
      },
      scales: {
        x: { grid: { display: false }, border: { color: grid }, ticks: { color: text, maxRotation: 0, autoSkipPadding: 16, font: { size: 11 } } },
        y: { beginAtZero: true, border: { display: false }, grid: { color: grid }, ticks: { color: text, maxTicksLimit: 5, precision: 0, font: { size: 11 }, callback: tell } },
      },
    },
  }));
  box.classList.add("drawn");
}

async function show(box) {
  try { await load(box.dataset.script); } catch { return; }
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  if (box.isConnected) draw(box);
}

// Charts lie below the figures: a visit that does not come near them loads no library. Their tables are there anyway.
const near = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    show(target);
  }
}, { rootMargin: "300px 0px" });

function watch() {
  for (const [box, chart] of charts) if (!box.isConnected) { chart.destroy(); charts.delete(box); }
  for (const box of document.querySelectorAll("[data-chart]")) {
    if (box.classList.contains("drawn")) draw(box);
    else near.observe(box);
  }
}

document.addEventListener("htmx:afterSwap", watch);
// The theme changes the colors of what is drawn already.
new MutationObserver(watch).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
watch();
