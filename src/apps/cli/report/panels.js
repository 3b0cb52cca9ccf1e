"use strict";
// One function a panel: it draws what the page's data holds into the section of its name, or leaves that hidden.

const report = JSON.parse(document.getElementById("data").textContent);
const backtest = report.backtest;
const levels = report.shares?.levels ?? [];  // of the windows' quantiles
const medianLevel = levels.indexOf(0.5);

// Times of a series, written out once.
function timesOf(series) {
  const { from, step, count } = series.times;
  if (step !== undefined) series.times = Array.from({ length: count }, (_, i) => from + i * step);
  return series.times;
}

function show(id, caption) {
  const section = document.getElementById(id);
  section.hidden = false;
  if (caption !== undefined) section.querySelector(".caption").textContent = caption;
  return section;
}

const timeScale = () => ({ time: !report.integer_axis });

// A line of the time under the cursor, then one for each series.
function timeLegend(times) {
  const name = clock(times, report.integer_axis);
  return { label: "at", class: "cursor", value: (_, t) => (t == null ? "" : name(t)) };
}

// An interval is two lines, of which the legend names the upper one: "80 % interval  371 to 375".
function intervalLines(label, low, high, extra = {}) {
  const value = (u, v, _, i) => (i == null || u.data[low][i] == null ? "" : `${number(u.data[low][i])} to ${number(v)}`);
  const unseen = { width: 0, ...extra };
  return [line(label, colour("band"), { value, class: "band", ...unseen }), line("", colour("band"), { class: "silent", ...unseen })];
}

// Buttons that show the newest part, or everything, as a double click does.
function rangeButtons(section, chart, times, firstRecent) {
  const last = times.length - 1;
  for (const button of section.querySelectorAll("[data-range]")) {
    const from = button.dataset.range === "recent" ? firstRecent : 0;
    button.onclick = () => chart.setScale("x", { min: times[from], max: times[last] });
    if (button.dataset.range === "recent") button.onclick();
  }
}

function forecastPanel(series) {
  if (!series.median?.length) return;
  const past = series.history.length, horizon = series.median.length;
  let joint = past - 1;  // the last observed value, where nothing is uncertain yet
  while (joint >= 0 && series.history[joint] == null) --joint;
  const ahead = (values) => {
    const column = new Array(past).fill(null).concat(values);
    if (joint >= 0) column[joint] = series.history[joint];
    return column;
  };
  const times = timesOf(series);
  const data = [times, series.history.concat(new Array(horizon).fill(null))];
  const lines = [timeLegend(times), line("history", colour("history"))];
  const bands = [];
  for (const [low, high, share] of intervals(report.levels)) {
    const upper = lines.length;
    lines.push(...intervalLines(`${number(100 * share)} % interval`, upper + 1, upper, { spanGaps: true }));
    data.push(ahead(series.quantiles[high]), ahead(series.quantiles[low]));
    bands.push({ series: [upper, upper + 1], fill: colour("band") });
  }
  lines.push(line("median forecast", colour("accent"), { width: 2.2, spanGaps: true, points: { show: horizon === 1, size: 6 } }));
  data.push(ahead(series.median));

  const section = show("forecast", `${series.id}: ${horizon} ${horizon === 1 ? "step" : "steps"} after its last value. Drag to zoom, double click for everything.`);
  const chart = draw(section.querySelector(".chart"), {
    scales: { x: timeScale() },
    axes: [timeAxis(report.integer_axis), valueAxis()],
    series: lines,
    bands,
    hooks: { draw: [(u) => joint >= 0 && rule(u, times[joint])] },
  }, data);
  rangeButtons(section, chart, times, Math.max(0, past - Math.max(48, 4 * horizon)));
}

// The column that the newest window over each step of the history says at a level.
function newest(series, level) {
  const column = new Array(series.history.length).fill(null);
  for (const { at, quantiles } of series.windows) quantiles[level].forEach((v, step) => (column[at + step] = v));
  return column;
}

// Every window as a line that leaves from the value before its origin, or as a band between two of them.
function traceWindows(u, series, times, paint) {
  clipped(u, (ctx, toX, toY) => {
    for (const { at, quantiles } of series.windows) {
      const before = at > 0 ? series.history[at - 1] : null;
      const points = (level) => {
        const steps = quantiles[level].map((v, step) => [toX(times[at + step]), toY(v)]);
        return before == null ? steps : [[toX(times[at - 1]), toY(before)], ...steps];
      };
      ctx.beginPath();
      paint(ctx, points);
    }
  });
}

