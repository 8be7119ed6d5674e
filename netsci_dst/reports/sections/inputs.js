"use strict";
class InputMaps extends Images {
  grids() {
    return this.app.frames.populations.map((p, i) => ({ ...p, at: this.app.frames.offsets[i] })).filter((p) => p.role === "input" && p.shape && (p.shape.length === 2 || p.shape.length === 3));
  }

  drawNow() {
    const { app } = this, { frames } = app;
    let top = this.top;
    if (!top) {
      top = 1;
      for (const p of this.grids()) for (let t = 0; t < frames.count; t++) for (let i = p.at; i < p.at + p.size; i++) top = Math.max(top, frames.degree(t, i));
      this.top = top;
    }
    const near = app.hovered === null ? null : frames.neighbours(app.t, app.hovered).add(app.hovered);
    for (const p of this.grids()) {
      const [height, width] = p.shape.slice(-2), channels = p.shape.length === 3 ? p.shape[0] : 1;
      for (let c = 0; c < channels; c++) {
        const from = p.at + c * height * width, shares = new Float32Array(height * width), lit = [];
        for (let i = 0; i < shares.length; i++) {
          shares[i] = frames.degree(app.t, from + i) / top;
          if (near?.has(from + i)) lit.push(i);
        }
        this.paint(this.tile(`${p.name}/${c}`, `${p.name}${channels > 1 ? `, channel ${c}` : ""}: links`, height, width), shares, lit);
      }
    }
    this.mapped();
    this.legend("no link", `${top} links; right (square-root scale): most two-link paths`);
    this.figure.querySelector("[data-caption]").textContent = frames.when(app.t);
  }

  // The first hidden layer mapped back: how many paths of two links leave each input.
  mapped() {
    const { app } = this, { frames } = app, { first_hidden: rows, first_hidden_at: at } = frames.nodes;
    if (!rows) return;
    const wide = at.values.length, full = new Float32Array(frames.size);
    for (let i = 0; i < wide; i++) full[at.values[i]] = rows.values[app.t * wide + i] / 255;
    for (const p of this.grids()) {
      const [height, width] = p.shape.slice(-2), channels = p.shape.length === 3 ? p.shape[0] : 1;
      for (let c = 0; c < channels; c++) {
        const from = p.at + c * height * width;
        const name = `${p.name}${channels > 1 ? `, channel ${c}` : ""}: paths through the first hidden layer`;
        this.paint(this.tile(`${p.name}/${c}/mapped`, name, height, width), full.subarray(from, from + height * width), null);
      }
    }
  }

  download() {
    const { app } = this, { frames } = app;
    const rows = [["population", "input", "links"]];
    for (const p of this.grids()) for (let i = 0; i < p.size; i++) rows.push([p.name, i, frames.degree(app.t, p.at + i)]);
    NS.download(NS.fileName(app.run.name, "inputs", `step${frames.meta.steps[app.t]}`) + ".csv", NS.csv(rows));
  }
}
NS.view("input-map", InputMaps);
