"use strict";
// A curve by method: the mean where all runs of a method have a value, and its interval as a band.
NS.chart("compare-curve", (c) => () => {
  const name = c.choice("curve") ?? "metric", about = c.about.curves.find(([known]) => known === name), scale = about[2] ? 100 : 1;
  const label = name === "metric" ? c.about.metricName : about[1], unit = about[2] ? " (%)" : "", data = [], rows = [["measure", "scope", "run", "method", "seed", c.about.time, `${label}${unit}`]];
  for (const v of c.shownVariants) {
    const at = new Map(), runs = c.of(v).map((run) => [run, ...c.curve(run, name)]).filter(([, x]) => x.length);
    for (const [run, x, y] of runs) {
      for (let k = 0; k < x.length; k++) {
        at.set(x[k], [...(at.get(x[k]) ?? []), scale * y[k]]);
        rows.push([name === "metric" ? c.about.metric : name, "network", run.name, v.label, run.seed, Number(x[k].toPrecision(7)), Number((scale * y[k]).toPrecision(7))]);
      }
    }
    const full = [...at].filter(([, list]) => list.length === runs.length).sort((a, b) => a[0] - b[0]);
    if (!full.length) continue;
    const found = full.map(([, list]) => NS.stats.interval(list)), x = full.map(([when]) => when);
    data.push({ type: "scatter", mode: x.length < 12 ? "lines+markers" : "lines", name: NS.escape(NS.variantName(c, v)), x, y: found.map((f) => f.mean), line: { color: v.colour, width: 2 }, marker: { size: 5 } });
    if (runs.length > 1) data.push({ type: "scatter", mode: "lines", x: [...x, ...[...x].reverse()], y: [...found.map((f) => f.mean + f.half), ...found.map((f) => f.mean - f.half).reverse()], fill: "toself", fillcolor: v.colour + "26", line: { width: 0 }, hoverinfo: "skip", showlegend: false });
  }
  const lines = data.filter((trace) => !trace.fill).flatMap((trace) => trace.y);
  const low = Math.min(...lines), high = Math.max(...lines), pad = 0.08 * (high - low || Math.abs(high) * 0.1 || 1);
  return { data, rows, none: c.shown.length ? `No run shown has recorded ${label}.` : "No run matches the filter.", caption: c.about.thinned ? "thinned: there are very many points" : "", layout: { showlegend: true, xaxis: { title: { text: c.about.time } }, yaxis: { title: { text: NS.escape(label) + unit }, range: [low - pad, high + pad] } } };
});
