"use strict";
// Shares of neurons by population through the snapshots, by a threshold that is dragged.
NS.sharesOverTime = (app, counts, what) => () => {
  const { frames } = app;
  const data = frames.populations.map((p, i) => {
    const x = [], y = [];
    for (let t = 0; t < frames.count; t++) {
      const value = counts(t, frames.offsets[i], p.size);
      if (value !== null) { x.push(frames.meta.times[t]); y.push(100 * value); }
    }
    return { type: "scatter", mode: frames.count < 30 ? "lines+markers" : "lines", name: NS.escape(p.name), x, y, line: { color: p.colour, width: 2 }, marker: { color: p.colour, size: 5 } };
  }).filter((trace, i) => trace.x.length && !app.hidden.has(i));
  const top = Math.max(1, ...data.flatMap((trace) => trace.y));
  const layout = { showlegend: data.length > 1 && data.length < 13, xaxis: { title: { text: frames.meta.time } }, yaxis: { title: { text: "neurons (%)" }, range: [-0.03 * top, 1.06 * top] } };
  return { data, what: { measure: what() }, layout: frames.count > 1 ? app.withNow(layout) : layout };
};

NS.chart("dormant", (app) => NS.sharesOverTime(app, (t, from, size) => {
  const tau = app.choice("tau");
  let n = 0;
  for (let i = from; i < from + size; i++) n += app.frames.degree(t, i) <= tau;
  return n / size;
}, () => `share of neurons with at most ${app.choice("tau")} links`));

NS.chart("dormant-activity", (app) => NS.sharesOverTime(app, (t, from, size) => {
  const tau = app.choice("activity");
  let n = 0, known = 0;
  for (let i = from; i < from + size; i++) {
    const a = app.frames.activity(t, i);
    if (a !== null) { known++; n += a <= tau; }
  }
  return known ? n / known : null;
}, () => `share of neurons at most ${app.choice("activity")} times as active as their population`));
