"use strict";
NS.chart("k-shells", (app) => () => {
  const { frames, t } = app;
  let top = 0;
  for (let i = 0; i < frames.size; i++) top = Math.max(top, frames.core(t, i));
  const data = frames.populations.map((p, i) => {
    const y = new Array(top + 1).fill(0);
    for (let n = frames.offsets[i]; n < frames.offsets[i] + p.size; n++) y[frames.core(t, n)]++;
    return { type: "bar", name: NS.escape(p.name), x: y.map((_, k) => k), y, marker: { color: p.colour } };
  }).filter((_, i) => !app.hidden.has(i));
  return {
    data, caption: frames.when(t), what: { measure: "neurons in each k-shell" },
    layout: { barmode: "stack", bargap: 0.08, shapes: NS.hoveredLine(app, (i) => frames.core(t, i)), showlegend: data.length > 1 && data.length < 13, xaxis: { title: { text: "k-shell" }, range: [-0.6, top + 0.6], ...(top < 12 ? { dtick: 1 } : {}) }, yaxis: { title: { text: frames.meta.directed ? "neurons" : "nodes" } } },
  };
});
