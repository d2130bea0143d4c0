// Renders charts and tables from the page's data, filters them, and exports them as CSV.
"use strict";
const board = JSON.parse(document.getElementById("board").textContent);
const chosen = {};
const dark = matchMedia("(prefers-color-scheme: dark)");

function shown(rows) {
  return rows.filter((row) =>
    board.filters.every((name) => !chosen[name] || !row[name] || row[name] === chosen[name]));
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const text = colour("--text"), quiet = colour("--quiet"), line = colour("--line");
  return {
    background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
    axis: { labelColor: quiet, titleColor: quiet, gridColor: line, domainColor: line, tickColor: line, labelFontSize: 12 },
    legend: { labelColor: text, labelFontSize: 12 },
    // Eight hues that people with the common colour weaknesses can tell apart (Okabe and Ito, 2008).
    range: { category: dark.matches
      ? ["#56b4e9", "#e69f00", "#2fc997", "#f0e442", "#cc79a7", "#ff8a4c", "#9db4ff", "#c0c6cf"]
      : ["#0072b2", "#b86e00", "#00795a", "#7a6a00", "#a8437f", "#b34a00", "#4b56c8", "#555c66"] },
  };
}

async function draw(chart) {
  const place = document.getElementById(`plot-${chart.id}`);
  const rows = shown(chart.rows);
  if (chart.view) { chart.view.finalize(); chart.view = null; }
  place.classList.toggle("none", !rows.length);
  if (!rows.length) { place.textContent = "No data for this selection."; return; }
  const result = await vegaEmbed(place, chart.spec, {
    actions: false, renderer: "svg", config: theme(), tooltip: { theme: dark.matches ? "dark" : "light" },
    patch: (spec) => { spec.data.find((item) => item.name === board.data).values = rows; return spec; },
  });
  chart.view = result.view;
  // Screen readers read the chart's table; the drawing is hidden from them.
  const drawing = place.querySelector("svg");
  drawing.setAttribute("aria-hidden", "true");
}

function cells(row, columns) {
  return columns.map((key) => {
    const cell = document.createElement("td");
    const value = row[key] ?? "";
    cell.textContent = value;
    if (typeof value === "number") cell.className = "number";
    else if (["severity", "verdict"].includes(key)) cell.className = value;
    return cell;
  });
}

function fill(part) {
  const body = document.querySelector(`#table-${part.id} tbody`);
  const rows = shown(part.rows);
  body.replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...cells(row, part.columns));
    return line;
  }));
  if (!rows.length) {
    const line = body.insertRow();
    const cell = line.insertCell();
    cell.colSpan = part.columns.length;
    cell.textContent = part.empty;
  }
}

function text(value) {
  const plain = String(value ?? "");
  // CSV injection: spreadsheets evaluate cells that begin with these characters as formulas.
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function download(part) {
  const rows = shown(part.rows);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((key) => row[key]))];
  const data = new Blob([lines.map((line) => line.map(text).join(",")).join("\n")], { type: "text/csv" });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(data), download: `${part.id}.csv` });
  link.click();
  URL.revokeObjectURL(link.href);
}

// Lazy rendering: a chart when it is near the viewport, its table when it is opened.
const near = new IntersectionObserver((seen) => {
  for (const item of seen) if (item.isIntersecting) {
    near.unobserve(item.target);
    draw(board.charts.find((chart) => `plot-${chart.id}` === item.target.id));
  }
}, { rootMargin: "400px" });

function again() {
  for (const chart of board.charts) if (chart.view || document.getElementById(`plot-${chart.id}`).matches(".none")) draw(chart);
  for (const part of board.tables) fill(part);
  for (const details of document.querySelectorAll("details[open]")) fill(board.charts.find((chart) => chart.id === details.dataset.chart));
  const named = board.filters.filter((name) => chosen[name]).map((name) => `${name} ${chosen[name]}`);
  document.getElementById("told").textContent = named.length ? `Showing ${named.join(", ")}` : "Showing everything";
}

for (const select of document.querySelectorAll("select[data-filter]"))
  select.addEventListener("change", () => { chosen[select.dataset.filter] = select.value; again(); });
for (const button of document.querySelectorAll("button[data-download]"))
  button.addEventListener("click", () =>
    download([...board.charts, ...board.tables].find((part) => part.id === button.dataset.download)));
for (const details of document.querySelectorAll("details[data-chart]"))
  details.addEventListener("toggle", () =>
    details.open && fill(board.charts.find((chart) => chart.id === details.dataset.chart)));
dark.addEventListener("change", again);
for (const part of board.tables) fill(part);
for (const chart of board.charts) near.observe(document.getElementById(`plot-${chart.id}`));
