"use strict";
// A method's name with its sparsity where several are shown.
NS.variantName = (c, v) => new Set(c.shownVariants.filter((o) => o.label === v.label).map((o) => o.sparsity)).size > 1 ? `${v.label}, ${Number((100 * v.sparsity).toPrecision(6))} %` : v.label;

// Every run as a dot in the row of its method; the mean with its interval; dense as a band behind.
NS.chart("compare-metric", (c) => () => {
  const { share, metricName } = c.about, scale = share ? 100 : 1;
  const sparse = c.ranked(c.shownVariants.filter((v) => v.method !== "dense")), dense = c.ranked(c.shownVariants.filter((v) => v.method === "dense"));
  const order = [...sparse, ...dense].slice(0, 40), data = [], shapes = [], rows = [["run", "method", "seed", `${metricName}${share ? " (%)" : ""}`]];
  if (!order.length) return { data: [], layout: {}, none: c.shown.length ? "None of the runs shown has a metric." : "No run matches the filter." };
  order.forEach((v, row) => {
    const at = order.length - 1 - row, runs = c.of(v).filter((run) => Number.isFinite(c.value(run, "metric")));
    const { mean, half, n } = c.interval(v, "metric");
    runs.forEach((run) => rows.push([run.name, v.label, String(run.seed), Number((scale * c.value(run, "metric")).toPrecision(7))]));
    // Dots of equal value lie apart, so that each is seen.
    const y = runs.map((_, k) => at - 0.2 + (runs.length > 1 ? (0.16 * (k % 5)) / Math.min(4, runs.length - 1) - 0.08 : 0));
    data.push({ type: "scatter", mode: "markers", name: NS.escape(v.label), x: runs.map((run) => scale * c.value(run, "metric")), y, text: runs.map((run) => NS.escape(run.name)), hovertemplate: "%{text}: %{x:.4g}<extra></extra>", marker: { size: 9, opacity: 0.6, color: v.colour } });
    data.push({ type: "scatter", mode: "markers", x: [scale * mean], y: [at + 0.12], error_x: n > 1 ? { type: "data", array: [scale * half], thickness: 2, width: 6, color: v.colour } : undefined, hovertemplate: `mean ${NS.withError(mean, half, share)}${n > 1 ? " (95 % interval)" : ", one run"}<extra></extra>`, marker: { size: 11, symbol: "diamond", color: v.colour, line: { width: 1, color: NS.css("--card") } } });
  });
  if (dense.length) {
    const { mean, half } = c.interval(dense[0], "metric"), wide = Number.isFinite(half) ? half : 0;
    shapes.push({ type: "rect", layer: "below", yref: "y domain", y0: 0, y1: 1, x0: scale * (mean - wide), x1: scale * (mean + wide), line: { width: wide ? 0 : 1, color: NS.css("--soft") }, fillcolor: NS.css("--band") });
  }
  const xs = data.flatMap((trace) => trace.x), spread = data.flatMap((trace) => trace.error_x ? [trace.x[0] - trace.error_x.array[0], trace.x[0] + trace.error_x.array[0]] : trace.x);
  const inner = Math.max(...xs) - Math.min(...xs) || Math.abs(xs[0]) * 0.02 || 1;
  // Intervals of two or three runs can be wider than all else: the axis follows the runs.
  const low = Math.max(Math.min(...spread), Math.min(...xs) - 1.2 * inner), high = Math.min(Math.max(...spread), Math.max(...xs) + 1.2 * inner, share ? 100 : Infinity), pad = 0.06 * (high - low || 1);
  const wide = Math.max(...order.map((v) => NS.variantName(c, v).length));
  return {
    data, rows, height: Math.max(220, 64 + 44 * order.length), caption: dense.length ? "dots: runs; diamonds: means with 95 % interval; band: dense" : "dots: runs; diamonds: means with 95 % interval",
    layout: { showlegend: false, shapes, margin: { l: Math.min(170, 24 + 7 * Math.min(wide, 24)), r: 16, t: 8, b: 44 }, xaxis: { title: { text: `${NS.escape(metricName)}${share ? " (%)" : ""}` }, range: [low - pad, high + pad] }, yaxis: { range: [-0.6, order.length - 0.4], tickmode: "array", tickvals: order.map((_, row) => order.length - 1 - row), ticktext: order.map((v) => NS.escape(NS.variantName(c, v), 24)), gridcolor: "rgba(0,0,0,0)", zeroline: false, automargin: false } },
  };
});