const follow = (ctx, points) => points.forEach(([x, y]) => ctx.lineTo(x, y));

function windowBands(u, series, times) {
  for (const [low, high] of intervals(levels))
    traceWindows(u, series, times, (ctx, points) => {
      follow(ctx, points(high));
      follow(ctx, points(low).reverse());
      ctx.fillStyle = colour("band");
      ctx.fill();
    });
}

function windowMedians(u, series, times) {
  if (series.windows.length <= 40) for (const { at } of series.windows) rule(u, times[Math.max(at - 1, 0)]);
  traceWindows(u, series, times, (ctx, points) => {
    follow(ctx, points(medianLevel));
    ctx.strokeStyle = colour("accent");
    ctx.lineWidth = 2 * uPlot.pxRatio;
    ctx.stroke();
  });
}

// What all windows reach at each step of the history, `pick` being Math.min or Math.max: the axis has room for it.
function reach(series, pick) {
  const column = new Array(series.history.length).fill(null);
  for (const { at, quantiles } of series.windows)
    for (const values of quantiles) values.forEach((v, step) => (column[at + step] = pick(column[at + step] ?? v, v)));
  return column;
}

function errorsInWords(series) {
  const { elman, ...others } = series.errors;
  const figure = backtest.metrics.mase == null ? "MAE" : "MASE";
  const best = Object.keys(others).filter((name) => others[name] != null).sort((a, b) => others[a] - others[b])[0];
  if (elman == null || best === undefined) return "";
  const short = (error) => number(Number(error.toPrecision(4)));
  return `${figure} ${short(elman)}, ${best} ${short(others[best])}. `;
}

function backtestPanel(series) {
  const section = show("backtest");
  if (!series.windows.length) {
    section.querySelector(".caption").textContent = `${series.id}: too short for these windows.`;
    const box = section.querySelector(".chart");
    box.chart?.destroy();
    box.chart = undefined;
    box.watcher?.disconnect();
    return;
  }
  const times = timesOf(series).slice(0, series.history.length);
  const undrawn = { paths: () => null };
  const lines = [timeLegend(times), line("actual", colour("history"))];
  const data = [times, series.history];
  lines.push(line("forecast", colour("accent"), { width: 2, ...undrawn }));
  data.push(newest(series, medianLevel));
  for (const [low, high, share] of intervals(levels)) {
    lines.push(...intervalLines(`${number(100 * share)} % interval`, lines.length + 1, lines.length, undrawn));
    data.push(newest(series, high), newest(series, low));
  }
  for (const pick of [Math.min, Math.max]) {
    lines.push(line("", colour("band"), { class: "silent", width: 0, ...undrawn }));
    data.push(reach(series, pick));
  }
  const count = series.windows.length, horizon = series.windows[0].quantiles[0].length;
  section.querySelector(".caption").textContent = `${series.id}: ${errorsInWords(series)}` +
    `${count} ${count === 1 ? "origin" : "origins"}, ${horizon} ${horizon === 1 ? "step" : "steps"} each; values under the cursor are those of the newest.`;
  const chart = draw(section.querySelector(".chart"), {
    scales: { x: timeScale(), y: { range: (_, low, high) => padded(low, high) } },
    axes: [timeAxis(report.integer_axis), valueAxis()],
    series: lines,
    hooks: { drawAxes: [(u) => windowBands(u, series, times)], draw: [(u) => windowMedians(u, series, times)] },
  }, data);
  const first = series.windows[0].at, span = times.length - first;
  rangeButtons(section, chart, times, Math.max(0, first - Math.max(horizon, Math.round(span / 4))));
}

// [time, actual less forecast] of every step of every window, by time.
function residualsOf(series) {
  const times = timesOf(series), residuals = [];
  for (const { at, quantiles } of series.windows)
    quantiles[medianLevel].forEach((v, step) => {
      const actual = series.history[at + step];
      if (actual != null) residuals.push([times[at + step], actual - v]);
    });
  return residuals.sort((a, b) => a[0] - b[0]);
}

