"use strict";
// Charts that follow the time slider: computed here from the packed degrees and shells.
NS.liveCharts = (app) => {
  const { frames } = app;
  const scopeNodes = () => {
    const value = app.scope ?? "network";
    if (value === "network") return [0, frames.size];
    const p = Number(value);
    return [frames.offsets[p], frames.offsets[p] + frames.populations[p].size];
  };
  const degrees = (t) => {
    const [a, b] = scopeNodes();
    const get = { in: "degreeIn", out: "degreeOut" }[app.kind] ?? "degree";
    const out = new Uint32Array(b - a);
    for (let i = a; i < b; i++) out[i - a] = frames[get](t, i);
    return out;
  };
  const scopeName = () => (app.scope ?? "network") === "network" ? "network" : frames.populations[Number(app.scope)].name;
  const fit = (t) => {
    if ((app.kind ?? "total") !== "total") return null;
    const fits = frames.meta.fits[scopeName()];
    return fits?.[String(frames.meta.steps[t])] ?? null;
  };
  const markHovered = (shapes, value) => {
    if (app.hovered !== null) shapes.push({ type: "line", yref: "y domain", y0: 0, y1: 1, x0: value, x1: value, line: { color: NS.css("--glow"), width: 2 } });
    return shapes;
  };

  const tail = (values) => {
    const sorted = Float64Array.from(values).sort();
    const x = [], y = [];
    for (let i = 0; i < sorted.length; i++) {
      if (sorted[i] > 0 && (i === 0 || sorted[i] !== sorted[i - 1])) { x.push(sorted[i]); y.push((sorted.length - i) / sorted.length); }
    }
    return { x, y };
  };

  const ccdf = () => {
    const values = degrees(app.t), { x, y } = tail(values);
    const data = [{ type: "scatter", mode: "markers", name: "neurons", x, y, marker: { color: "#0072B2", size: 5 } }];
    const shapes = [];
    const found = fit(app.t);
    if (found?.alpha && found.xmin && x.length) {
      const share = values.reduce((n, k) => n + (k >= found.xmin), 0) / values.length;
      const end = Math.max(x.at(-1), found.xmin + 1), kx = [], ky = [];
      for (let i = 0; i <= 24; i++) {
        const k = Math.round(found.xmin * (end / found.xmin) ** (i / 24));
        if (k !== kx.at(-1)) { kx.push(k); ky.push(share * NS.zetaRatio(found.alpha, k, found.xmin)); }
      }
      data.push({ type: "scatter", mode: "lines", name: `power law, α = ${found.alpha.toFixed(2)}`, x: kx, y: ky, line: { color: "#D55E00", width: 2, dash: "dash" } });
    }
    const top = (get) => app.kind === "in" ? frames.degreeIn(app.t, get) : app.kind === "out" ? frames.degreeOut(app.t, get) : frames.degree(app.t, get);
    if (app.hovered !== null && top(app.hovered) > 0) markHovered(shapes, top(app.hovered));
    const high = Math.log10(frames.maxDegree * 1.3), low = -Math.log10(values.length * 1.5);
    return { data, layout: { showlegend: data.length > 1, shapes, xaxis: { type: "log", title: { text: "degree k" }, range: [-0.1, high], dtick: 1 }, yaxis: { type: "log", title: { text: "share with degree ≥ k" }, range: [low, 0.15], dtick: 1, exponentformat: "power" } } };
  };

  const histogram = () => {
    const values = degrees(app.t), bins = Math.min(50, frames.maxDegree + 1);
    const width = Math.max(1, Math.ceil((frames.maxDegree + 1) / bins)), y = new Array(Math.ceil((frames.maxDegree + 1) / width)).fill(0);
    values.forEach((k) => { y[Math.floor(k / width)]++; });
    const x = y.map((_, i) => i * width + (width - 1) / 2);
    const shapes = app.hovered === null ? [] : markHovered([], frames.degree(app.t, app.hovered));
    return { data: [{ type: "bar", name: "neurons", x, y, marker: { color: "#0072B2" } }], layout: { bargap: 0.05, shapes, xaxis: { title: { text: "degree k" }, range: [-0.6, frames.maxDegree + 0.6] }, yaxis: { title: { text: "neurons (log)" }, type: "log", range: [-0.2, Math.log10(values.length * 1.2)], dtick: 1 } } };
  };

  let topCore = 0;
  for (const value of frames.nodes.core.values) if (value > topCore) topCore = value;
  const kshell = () => {
    const data = frames.populations.map((p, i) => {
      const y = new Array(topCore + 1).fill(0);
      for (let n = frames.offsets[i]; n < frames.offsets[i] + p.size; n++) y[frames.core(app.t, n)]++;
      return { type: "bar", name: NS.escape(p.name), x: y.map((_, k) => k), y, marker: { color: p.colour } };
    }).filter((_, i) => !app.hidden.has(i));
    const shapes = app.hovered === null ? [] : markHovered([], frames.core(app.t, app.hovered));
    return { data, layout: { barmode: "stack", bargap: 0.08, shapes, showlegend: data.length > 1 && data.length < 13, xaxis: { title: { text: "k-shell" }, range: [-0.6, topCore + 0.6] }, yaxis: { title: { text: "neurons" } } } };
  };

  const now = (layout) => ({ ...layout, shapes: [...(layout.shapes ?? []), { type: "line", yref: "y domain", y0: 0, y1: 1, x0: frames.meta.epochs[app.t], x1: frames.meta.epochs[app.t], line: { color: NS.css("--soft"), width: 1 } }] });

  const share = (counts) => () => {
    const data = frames.populations.map((p, i) => {
      const x = [], y = [];
      for (let t = 0; t < frames.count; t++) {
        const value = counts(t, frames.offsets[i], p.size);
        if (value !== null) { x.push(frames.meta.epochs[t]); y.push(value); }
      }
      return { type: "scatter", mode: frames.count < 30 ? "lines+markers" : "lines", name: NS.escape(p.name), x, y, line: { color: p.colour, width: 2 }, marker: { color: p.colour, size: 5 } };
    }).filter((trace, i) => trace.x.length && !app.hidden.has(i));
    return { data, layout: now({ showlegend: data.length > 1 && data.length < 13, xaxis: { title: { text: "epoch" } }, yaxis: { title: { text: "share of neurons" }, range: [-0.02, 1.02], tickformat: ".0%" } }) };
  };
  const dormant = share((t, from, size) => {
    let n = 0;
    for (let i = from; i < from + size; i++) n += frames.degree(t, i) <= app.tau;
    return n / size;
  });
  const silent = share((t, from, size) => {
    let n = 0, known = 0;
    for (let i = from; i < from + size; i++) {
      const a = frames.activity(t, i);
      if (a !== null) { known++; n += a <= app.tauActivity; }
    }
    return known ? n / known : null;
  });

  const describe = (t) => {
    const found = fit(t);
    if (!found) return `epoch ${NS.number(frames.meta.epochs[t], 4)}`;
    const parts = [`epoch ${NS.number(frames.meta.epochs[t], 4)}`];
    if (found.alpha) parts.push(`α = ${found.alpha.toFixed(2)}`);
    if (found.xmin) parts.push(`k_min = ${found.xmin}`);
    if (found.p_value !== undefined) parts.push(`p = ${found.p_value.toFixed(2)}`);
    if (found.gamma) parts.push(`γ = ${found.gamma.toFixed(2)}`);
    return parts.join(" · ");
  };
  return { ccdf, histogram, kshell, dormant, silent, now, describe };
};

// ζ(s, q) / ζ(s, q0) of the Hurwitz zeta, s > 1, by Euler-Maclaurin with nine terms. Each is scaled
// by q^s: steep tails that begin late would underflow.
NS.zetaRatio = (s, q, q0) => {
  const scaled = (x) => {
    let sum = 0;
    for (let n = 0; n < 9; n++) sum += (x / (x + n)) ** s;
    const a = x + 9;
    return sum + (x / a) ** s * (a / (s - 1) + 0.5 + s / (12 * a) - (s * (s + 1) * (s + 2)) / (720 * a ** 3));
  };
  return ((q0 / q) ** s * scaled(q)) / scaled(q0);
};
