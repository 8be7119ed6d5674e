"use strict";
// Heat maps over two fields of the recipe, small multiples for a third; of the runs shown.
NS.sensitivityChoice = (app) => {
  if (app.sensitivity) return app.sensitivity;
  const { fields } = app.data.grid, names = Object.keys(fields), short = (name) => name.split(".").at(-1).replaceAll("_", " ");
  const host = app.root.querySelector('[data-section="sensitivity"] .grid');
  const select = (label, key, options, value) => {
    const node = NS.el("select", { "aria-label": label }, ...options.map(([v, text]) => NS.el("option", { value: v }, text)));
    node.value = NS.address.get(key) ?? value;
    node.addEventListener("change", () => { NS.address.set(key, node.value); app.everything(); });
    return [NS.el("label", {}, label, " ", node), node];
  };
  const all = names.map((name) => [name, short(name)]);
  const [xLabel, x] = select("Across", "x", all, names[0]), [yLabel, y] = select("Down", "y", all, names[1]), [fLabel, facet] = select("Small multiples", "facet", [["", "none"], ...all], "");
  host.insertAdjacentElement("beforebegin", NS.el("div", { class: "switches" }, xLabel, yLabel, fLabel));
  app.sensitivity = { x, y, facet };
  return app.sensitivity;
};

class HeatMap {
  constructor(figure, app) {
    const key = figure.dataset.figure;
    this.app = app;
    [this.name, this.title, this.share, this.unit] = app.data.grid.shown.find(([q]) => `sensitivity-${q.split(":")[0].replaceAll(" ", "-")}` === key);
    const stage = figure.querySelector(".stage");
    stage.classList.add("plain");
    stage.replaceChildren(NS.el("div", { class: "canvas skeleton" }));
    figure.classList.add("plot");
    NS.sensitivityChoice(app);
    this.plot = new Plot(figure, () => this.spec(), NS.fileName(key));
  }

  spec() {
    const { app } = this, { x, y, facet } = app.sensitivity, { fields, levels } = app.data.grid, f = this.share ? 100 : 1;
    if (x.value === y.value) return { data: [], layout: {}, none: "Choose two different fields." };
    const parts = facet.value && facet.value !== x.value && facet.value !== y.value ? levels[facet.value].slice(0, 6) : [null];
    const rows = [["panel", y.value, x.value, `${this.title}${this.share ? " (%)" : this.unit ? ` (${this.unit})` : ""}`, "runs"]], data = [], layout = { annotations: [], margin: { l: 60, r: 8, t: parts[0] === null ? 8 : 26, b: 44 } };
    const across = levels[x.value], down = levels[y.value];
    const panels = parts.map((part) => down.map((b) => across.map((a) => {
      const mine = app.shown.filter((run) => fields[x.value][run.i] === a && fields[y.value][run.i] === b && (part === null || fields[facet.value][run.i] === part)).map((run) => app.value(run, this.name)).filter(Number.isFinite);
      const mean = mine.length ? f * NS.stats.mean(mine) : null;
      rows.push([part ?? "", b, a, mean === null ? "" : Number(mean.toPrecision(7)), mine.length]);
      return mean;
    })));
    const finite = panels.flat(2).filter(Number.isFinite);
    if (!finite.length) return { data: [], layout, rows, none: "No run shown has this." };
    const say = (v) => (v === null ? "" : this.share ? v.toFixed(1) : this.unit ? NS.amount(v, this.unit) : NS.number(v));
    panels.forEach((z, k) => {
      const n = k ? k + 1 : "", start = k / parts.length, end = (k + (parts.length > 1 ? 0.92 : 1)) / parts.length;
      data.push({ type: "heatmap", z, x: across, y: down, xaxis: `x${n}`, yaxis: `y${n}`, zmin: Math.min(...finite), zmax: Math.max(...finite), colorscale: "Viridis", showscale: false, text: z.map((line) => line.map(say)), texttemplate: across.length * parts.length <= 14 ? "%{text}" : "", hovertemplate: `%{y}, %{x}: %{text}<extra></extra>`, xgap: 2, ygap: 2, name: parts[k] ?? this.title });
      layout[`xaxis${n}`] = { type: "category", domain: [start, end], title: { text: k === 0 || parts.length === 1 ? NS.escape(x.value.split(".").at(-1)) : "" } };
      layout[`yaxis${n}`] = { type: "category", anchor: `x${n}`, title: { text: k ? "" : NS.escape(y.value.split(".").at(-1)) }, showticklabels: k === 0 };
      if (parts[k] !== null) layout.annotations.push({ text: NS.escape(parts[k], 20), x: (start + end) / 2, y: 1.02, xref: "paper", yref: "paper", yanchor: "bottom", showarrow: false });
    });
    return { data, layout, rows };
  }

  refresh() { this.plot.refresh(); }
  print() { this.plot.drawNow(); }
  destroy() { this.plot.destroy(); }
}
for (const key of ["metric", "anp", "itop", "credit-paths", "training_flops_links", "wall_s"]) NS.view(`sensitivity-${key}`, HeatMap);