function residualPanels(series) {
  const residuals = residualsOf(series);
  for (const id of ["residuals", "histogram"]) document.getElementById(id).hidden = !residuals.length;
  if (!residuals.length) return;
  const times = residuals.map(([t]) => t), values = residuals.map(([, r]) => r);
  draw(show("residuals").querySelector(".chart"), {
    scales: { x: timeScale(), y: { range: (_, low, high) => padded(Math.min(low, 0), Math.max(high, 0)) } },
    axes: [timeAxis(report.integer_axis), valueAxis()],
    series: [timeLegend(times), line("residual", colour("accent"), { paths: () => null, points: { show: true, size: 5, fill: colour("accent"), width: 0 } })],
    hooks: { drawAxes: [zeroLine] },
  }, [times, values]);
  histogramPanel(values);
}

function zeroLine(u) {
  clipped(u, (ctx, _, toY) => {
    ctx.fillStyle = colour("quiet");
    ctx.fillRect(u.bbox.left, Math.round(toY(0)), u.bbox.width, uPlot.pxRatio);
  });
}

// Bins of a round width, about as many as Rice's rule has.
function histogramPanel(values) {
  const low = Math.min(...values), high = Math.max(...values);
  const wanted = (high - low || Math.abs(high) || 1) / Math.min(40, 2 * Math.cbrt(values.length));
  const power = 10 ** Math.floor(Math.log10(wanted));
  const width = power * [1, 2, 5, 10].find((f) => f * power >= wanted * (1 - 1e-9));
  const first = Math.floor(low / width), bins = Math.floor(high / width) - first + 1;
  const edges = Array.from({ length: bins }, (_, i) => (first + i) * width), counts = new Array(bins).fill(0);
  for (const v of values) ++counts[Math.floor(v / width) - first];
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  draw(show("histogram", `${values.length} residuals with a mean of ${number(mean)}; far from 0, forecasts are too low (above) or too high (below).`).querySelector(".chart"), {
    scales: { x: { time: false, range: [edges[0], edges[bins - 1] + width] }, y: { range: (_, __, most) => [0, 1.1 * most] } },
    axes: [axis({ values: (_, splits) => splits.map((v) => number(v)) }), valueAxis({ incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] })],
    series: [
      { label: "from", class: "cursor", value: (_, v) => (v == null ? "" : `${number(v)} to ${number(v + width)}`) },
      line("residuals", colour("accent"), { fill: colour("band"), width: 1, paths: uPlot.paths.bars({ size: [1, Infinity], align: 1, gap: 1 }) }),
    ],
  }, [edges, counts]);
}

function horizonPanel() {
  const select = document.getElementById("figure"), figure = select.value;
  const steps = backtest.by_step, names = Object.keys(steps);
  const count = steps[names[0]][figure].length;
  const lines = [{ label: "step", class: "cursor", value: (_, v) => v ?? "" }];
  names.forEach((name, i) => lines.push(line(name, styleOf(i).stroke, { ...styleOf(i), points: { show: count === 1, size: 7 } })));
  const section = show("horizon");
  select.onchange = horizonPanel;
  draw(section.querySelector(".chart"), {
    scales: { x: { time: false, range: [count === 1 ? 0 : 1, count === 1 ? 2 : count] }, y: { range: (_, __, most) => [0, 1.06 * (most || 1)] } },
    axes: [axis({ label: "steps ahead", labelSize: 18, labelFont: font, labelGap: 0, incrs: [1, 2, 3, 6, 12, 24, 48, 96, 192, 384, 768] }), valueAxis()],
    series: lines,
  }, [Array.from({ length: count }, (_, i) => i + 1), ...names.map((name) => steps[name][figure])]);
}

const shareValue = (_, share) => (share == null ? "" : percent(share));

function calibrationPanel() {
  const { observed, points } = report.shares;
  const kept = Object.entries(backtest.metrics.coverage ?? {}).map(([promised, held]) => `the ${number(100 * promised)} % interval held ${percent(held)}`);
  const words = `Share of values at or below each forecast quantile, of ${wholes.format(points)}; ${kept.join(", ")}.`;
  const axisOfShares = (label) => ({ values: (_, splits) => splits.map((v) => `${Math.round(100 * v)} %`), label, labelSize: 18, labelFont: font, labelGap: 0 });
  draw(show("calibration", words).querySelector(".chart"), {
    scales: { x: { time: false, range: [0, 1] }, y: { range: [0, 1] } },
    axes: [axis({ ...axisOfShares("promised"), size: 28 }), axis({ ...axisOfShares("observed"), size: 44 })],
    series: [
      { label: "level", class: "cursor", value: shareValue },
      line("ideal", colour("quiet"), { width: 1.2, dash: [4, 4], value: shareValue }),
      line("observed", colour("accent"), { width: 2, value: shareValue, points: { show: true, size: 8, fill: colour("accent") } }),
    ],
  }, [[0, ...levels, 1], [0, ...levels, 1], [null, ...observed, null]]);
}

