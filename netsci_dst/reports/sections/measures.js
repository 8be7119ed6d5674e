"use strict";
// Any quantity of any measure, chosen from a list that can be searched.
NS.view("measures", class {
  constructor(figure, app) {
    this.app = app;
    this.all = app.data.measures ?? [];
    const stage = figure.querySelector(".stage");
    const find = NS.el("input", { type: "search", placeholder: "find a quantity …", "aria-label": "Find a quantity", autocomplete: "off" });
    this.select = NS.el("select", { "aria-label": "Quantity" });
    stage.classList.add("plain");
    stage.append(NS.el("div", { class: "switches" }, find, this.select), NS.el("div", { class: "canvas skeleton" }));
    figure.classList.add("plot");
    this.fill("");
    find.addEventListener("input", () => { this.fill(find.value); this.plot.refresh(); });
    this.select.addEventListener("change", () => { NS.address.set("measure", this.select.value); this.plot.refresh(); });
    this.plot = new Plot(figure, () => this.spec(), app.name("measure"));
  }

  fill(text) {
    const wanted = text.trim().toLowerCase().split(/\s+/).filter(Boolean), kept = NS.address.get("measure");
    const options = this.all.map((m, i) => [i, `${m.measure}: ${m.quantity}`.replaceAll("_", " ")]).filter(([, label]) => wanted.every((word) => label.toLowerCase().includes(word)));
    this.select.replaceChildren(...options.map(([i, label]) => NS.el("option", { value: i }, label)));
    if (!text && kept !== null && this.all[Number(kept)]) this.select.value = kept;
  }

  spec() {
    const found = this.all[Number(this.select.value || -1)];
    if (!found) return { data: [], layout: {}, none: "No quantity of this name." };
    const data = found.series.map(([name, x, y], i) => ({ type: "scatter", mode: "lines+markers", name, x, y, line: { color: NS.hues(i), width: 2 }, marker: { size: 5 } }));
    const layout = { showlegend: data.length > 1, xaxis: { title: { text: this.app.frames?.meta.time ?? "epoch" } }, yaxis: { title: { text: found.quantity.replaceAll("_", " ") } } };
    return { data, what: { measure: `${found.measure}: ${found.quantity}` }, layout: this.app.frames ? this.app.withNow(layout) : layout };
  }

  refresh() { this.plot.refresh(); }
  print() { this.plot.drawNow(); }
  destroy() { this.plot.destroy(); }
});
NS.view("recipe", class { refresh() {} destroy() {} });
NS.view("provenance", class { refresh() {} destroy() {} });
