"use strict";
// A part of the page with figures and controls: a run, a comparison, a network. Every figure is a
// chart that was made with the page, one that a section's script makes, or a view of its own kind.
class Page {
  constructor(root) {
    this.root = root;
    this.parts = new Map();
    this.held = false;
  }

  async begin() {
    const { charts, data } = await NS.inflateJson(`${this.root.id}-charts`);
    this.charts = charts;
    this.data = data;
  }

  name(...parts) { return NS.fileName(...parts); }

  figures() {
    this.watchControls();
    for (const figure of this.root.querySelectorAll("[data-figure]")) {
      const key = figure.dataset.figure;
      const View = NS.views.get(key);
      if (View) { this.parts.set(key, new View(figure, this)); continue; }
      const source = NS.charts.get(key)?.(this.seenFrom(figure)) ?? this.fixed(this.charts[key]);
      if (source && figure.querySelector(".canvas")) this.parts.set(key, new Plot(figure, source, this.name(key)));
    }
  }

  fixed(spec) { return spec ? () => spec : null; }

  // As a chart of one section sees it: of two controls of one name it means its own.
  seenFrom(figure) {
    const section = figure.closest("[data-section]");
    return Object.create(this, { control: { value: (name) => section?.querySelector(`[data-control="${CSS.escape(name)}"]`) ?? this.control(name) } });
  }

  control(name) { return this.root.querySelector(`[data-control="${name}"]`); }
  choice(name) {
    const node = this.control(name);
    return !node ? undefined : node.type === "checkbox" ? node.checked : node.type === "range" ? Number(node.value) : node.value;
  }

  // Every choice stands in the address, and moves all that is on the page.
  watchControls() {
    for (const node of this.root.querySelectorAll("[data-control]")) {
      const name = node.dataset.control, kept = NS.address.get(name);
      if (kept !== null) { if (node.type === "checkbox") node.checked = kept === "1"; else node.value = kept; }
      const say = () => { const out = this.root.querySelector(`[data-control-value="${name}"]`); if (out) out.textContent = node.value; };
      say();
      node.addEventListener("input", () => {
        say();
        NS.address.set(name, node.type === "checkbox" ? (node.checked ? "1" : "0") : node.value);
        this.chosen(name);
      });
    }
  }

  chosen() { this.everything(); }

  everything() { this.parts.forEach((part) => part.refresh()); }

  async warm() { await NS.plotly(); for (const part of this.parts.values()) await part.load?.(); }

  print() { if (!this.root.hidden) this.parts.forEach((part) => part.print?.()); }

  destroy() { this.parts.forEach((part) => part.destroy()); }
}
