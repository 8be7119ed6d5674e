"use strict";
// Change of the metric and of AAE against dense of the same data and model, of the runs shown.
NS.chart("gain-over-dense", (c) => () => {
  const { share, metricName } = c.about, percent = c.choice("change") === "percent", scale = share && !percent ? 100 : 1;
  const said = percent ? "% of dense" : share ? "points" : "", unit = said ? ` (${said})` : "", data = [], named = new Set();
  const rows = [["method", "data", "model", "sparsity", `Δ ${metricName}${unit}`, "half 95 % interval", `Δ AAE${unit}`]];
  for (const v of c.shownVariants.filter((o) => o.method !== "dense")) {
    const base = c.ranked(c.shownVariants.filter((o) => o.method === "dense" && o.setting === v.setting))[0];
    if (!base) continue;
    const d = c.gap(v, base), [metric, aae] = ["metric", "aae"].map((name) => c.interval(base, name).mean);
    const f = (of) => (percent ? 100 / of : scale), x = f(metric) * d.mean, y = f(aae) * (c.interval(v, "aae").mean - aae), half = Math.abs(f(metric)) * d.half;
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    const name = NS.variantName(c, v), where = c.about.settings[v.setting];
    rows.push([name, ...where, v.sparsity, x, Number.isFinite(half) ? half : "", y].map((cell) => (typeof cell === "number" ? Number(cell.toPrecision(7)) : cell)));
    data.push({ type: "scatter", mode: "markers", name: NS.escape(name), legendgroup: NS.escape(name), showlegend: !named.has(name), x: [x], y: [y], error_x: Number.isFinite(half) ? { type: "data", array: [half], thickness: 1.5, width: 4, color: v.colour } : undefined, hovertemplate: `%{fullData.name}${c.about.settings.length > 1 ? `<br>${NS.escape(where.filter(Boolean).join(", "))}` : ""}<br>%{x:.3~g}, %{y:.3~g}${NS.escape(unit)}<extra></extra>`, marker: { size: 11, color: v.colour } });
    named.add(name);
  }
  const line = (axis, other) => ({ type: "line", layer: "below", [`${axis}0`]: 0, [`${axis}1`]: 0, [`${other}ref`]: `${other} domain`, [`${other}0`]: 0, [`${other}1`]: 1, line: { color: NS.css("--soft"), width: 1 } });
  // Zero is on the axis; intervals of two runs can be wider than all else, and then are cut.
  const fit = (values, ends) => {
    const low = Math.min(0, ...values), high = Math.max(0, ...values), span = high - low || 1;
    const from = Math.max(Math.min(low, ...ends), low - 1.2 * span), to = Math.min(Math.max(high, ...ends), high + 1.2 * span);
    return [from - 0.08 * (to - from || 1), to + 0.08 * (to - from || 1)];
  };
  const ends = data.flatMap((t) => [-1, 1].map((sign) => t.x[0] + sign * (t.error_x?.array[0] ?? 0)));
  const axis = (name, values, reach = values) => ({ title: { text: `Δ ${NS.escape(name)}${unit}` }, zeroline: false, range: fit(values, reach) });
  return { data, rows, none: c.shown.length ? "This needs a dense run of the same data and model among the runs shown." : "No run matches the filter.", caption: `${c.about.better ? "up and to the right" : "down and to the left"}: better than dense, and sooner`, layout: { showlegend: true, shapes: [line("x", "y"), line("y", "x")], xaxis: axis(metricName, data.flatMap((t) => t.x), ends), yaxis: axis("AAE", data.flatMap((t) => t.y)) } };
});
