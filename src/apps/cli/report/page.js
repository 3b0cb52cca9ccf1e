"use strict";
// Which series is shown, and when everything is drawn again.

const list = document.getElementById("series");
let current = report.shown;

function drawSeries() {
  const series = report.series[current];
  forecastPanel(series);
  if (!backtest) return;
  backtestPanel(series);
  residualPanels(series);
}

function drawAll() {
  drawSeries();
  if (backtest) {
    horizonPanel();
    calibrationPanel();
    calendarPanel();
  }
  trainingPanel();
}

function choose(index) {
  current = index;
  list.value = String(index);
  drawSeries();
}

// The list holds the series whose names contain what was typed; the first of them is shown.
function fillList(part) {
  const wanted = part.toLowerCase();
  const matches = report.series.map((series, index) => index).filter((i) => report.series[i].id.toLowerCase().includes(wanted));
  list.replaceChildren(...matches.map((i) => new Option(report.series[i].id, String(i))));
  list.disabled = !matches.length;
  document.getElementById("found").textContent = wanted ? `${matches.length} of ${report.series.length}` : "";
  if (!matches.length) return;
  if (matches.includes(current)) list.value = String(current);
  else choose(matches[0]);
}

function step(by) {
  const at = list.selectedIndex + by;
  if (at >= 0 && at < list.options.length) choose(Number(list.options[at].value));
}

if (report.series.length > 1) {
  const search = document.getElementById("search"), form = document.getElementById("picker");
  form.hidden = false;
  form.onsubmit = () => false;
  search.hidden = report.series.length <= 12;
  search.oninput = () => fillList(search.value);
  list.onchange = () => choose(Number(list.value));
  document.getElementById("previous").onclick = () => step(-1);
  document.getElementById("next").onclick = () => step(1);
  fillList("");
}
if (backtest && backtest.metrics.mase == null) document.getElementById("figure").value = "mae";
drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