// The metric against a cost; those that none beats in both are joined.
NS.chart("compare-cost", (c) => () => {
  const name = c.choice("cost") ?? c.about.cost, { share, metricName, better } = c.about, scale = share ? 100 : 1, [title, unit] = c.about.costs[name] ?? [name, ""];
  const points = c.shownVariants.map((v) => ({ v, x: c.interval(v, name).mean, m: c.interval(v, "metric") })).filter((p) => Number.isFinite(p.x) && Number.isFinite(p.m.mean));
  if (!points.length) return { data: [], layout: {}, none: `No run shown has recorded its ${title}.` };
  const beats = (a, b) => (better ? a.m.mean >= b.m.mean : a.m.mean <= b.m.mean) && a.x <= b.x && (a.x < b.x || a.m.mean !== b.m.mean);
  const front = points.filter((p) => !points.some((q) => q !== p && beats(q, p))).sort((a, b) => a.x - b.x);
  const data = [{ type: "scatter", mode: "lines", name: "Pareto front", x: front.map((p) => p.x), y: front.map((p) => scale * p.m.mean), line: { color: NS.css("--soft"), dash: "dot", width: 1.5, shape: "hv" }, hoverinfo: "skip" }];
  const wide = Math.max(...points.map((p) => p.x)) > 5 * Math.min(...points.map((p) => p.x)) && Math.min(...points.map((p) => p.x)) > 0;
  // Names stand beside their points, clear of the whiskers: to the left at the right edge and of what lies close.
  const at = (x) => (wide ? Math.log10(x) : x), xs0 = points.map((p) => at(p.x)), across = Math.max(...xs0) - Math.min(...xs0), up = Math.max(...points.map((p) => p.m.mean)) - Math.min(...points.map((p) => p.m.mean));
  const place = (v, x, m) => {
    const near = points.filter((q) => q.v !== v && Math.abs(at(q.x) - at(x)) <= 0.25 * across && Math.abs(q.m.mean - m.mean) <= 0.12 * up);
    const left = near.length ? near.every((q) => q.x > x || (q.x === x && q.m.mean >= m.mean)) : across > 0 && at(x) - Math.min(...xs0) > 0.6 * across;
    return left ? "middle left" : "middle right";
  };
  for (const { v, x, m } of points) {
    data.push({ type: "scatter", mode: points.length <= 10 ? "markers+text" : "markers", name: NS.escape(NS.variantName(c, v)), x: [x], y: [scale * m.mean], text: [`\u2002${NS.escape(NS.variantName(c, v), 22)}\u2002`], textposition: place(v, x, m), textfont: { size: 11, color: NS.css("--soft") }, cliponaxis: false, error_y: m.n > 1 ? { type: "data", array: [scale * m.half], thickness: 1.5, width: 4, color: v.colour } : undefined, hovertemplate: `%{fullData.name}<br>${NS.escape(title)} ${NS.amount(x, unit)}<br>${NS.withError(m.mean, m.half, share)}<extra></extra>`, marker: { size: 11, color: v.colour, line: front.some((p) => p.v === v) ? { width: 2, color: NS.css("--ink") } : { width: 0 } } });
  }
  const ys = points.map((p) => scale * p.m.mean), inner = Math.max(...ys) - Math.min(...ys) || Math.abs(ys[0]) * 0.02 || 1;
  const xs = points.map((p) => wide ? Math.log10(p.x) : p.x), span = Math.max(...xs) - Math.min(...xs) || Math.abs(xs[0]) * 0.1 || 1;
  const range = [Math.min(...xs) - 0.3 * span, Math.max(...xs) + 0.18 * span];
  const rows = [["method", `${title} (${unit || "count"})`, `${metricName}${share ? " (%)" : ""}`, "half 95 % interval", "on the Pareto front"], ...points.map((p) => [NS.variantName(c, p.v), Number(p.x.toPrecision(7)), Number((scale * p.m.mean).toPrecision(7)), Number.isFinite(p.m.half) ? Number((scale * p.m.half).toPrecision(7)) : "", front.includes(p) ? "yes" : "no"])];
  return {
    data, rows, caption: front.length > 1 ? "ringed: on the Pareto front" : "",
    layout: { showlegend: points.length > 10, xaxis: { title: { text: `${NS.escape(title)}${unit && !title.includes(unit) ? ` (${unit})` : ""}` }, ...(wide ? { type: "log", ...NS.logTicks(...range) } : {}), range, exponentformat: "SI" }, yaxis: { title: { text: `${NS.escape(metricName)}${share ? " (%)" : ""}` }, range: [Math.min(...ys) - 0.45 * inner, Math.max(...ys) + 0.35 * inner] } },
  };
});
