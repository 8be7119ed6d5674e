"use strict";
// One table for each setting and sparsity, of the runs shown; comparison/tables.py writes the same.
NS.view("compare-tables", class {
  constructor(figure, c) {
    this.c = c;
    this.stage = figure.querySelector(".stage");
    this.more = NS.el("button", { type: "button", class: "ghost", "aria-pressed": "false" }, "More columns");
    this.more.addEventListener("click", () => { const on = this.stage.classList.toggle("unfolded"); this.more.setAttribute("aria-pressed", String(on)); this.more.textContent = on ? "Fewer columns" : "More columns"; });
    const tools = figure.querySelector(".tools"), csv = NS.el("button", { type: "button", class: "ghost" }, "CSV");
    csv.addEventListener("click", () => NS.download("methods.csv", NS.csv(this.rows())));
    tools.append(...(Object.keys(c.about.structure).length ? [this.more] : []), csv);
  }

  columns() {
    const { share, metricName, costs, structure, quantities } = this.c.about, unit = share ? " (%)" : "";
    const short = { training_flops_links: "training FLOPs", wall_s: "time (s)" };
    return [["metric", `${metricName}${unit}`, share, false], ["aae", `AAE${unit}`, share, false], ...["training_flops_links", "wall_s", "parameters", "weight_bytes"].filter((n) => quantities.includes(n)).map((n) => [n, short[n] ?? costs[n][0], false, false]), ...Object.entries(structure).map(([n, [title, percent]]) => [n, `${title}${percent ? " (%)" : ""}`, percent, true])];
  }

  cell(v, key, share) {
    const found = this.c.interval(v, key), { costs } = this.c.about;
    if (!Number.isFinite(found.mean)) return "–";
    if (costs[key] && key !== "wall_s" && key !== "processor_s") return NS.amount(found.mean, costs[key][1]);
    return NS.withError(found.mean, found.half, share, false);
  }

  groups() {
    const { c } = this, out = [];
    c.about.settings.forEach(([data, model], s) => {
      const mine = c.shownVariants.filter((v) => v.setting === s);
      let levels = [...new Set(mine.filter((v) => v.method !== "dense").map((v) => v.sparsity))].sort((a, b) => a - b);
      if (!levels.length && mine.length) levels = [0];
      for (const level of levels) {
        const here = mine.filter((v) => v.sparsity === level || v.method === "dense"), order = c.ranked(here);
        order.push(...here.filter((v) => !order.includes(v)));
        out.push({ where: [data, model, `sparsity ${Number((100 * level).toPrecision(6))} %`].filter(Boolean).join(", "), order, tied: c.tied(order.filter((v) => v.method !== "dense")) });
      }
    });
    return out;
  }

  refresh() {
    const heads = this.columns(), fold = (folded) => (folded ? { class: "folded" } : {});
    this.stage.replaceChildren(...this.groups().map(({ where, order, tied }) => NS.el("div", { class: "scroll", tabindex: "0" }, NS.el("table", { class: "compare" },
      NS.el("caption", {}, where),
      NS.el("thead", {}, NS.el("tr", {}, NS.el("th", {}, "method"), NS.el("th", {}, "runs"), ...heads.map(([, title, , folded]) => NS.el("th", fold(folded), title)))),
      NS.el("tbody", {}, ...order.map((v) => NS.el("tr", tied.includes(v) ? { class: "tied" } : {}, NS.el("td", {}, v.label), NS.el("td", {}, String(this.c.of(v).length)), ...heads.map(([key, , share, folded]) => NS.el("td", fold(folded), this.cell(v, key, share))))))))));
    if (!this.c.shown.length) this.stage.append(NS.el("p", { class: "note" }, "No run matches the filter."));
  }

  rows() {
    const { c } = this, heads = this.columns();
    const out = [["setting", "method", "runs", ...heads.flatMap(([, title]) => [title, `${title}, half 95 % interval`])]];
    for (const { where, order } of this.groups()) for (const v of order) out.push([where, v.label, c.of(v).length, ...heads.flatMap(([key, , share]) => { const { mean, half } = c.interval(v, key), f = share ? 100 : 1; return [mean, half].map((n) => (Number.isFinite(n) ? Number((f * n).toPrecision(7)) : "")); })]);
    return out;
  }

  destroy() {}
});
