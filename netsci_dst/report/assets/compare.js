"use strict";
// Many runs: filter, tables, change against dense, curves and small multiples by method.
class Compare {
  constructor() {
    this.data = NS.json("compare-data");
    this.rows = this.data.runs.map(([name, method, sparsity, data, model, seed, opened], i) => ({ i, name, method, sparsity, data, model, seed, opened, text: `${name} ${method} ${data} ${model} ${sparsity} seed ${seed}`.toLowerCase() }));
    this.off = new Set();
    this.query = "";
    this.methods = Object.keys(this.data.methods);
    this.plots = [];
    this.shownMultiples = 12;
  }

  async start() {
    const { values, curves } = await NS.unpack("compare-pack", this.data.pack);
    this.values = values.values;
    this.curves = curves.values;
    this.at = new Map(this.data.quantities.map((name, i) => [name, i]));
    this.shown = this.rows;
    this.controls();
    for (const figure of document.querySelectorAll("[data-compare]")) {
      const source = figure.dataset.compare === "dense" ? () => this.dense() : () => this.curve();
      this.plots.push(new Plot(figure, source, `compare-${figure.dataset.compare}`));
    }
    this.multiples();
    NS.theme.listeners.add(() => this.plots.forEach((plot) => plot.refresh()));
    return this;
  }

  value(row, name) { const j = this.at.get(name); return j === undefined ? NaN : this.values[row.i * this.data.quantities.length + j]; }

  controls() {
    const filter = document.querySelector("[data-filter]");
    filter.addEventListener("input", () => { this.query = filter.value.trim().toLowerCase(); this.apply(); });
    const set = document.querySelector("[data-method-toggles]");
    for (const name of this.methods) {
      const button = NS.el("button", { type: "button", class: "toggle", "aria-pressed": "true", title: name }, NS.el("i", { style: `background:${this.data.methods[name]}` }), NS.el("span", {}, name));
      button.addEventListener("click", () => {
        if (this.off.has(name)) this.off.delete(name); else this.off.add(name);
        button.setAttribute("aria-pressed", String(!this.off.has(name)));
        this.apply();
      });
      set.append(button);
    }
    const select = document.querySelector("[data-curve]");
    const labels = { metric: this.data.metric, loss: "loss", itop: "ITOP", anp: "ANP", overlap: "overlap", density: "density" };
    this.data.curves.forEach((name, j) => { if (this.hasCurve(j)) select.append(NS.el("option", { value: j }, labels[name])); });
    select.addEventListener("change", () => this.plots.find((plot) => plot.name === "compare-curve").refresh());
    this.select = select;
    document.querySelector("[data-table-csv]").addEventListener("click", () => this.download());
    const find = document.querySelector("[data-measure-filter]");
    find.addEventListener("input", () => { this.measureQuery = find.value.trim().toLowerCase(); this.multiples(); });
    const more = document.querySelector("[data-more-multiples]");
    more.addEventListener("click", () => { this.shownMultiples += 24; this.multiples(); });
  }

  hasCurve(j) {
    const { points, curves } = this.data;
    for (const row of this.rows) {
      const from = (row.i * curves.length + j) * points;
      for (let k = 0; k < points; k++) if (!Number.isNaN(this.curves[from + k])) return true;
    }
    return false;
  }

  apply() {
    this.shown = this.rows.filter((row) => !this.off.has(row.method) && row.text.includes(this.query));
    document.querySelector("[data-shown]").textContent = this.shown.length === this.rows.length ? `${this.rows.length} runs` : `${this.shown.length} of ${this.rows.length} runs`;
    this.tables();
    this.plots.forEach((plot) => plot.refresh());
  }

  groups(rows, key) {
    const found = new Map();
    for (const row of rows) { const k = JSON.stringify(key(row)); if (!found.has(k)) found.set(k, []); found.get(k).push(row); }
    return [...found].map(([k, list]) => [JSON.parse(k), list]).sort(([a], [b]) => {
      const at = a.findIndex((part, i) => part !== b[i]);
      return at < 0 ? 0 : a[at] < b[at] ? -1 : 1;
    });
  }

