"use strict";
// Small charts of every quantity by method: against sparsity where there are several.
NS.view("compare-multiples", class {
  constructor(figure, c) {
    this.c = c;
    figure.querySelector(".tools")?.remove();
    figure.classList.add("bare");
    const stage = figure.querySelector(".stage"), find = NS.el("input", { type: "search", placeholder: "power law, modularity …", autocomplete: "off" });
    this.said = NS.el("output");
    this.host = NS.el("div", { class: "multiples" });
    this.more = NS.el("button", { type: "button", class: "ghost", "data-more-multiples": "" }, "Show more");
    stage.classList.add("plain");
    stage.replaceChildren(NS.el("div", { class: "switches" }, NS.el("label", {}, "Find a measure ", find), this.said), this.host, this.more);
    this.most = matchMedia("(max-width: 640px)").matches ? 4 : 8;
    find.addEventListener("input", () => { this.query = find.value.trim().toLowerCase(); this.fill(); });
    this.more.addEventListener("click", () => { this.most += 24; this.fill(); });
    this.plots = [];
    this.fill();
  }

  title(name) { const { costs, structure, metricName } = this.c.about; return { metric: metricName, aae: "AAE", best: `best ${metricName}` }[name] ?? structure[name]?.[0] ?? costs[name]?.[0] ?? name; }

  fill() {
    this.plots.forEach((plot) => plot.destroy());
    this.host.replaceChildren();
    const names = this.c.about.quantities.filter((q) => `${q} ${this.title(q)}`.toLowerCase().includes(this.query ?? ""));
    this.plots = names.slice(0, this.most).map((name) => {
      const figure = NS.el("figure", { class: "card plot" }, NS.el("figcaption", {}, this.title(name)), NS.el("div", { class: "canvas" }), NS.el("div", { class: "tools" }, NS.el("button", { type: "button", class: "ghost", "data-csv": "" }, "CSV")));
      this.host.append(figure);
      return new Plot(figure, () => this.spec(name), NS.fileName("compare", name));
    });
    this.said.textContent = names.length ? `${Math.min(names.length, this.most)} of ${names.length}` : "no quantity of this name";
    this.more.hidden = names.length <= this.most;
  }

  spec(name) {
    const { c } = this, share = (["metric", "aae", "best"].includes(name) && c.about.share) || c.about.structure[name]?.[1], f = share ? 100 : 1;
    const sparse = c.shownVariants.filter((v) => v.method !== "dense"), single = new Set(sparse.map((v) => v.sparsity)).size < 2;
    const groups = new Map(), rows = [["method", "sparsity (%)", this.title(name) + (share ? " (%)" : c.about.costs[name]?.[1] ? ` (${c.about.costs[name][1]})` : ""), "half 95 % interval", "runs"]];
    for (const v of c.shownVariants) {
      const m = c.interval(v, name);
      if (!m.n) continue;
      rows.push([v.label, 100 * v.sparsity, f * m.mean, Number.isFinite(m.half) ? f * m.half : "", m.n]);
      const key = single ? `${v.label}/${v.setting}` : `${v.label}/${v.setting}`;
      if (!groups.has(key)) groups.set(key, { v, x: [], y: [], error: [] });
      const g = groups.get(key);
      g.x.push(single ? NS.escape(v.label, 14) : `${Number((100 * v.sparsity).toPrecision(6))} %`); g.y.push(f * m.mean); g.error.push(Number.isFinite(m.half) ? f * m.half : 0);
    }
    const data = [...groups.values()].map(({ v, x, y, error }) => ({ type: "scatter", mode: x.length > 1 ? "lines+markers" : "markers", name: NS.escape(v.label), x, y, error_y: { type: "data", array: error, thickness: 1.2, width: 3, color: v.colour }, line: { color: v.colour, width: 1.5 }, marker: { size: 9, color: v.colour } }));
    const ys = data.flatMap((t) => t.y), low = Math.min(...ys), high = Math.max(...ys), log = !share && low > 0 && high > 10 * low;
    const pad = 0.12 * Math.log10(high / low), ends = log ? [Math.log10(low) - pad, Math.log10(high) + pad] : null, unit = share ? "%" : c.about.costs[name]?.[1] ?? "";
    const inner = high - low || Math.abs(ys[0]) * 0.1 || 1, columns = new Set(data.flatMap((t) => t.x)).size;
    return { data, rows, none: "No run shown has this.", layout: { showlegend: false, margin: { l: 50, r: 8, t: 6, b: 36 }, xaxis: { type: "category", range: [-0.5, columns - 0.5], title: { text: single ? "" : "sparsity" }, tickangle: columns > 4 ? -35 : 0 }, yaxis: { title: { text: unit }, range: ends ?? [low - 0.35 * inner, high + 0.35 * inner], ...(log ? { type: "log", ...NS.logTicks(...ends) } : {}) } } };
  }

  refresh() { this.plots.forEach((plot) => plot.refresh()); }
  print() { this.plots.forEach((plot) => plot.drawNow()); }
  destroy() { this.plots.forEach((plot) => plot.destroy()); }
});
