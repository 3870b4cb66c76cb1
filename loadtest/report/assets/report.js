"use strict";
// Draws every figure. Logarithmic axes are drawn as linear ones of the logarithm,
// so that ticks are where the report wants them.
const dark = matchMedia("(prefers-color-scheme: dark)");

const to = (scale, v) => scale === "linear" ? v : Math.log10(v);
const from = (scale, v) => scale === "linear" ? v : 10 ** v;

function plain(v) {
  const a = Math.abs(v), n = x => String(+x.toPrecision(5));
  return a >= 1e6 ? n(v / 1e6) + "M" : a >= 1e4 ? n(v / 1e3) + "k" : n(v);
}

function label(scale, v) {
  const x = from(scale, v);
  return scale === "tail" ? "p" + plain(100 - 100 / x) : plain(x);
}

function splits(scale, lo, hi) {
  if (scale === "tail") return [Math.log10(2), 1, 2, 3, 4].filter(l => l <= hi);
  const steps = hi - lo > 2 ? [1] : [1, 2, 5], out = [];
  for (let p = Math.floor(lo); p <= hi; p++)
    for (const m of steps) {
      const l = Math.log10(m) + p;
      if (l >= lo - 1e-9 && l <= hi + 1e-9) out.push(l);
    }
  return out;
}

function draw(f) {
  const place = document.querySelector("#figure-" + f.id + " .plot");
  const shade = f.colours.map(c => c[dark.matches ? 1 : 0]);
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--fg"), grid = style.getPropertyValue("--line");
  const xs = [...new Set(f.series.flatMap(s => s.x))].sort((a, b) => a - b);
  const data = [xs.map(v => to(f.x.scale, v))], series = [{ label: f.x.label, value: (u, v) => v == null ? "" : label(f.x.scale, v) }], bands = [];
  const column = (s, values) => {
    const at = new Map(s.x.map((v, i) => [v, values[i]]));
    return xs.map(v => at.has(v) ? to(f.y.scale, at.get(v)) : null);
  };
  f.series.forEach((s, i) => {
    if (!s.x.length) return;
    data.push(column(s, s.y));
    series.push({ label: s.name, stroke: shade[i], width: s.predicted ? 1.5 : 2, dash: s.predicted ? [6, 5] : undefined, spanGaps: true,
      points: { show: !s.predicted && f.id !== "stall", size: 6, fill: shade[i] }, value: (u, v) => v == null ? "–" : plain(from(f.y.scale, v)) });
  });
  f.series.forEach((s, i) => { // bands last, so that the legend's order is the lines'
    if (!s.low || !s.low.length) return;
    data.push(column(s, s.high), column(s, s.low));
    const hidden = { label: "band", stroke: "transparent", width: 0, spanGaps: true, points: { show: false } };
    series.push({ ...hidden, class: "band" }, { ...hidden, class: "band" });
    bands.push({ series: [data.length - 2, data.length - 1], fill: shade[i] + "26" });
  });
  const axis = (a, side) => ({
    label: a.label, stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid }, size: side ? 62 : 40, labelSize: 22,
    font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif",
    splits: a.scale === "linear" ? undefined : (u, i, lo, hi) => splits(a.scale, lo, hi),
    values: (u, list) => list.map(v => v == null ? "" : label(a.scale, v)),
  });
  const span = scale => (u, lo, hi) => {
    const pad = (hi - lo || 1) * 0.06;
    return scale === "linear" ? [Math.min(0, lo), hi + pad] : [lo - pad, hi + pad];
  };
  place.replaceChildren();
  new uPlot({
    width: place.clientWidth, height: Math.max(260, Math.min(420, place.clientWidth * 0.5)),
    scales: { x: { time: false, range: f.x.scale === "linear" ? span("linear") : (u, lo, hi) => [lo - 0.03 * (hi - lo), hi + 0.03 * (hi - lo)] }, y: { range: span(f.y.scale) } },
    axes: [axis(f.x, false), axis(f.y, true)], series, bands, cursor: { drag: { x: false, y: false } },
  }, data, place);
  place.querySelectorAll(".u-legend .u-series").forEach((row, i) => { if (i >= series.length - 2 * bands.length) row.hidden = true; });
}

function drawAll() { figures.forEach(draw); document.documentElement.dataset.drawn = figures.length; }
drawAll();
dark.addEventListener("change", drawAll);
let pending;
addEventListener("resize", () => { clearTimeout(pending); pending = setTimeout(drawAll, 150); });