  mean(rows, name) {
    const list = rows.map((row) => this.value(row, name)).filter((v) => !Number.isNaN(v));
    if (!list.length) return null;
    const mean = list.reduce((a, b) => a + b, 0) / list.length;
    const error = list.length > 1 ? Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / (list.length - 1) / list.length) : NaN;
    return { mean, error, n: list.length };
  }

  tables() {
    const scale = this.data.metric === "accuracy" ? 100 : 1, unit = scale === 100 ? " %" : "";
    const columns = [["metric", this.data.metric + unit, scale, true], ["aae", "AAE" + unit, scale, true], ["anp", "ANP %", 100], ["itop", "ITOP %", 100], ["power law: gamma", "γ", 1], ["modularity: modularity", "modularity", 1], ["asi: asi layers", "ASI", 1]].filter(([q]) => this.rows.some((row) => !Number.isNaN(this.value(row, q))));
    const host = document.querySelector("[data-tables]");
    host.replaceChildren();
    const say = (m, factor) => factor === 100 ? (100 * m).toFixed(2) : NS.number(m, 3);
    for (const [[data, model], rows] of this.groups(this.shown, (r) => [r.data, r.model])) {
      const body = NS.el("tbody");
      const fully = this.rows.filter((r) => r.method === "dense" && r.data === data && r.model === model);
      const dense = columns.map(([q]) => this.mean(fully, q));
      for (const [, at] of this.groups(rows, (r) => [r.sparsity])) {
        const methods = this.groups(at, (r) => [r.method]);
        const means = columns.map(([q]) => methods.map(([, list]) => this.mean(list, q)));
        methods.forEach(([[method], list], m) => {
          const line = NS.el("tr", {}, NS.el("td", {}, method), NS.el("td", {}, `${(100 * at[0].sparsity).toFixed(2)} %`), NS.el("td", {}, String(list.length)));
          columns.forEach(([, , factor, marked], c) => {
            const mine = means[c][m];
            const all = means[c].filter(Boolean).map((x) => x.mean);
            const best = marked && mine && all.length > 1 && mine.mean === (this.data.moreIsBetter ? Math.max(...all) : Math.min(...all));
            const text = !mine ? "–" : mine.n < 2 ? say(mine.mean, factor) : `${say(mine.mean, factor)} ± ${say(mine.error, factor)}`;
            const base = marked && mine ? dense[c] : null;
            const above = base && (this.data.moreIsBetter ? mine.mean > base.mean : mine.mean < base.mean);
            line.append(NS.el("td", best ? { class: "best" } : {}, `${text}${best ? " ★" : ""}${above ? " ▲" : ""}`));
          });
          body.append(line);
        });
      }
      const head = NS.el("tr", {}, ...["method", "sparsity", "runs", ...columns.map(([, label]) => label)].map((h) => NS.el("th", {}, h)));
      host.append(NS.el("div", { class: "scroll" }, NS.el("table", { class: "compare" }, NS.el("caption", {}, `${data}, ${model}: mean ± standard error over seeds, of the runs shown; ★ the best ${this.data.metric} and AAE at each sparsity, ▲ better than dense`), NS.el("thead", {}, head), body)));
    }
    if (!this.shown.length) host.append(NS.el("p", { class: "note" }, "No run matches the filter."));
  }

  dense() {
    const scale = this.data.metric === "accuracy" ? 100 : 1;
    const base = new Map(this.groups(this.rows.filter((r) => r.method === "dense"), (r) => [r.data, r.model]).map(([k, list]) => [JSON.stringify(k), { metric: this.mean(list, "metric"), aae: this.mean(list, "aae") }]));
    const data = [];
    for (const [[method], rows] of this.groups(this.shown.filter((r) => r.method !== "dense"), (r) => [r.method])) {
      const x = [], y = [], text = [];
      for (const [[d, m, s], list] of this.groups(rows, (r) => [r.data, r.model, r.sparsity])) {
        const ref = base.get(JSON.stringify([d, m])), a = this.mean(list, "metric"), b = this.mean(list, "aae");
        if (!ref?.metric || !a || !b || !ref.aae) continue;
        x.push(scale * (a.mean - ref.metric.mean)); y.push(scale * (b.mean - ref.aae.mean)); text.push(NS.escape(`${d}, ${m}, sparsity ${(100 * s).toFixed(2)} %`));
      }
      if (x.length) data.push({ type: "scatter", mode: "markers", name: NS.escape(method), x, y, text, hovertemplate: "%{text}<br>%{x:.2f}, %{y:.2f}", marker: { size: 11, color: this.data.methods[method] } });
    }
    const zero = (axis) => ({ type: "line", [`${axis}0`]: 0, [`${axis}1`]: 0, [`${axis === "x" ? "y" : "x"}ref`]: `${axis === "x" ? "y" : "x"} domain`, [`${axis === "x" ? "y" : "x"}0`]: 0, [`${axis === "x" ? "y" : "x"}1`]: 1, line: { color: NS.css("--soft"), width: 1 } });
    const annotations = data.length ? [] : [{ text: "Needs a dense run of the same data and model.", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5 }];
    return { data, layout: { showlegend: true, shapes: [zero("x"), zero("y")], annotations, xaxis: { title: { text: `Δ ${this.data.metric}${scale === 100 ? ", points" : ""}` } }, yaxis: { title: { text: `Δ AAE${scale === 100 ? ", points" : ""}` } } } };
  }

  curve() {
    const j = Number(this.select.value || 0), { points, curves, lastEpoch } = this.data;
    const data = [];
    for (const [[method], rows] of this.groups(this.shown, (r) => [r.method])) {
      const x = [], y = [], low = [], high = [];
      for (let k = 0; k < points; k++) {
        const list = rows.map((row) => this.curves[(row.i * curves.length + j) * points + k]).filter((v) => !Number.isNaN(v));
        if (!list.length) continue;
        const mean = list.reduce((a, b) => a + b, 0) / list.length;
        const se = list.length > 1 ? Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / (list.length - 1) / list.length) : 0;
        x.push((lastEpoch * k) / (points - 1)); y.push(mean); low.push(mean - se); high.push(mean + se);
      }
      if (!x.length) continue;
      const colour = this.data.methods[method];
      data.push({ type: "scatter", mode: "lines", name: NS.escape(method), x, y, line: { color: colour, width: 2 } });
      if (rows.length > 1) data.push({ type: "scatter", mode: "lines", name: `${NS.escape(method)} ± s.e.`, x: [...x, ...[...x].reverse()], y: [...high, ...low.reverse()], fill: "toself", fillcolor: colour + "2e", line: { width: 0 }, hoverinfo: "skip", showlegend: false });
    }
    return { data, layout: { showlegend: true, xaxis: { title: { text: "epoch" } }, yaxis: { title: { text: this.select.selectedOptions[0]?.textContent ?? "" } } } };
  }

  // Against sparsity; with one sparsity only, against the method.
  multiple(name) {
    const single = new Set(this.shown.filter((r) => r.method !== "dense").map((r) => r.sparsity)).size < 2;
    const data = [];
    let low = Infinity, high = -Infinity;
    for (const [[method], rows] of this.groups(this.shown, (r) => [r.method])) {
      const x = [], y = [], array = [];
      for (const [[s], list] of this.groups(rows, (r) => [r.sparsity])) {
        const m = this.mean(list, name);
        if (!m) continue;
        const error = Number.isNaN(m.error) ? 0 : m.error;
        x.push(single ? NS.escape(method, 14) : `${+(100 * s).toFixed(2)} %`); y.push(m.mean); array.push(error);
        low = Math.min(low, m.mean - error); high = Math.max(high, m.mean + error);
      }
      if (x.length) data.push({ type: "scatter", mode: x.length > 1 ? "lines+markers" : "markers", name: NS.escape(method), x, y, error_y: { array, thickness: 1.2, width: 3 }, line: { color: this.data.methods[method], width: 1.5 }, marker: { size: 9, color: this.data.methods[method] } });
    }
    const columns = [...new Set(data.flatMap((trace) => trace.x))].length;
    const pad = (high - low || Math.abs(high) * 0.1 || 1) * 0.12;
    return { data, layout: { showlegend: false, margin: { l: 50, r: 8, t: 6, b: 36 }, xaxis: { type: "category", range: [-0.5, columns - 0.5], title: { text: single ? "" : "sparsity" } }, yaxis: { range: [low - pad, high + pad] } } };
  }

  multiples() {
    const host = document.querySelector("[data-multiples]");
    this.plots = this.plots.filter((plot) => { if (!plot.multiple) return true; plot.destroy(); return false; });
    host.replaceChildren();
    const names = this.data.quantities.filter((q) => q.toLowerCase().includes(this.measureQuery ?? "") && this.rows.some((row) => !Number.isNaN(this.value(row, q))));
    const labels = { metric: this.data.metric, aae: "AAE", best: `best ${this.data.metric}`, anp: "ANP", itop: "ITOP", duration_s: "duration, s" };
    for (const name of names.slice(0, this.shownMultiples)) {
      const figure = NS.el("figure", { class: "card plot" }, NS.el("figcaption", {}, labels[name] ?? name), NS.el("div", { class: "canvas" }), NS.el("div", { class: "tools" }, NS.el("button", { type: "button", class: "ghost", "data-csv": "" }, "CSV")));
      host.append(figure);
      const plot = new Plot(figure, () => this.multiple(name), NS.fileName("compare", name));
      plot.multiple = true;
      this.plots.push(plot);
    }
    document.querySelector("[data-measures-shown]").textContent = `${Math.min(names.length, this.shownMultiples)} of ${names.length}`;
    document.querySelector("[data-more-multiples]").hidden = names.length <= this.shownMultiples;
  }

  download() {
    const head = ["name", "method", "sparsity", "data", "model", "seed", ...this.data.quantities];
    const rows = this.shown.map((row) => [row.name, row.method, row.sparsity, row.data, row.model, row.seed, ...this.data.quantities.map((q) => { const v = this.value(row, q); return Number.isNaN(v) ? "" : Number(v.toPrecision(7)); })]);
    NS.download("runs.csv", NS.csv([head, ...rows]));
  }
}

NS.startCompare = async () => { NS.compare = await new Compare().start(); };
