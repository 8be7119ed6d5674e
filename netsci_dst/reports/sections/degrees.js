"use strict";
// Degrees of the snapshot chosen, of a scope and a direction, as their distribution.
NS.degreesOf = (app) => {
  const { frames } = app, scope = app.choice("scope") ?? "network";
  const named = frames.populations.some((p) => p.name === scope);
  const inside = frames.populations.map((p) => named ? p.name === scope : scope === "network" || !["input", "output"].includes(p.role));
  const nodes = [];
  frames.populations.forEach((p, k) => { if (inside[k]) for (let i = 0; i < p.size; i++) nodes.push(frames.offsets[k] + i); });
  const direction = app.choice("direction") ?? "total";
  const of = (i) => direction === "in" ? frames.degreeIn(app.t, i) : direction === "out" ? frames.degreeOut(app.t, i) : frames.degree(app.t, i);
  const values = Uint32Array.from(nodes, of);
  return { values, of, scope, direction };
};

NS.hoveredLine = (app, value) => app.hovered === null ? [] : [{ type: "line", yref: "y domain", y0: 0, y1: 1, x0: value(app.hovered), x1: value(app.hovered), line: { color: NS.css("--glow"), width: 2 } }];

NS.chart("degrees-ccdf", (app) => () => {
  const { values, of, scope, direction } = NS.degreesOf(app), { frames } = app;
  const sorted = Float64Array.from(values).sort(), x = [], y = [];
  for (let i = 0; i < sorted.length; i++) {
    if (sorted[i] > 0 && (i === 0 || sorted[i] !== sorted[i - 1])) { x.push(sorted[i]); y.push((sorted.length - i) / sorted.length); }
  }
  if (!x.length) return { data: [], layout: {}, none: "No neuron here has a link." };
  const word = frames.meta.directed ? "neurons" : "nodes";
  const data = [{ type: "scatter", mode: "markers", name: word, x, y, marker: { color: "#0072B2", size: 5 } }];
  const fit = scope === "network" && direction === "total" ? app.data.fits?.[String(frames.meta.steps[app.t])] : null;
  const said = [frames.when(app.t)];
  if (fit) {
    data.push({ type: "scatter", mode: "lines", name: `power law, α = ${fit.alpha.toFixed(2)}`, x: fit.x, y: fit.y, line: { color: "#D55E00", width: 2, dash: "dash" } });
    said.push(`k_min = ${fit.xmin}`);
    if (fit.p) said.push(`p ${fit.p}`);
    if (Number.isFinite(fit.gamma)) said.push(`γ = ${fit.gamma.toFixed(2)}`);
  }
  const high = Math.log10(x.at(-1)), low = Math.log10(x[0]), pad = Math.max(0.05, 0.05 * (high - low));
  return {
    data, caption: said.join(" · "), what: { measure: "complementary cumulative distribution of degrees", scope },
    layout: {
      showlegend: data.length > 1, shapes: NS.hoveredLine(app, of),
      xaxis: { type: "log", title: { text: "degree k" }, range: [low - pad, high + pad], ...NS.logTicks(low, high) },
      yaxis: { type: "log", title: { text: "share with degree ≥ k" }, range: [Math.log10(y.at(-1)) - 0.15, 0.1], ...NS.logTicks(Math.log10(y.at(-1)), 0) },
    },
  };
});

NS.chart("degrees-histogram", (app) => () => {
  const { values, of, scope } = NS.degreesOf(app), { frames } = app;
  let top = 0, low = Infinity;
  for (const k of values) { if (k > top) top = k; if (k < low) low = k; }
  const width = Math.max(1, Math.ceil((top + 1) / 50)), y = new Array(Math.ceil((top + 1) / width)).fill(0);
  values.forEach((k) => { y[Math.floor(k / width)]++; });
  const x = y.map((_, i) => i * width + (width - 1) / 2), word = frames.meta.directed ? "neurons" : "nodes";
  return {
    data: [{ type: "bar", name: word, x, y, marker: { color: "#0072B2" } }],
    caption: frames.when(app.t), what: { measure: "histogram of degrees", scope },
    layout: { bargap: 0.05, showlegend: false, shapes: NS.hoveredLine(app, of), xaxis: { title: { text: "degree k" }, range: [Math.floor(low / width) * width - 0.8 * width, top + 0.8 * width] }, yaxis: { title: { text: word } } },
  };
});