const placeNames = {  // of the calendar's cycles, the fastest first
  hour: Array.from({ length: 24 }, (_, h) => `${h} h`),
  weekday: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
  month: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
};

// The share inside each interval in every place of a cycle, at first of the fastest, beside the share it promises.
function calendarPanel() {
  const cycles = Object.keys(placeNames).filter((cycle) => cycle in backtest.by_calendar), promises = Object.keys(backtest.metrics.coverage ?? {});
  if (!cycles.length || !promises.length) return;
  const select = document.getElementById("cycle");
  if (!select.options.length) {
    select.replaceChildren(...cycles.map((cycle) => new Option(`by ${cycle}`, cycle)));
    select.onchange = calendarPanel;
  }
  const { points, coverage } = backtest.by_calendar[select.value], names = placeNames[select.value];
  const seen = points.filter((n) => n > 0), fewest = Math.min(...seen), most = Math.max(...seen);
  const count = fewest === most ? wholes.format(most) : `${wholes.format(fewest)} to ${wholes.format(most)}`;
  const section = show("calendar", `Share of values inside each interval, of ${count} in each ${select.value}; dashed: the share it promises.`);
  const lines = [{ label: select.value, class: "cursor", value: (_, v) => (v == null ? "" : names[v]) }], columns = [];
  promises.forEach((promised, i) => {
    const { stroke } = styleOf(2 * i);
    lines.push(line(`${number(100 * promised)} % interval`, stroke, { width: 2, value: shareValue, points: { show: true, size: 7, fill: stroke } }));
    lines.push(line("", stroke, { width: 1.2, dash: [4, 4], class: "silent" }));
    columns.push(coverage[promised], names.map(() => Number(promised)));
  });
  const least = Math.min(...columns.flat().filter((share) => share != null));
  draw(section.querySelector(".chart"), {
    scales: { x: { time: false, range: [-0.3, names.length - 0.7] }, y: { range: [Math.max(0, Math.floor(10 * least - 0.5) / 10), 1] } },
    axes: [
      axis({ splits: () => names.map((_, i) => i), filter: (u, splits) => splits.map((i) => (u.width / names.length > 36 || i % 6 === 0 ? i : null)), values: (_, splits) => splits.map((i) => names[i] ?? "") }),
      axis({ values: (_, splits) => splits.map((v) => `${Math.round(100 * v)} %`), size: 44 }),
    ],
    series: lines,
  }, [names.map((_, i) => i), ...columns]);
}

// One figure of the training record over its steps.
function trainingChart(id, steps, lines, columns, more = {}) {
  draw(document.getElementById(id), {
    scales: { x: { time: false }, y: more.y ?? {} },
    axes: [axis({ space: 60 }), valueAxis()],
    series: [{ label: "step", class: "cursor", value: (_, v) => v ?? "" }, ...lines],
    hooks: more.hooks ?? {},
  }, [steps, ...columns]);
}

function trainingPanel() {
  const record = report.record, history = record.history;
  if (!history?.length) return;
  const column = (name) => history.map((point) => point[record.history_columns.indexOf(name)]);
  const steps = column("steps"), losses = [column("train_loss"), column("valid_loss")];
  const seen = losses.flat().filter((v) => v > 0);
  const wide = seen.length && Math.max(...seen) > 20 * Math.min(...seen);
  show("training", `${record.steps} steps${record.stopped_early ? ", stopped early" : ""}; best at step ${record.best_step}, with a validation loss of ${number(record.valid_loss)}.`);
  const single = { points: { show: steps.length === 1, size: 6 } };
  trainingChart("loss", steps, [
    line("train", colour("grey"), { dash: [6, 3], ...single }),
    line("valid", colour("accent"), { width: 2.2, ...single }),
  ], losses, { y: wide ? { distr: 3 } : {}, hooks: { draw: [(u) => rule(u, record.best_step)] } });
  trainingChart("rate", steps, [line("learning rate", colour("green"), single)], [column("learning_rate")]);
  trainingChart("norm", steps, [line("gradient norm", colour("violet"), single)], [column("gradient_norm")]);
}
