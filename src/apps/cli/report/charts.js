"use strict";
// What all charts of the page share: colours, numbers, times, axes.

const numbers = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 });
const wholes = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function number(value) {
  if (value == null) return "–";
  const size = Math.abs(value);
  if (size > 0 && (size < 1e-4 || size >= 1e12)) return value.toExponential(3);
  return (size >= 1e5 ? wholes : numbers).format(value);
}

const percent = (share) => (share == null ? "–" : number(Math.round(1000 * share) / 10) + " %");

// Names a time by what its axis needs: days, or days with minutes or seconds.
function clock(times, isInteger) {
  if (isInteger) return String;
  const finest = Math.max(...times.slice(0, 50).map((t) => (t % 86400 === 0 ? 10 : t % 60 === 0 ? 16 : 19)));
  return (t) => new Date(1000 * t).toISOString().slice(0, -5).replace("T", " ").slice(0, finest);
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

// The methods' lines differ in colour and in dashes.
const methodStyles = [
  { stroke: "accent", width: 3 },
  { stroke: "grey", width: 1.6, dash: [2, 3] },
  { stroke: "green", width: 1.6, dash: [8, 3] },
  { stroke: "gold", width: 1.6, dash: [3, 3] },
  { stroke: "violet", width: 1.6, dash: [10, 3, 2, 3] },
  { stroke: "warm", width: 1.6 },
  { stroke: "warm", width: 1.6, dash: [6, 3] },
];
const styleOf = (index) => {
  const style = methodStyles[index % methodStyles.length];
  return { ...style, stroke: colour(style.stroke) };
};

const font = "12px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

function axis(more = {}) {
  return {
    stroke: colour("quiet"),
    font,
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
    gap: 6,
    size: 28,
    ...more,
  };
}

// Times in the words of their steps, as in "2022", "2022-03", "2022-03-05" or "03-05 06:00"; plain integers without.
const day = 86400;
function timeAxis(isInteger) {
  if (isInteger) return axis({ space: 60 });
  const name = (step) => {
    if (step >= 365 * day) return (text) => text.slice(0, 4);
    if (step >= 28 * day) return (text) => text.slice(0, 7);
    if (step >= day) return (text) => text.slice(0, 10);
    return step >= 60 ? (text) => text.slice(5, 16).replace("T", " ") : (text) => text.slice(11, 19);
  };
  const values = (_, splits, __, ___, step) => splits.map((t) => name(step)(new Date(1000 * t).toISOString()));
  const inYears = (span, pixels) => (46 * span) / pixels > 200 * day;  // labels of four digits lie closer
  return axis({ space: (_, __, first, last, pixels) => (inYears(last - first, pixels) ? 46 : 86), values });
}

function valueAxis(more = {}) {
  const widest = (labels) => Math.max(0, ...(labels ?? []).map((label) => label.length));
  return axis({ values: (_, splits) => splits.map((v) => number(v)), size: (_, labels) => 18 + 7 * widest(labels), ...more });
}

const line = (label, stroke, more = {}) => ({
  label,
  stroke,
  width: 1.6,
  points: { show: false },
  value: (_, v) => (v == null ? "" : number(v)),
  ...more,
});

// A chart in `box`, in place of the one before it; it follows the width of the page.
function draw(box, options, data) {
  box.chart?.destroy();
  box.textContent = "";
  const height = () => parseInt(getComputedStyle(box).getPropertyValue("--height"));  // of the plot, below the legend
  const chart = new uPlot(
    {
      width: Math.max(box.clientWidth, 100),
      height: height(),
      tzDate: (t) => uPlot.tzDate(new Date(1000 * t), "UTC"),
      cursor: { y: false, points: { size: (u, i) => (u.series[i].width === 0 ? 0 : 6) }, ...options.cursor },
      padding: [8, 22, 0, 0],
      legend: { markers: { width: 2, dash: (u, i) => (u.series[i].dash ? "dashed" : "solid") } },
      ...options,
    },
    data,
    box,
  );
  const legend = chart.root.querySelector(".u-legend");
  if (legend) chart.root.prepend(legend);
  box.chart = chart;
  box.watcher ??= new ResizeObserver(() => {
    if (box.clientWidth > 0) box.chart.setSize({ width: box.clientWidth, height: height() });
  });
  box.watcher.observe(box);
  return chart;
}

// What an axis spans, with some air.
function padded(low, high) {
  if (low == null) return [0, 1];
  const air = 0.06 * (high - low || Math.abs(high) || 1);
  return [low - air, high + air];
}

// Draws on a chart inside its axes.
function clipped(u, paint) {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  paint(u.ctx, (x) => u.valToPos(x, "x", true), (y) => u.valToPos(y, "y", true));
  u.ctx.restore();
}

// A dashed vertical line, for what begins there.
function rule(u, x) {
  clipped(u, (ctx, toX) => {
    ctx.strokeStyle = colour("quiet");
    ctx.lineWidth = uPlot.pxRatio;
    ctx.setLineDash([3 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
    ctx.beginPath();
    ctx.moveTo(toX(x), u.bbox.top);
    ctx.lineTo(toX(x), u.bbox.top + u.bbox.height);
    ctx.stroke();
  });
}

// Pairs of levels q and 1 - q as [low, high, share between them], widest first.
function intervals(levels) {
  const pairs = [];
  for (let low = 0, high = levels.length - 1; low < high; ++low, --high)
    if (Math.abs(levels[low] + levels[high] - 1) < 1e-9) pairs.push([low, high, levels[high] - levels[low]]);
  return pairs;
}
