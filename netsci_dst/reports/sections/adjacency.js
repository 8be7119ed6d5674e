"use strict";
class Adjacency extends Images {
  async load() { this.data ??= await this.app.frames.matrices(); }

  drawNow() {
    const { app } = this, { frames } = app;
    if (!this.data) return;
    const name = app.choice("order") === "native" ? "matrices" : "by_degree";
    const { values, shape } = this.data[name];
    const tops = this.data[`${name}_top`].values;
    const [, L, B] = shape;
    frames.layers.forEach((layer, l) => {
      const rows = Math.min(B, frames.populations[layer.source].size), columns = Math.min(B, frames.populations[layer.target].size);
      const shares = new Float32Array(rows * columns), from = (app.t * L + l) * B * B;
      for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) shares[i * columns + j] = values[from + i * B + j] / 48;
      this.paint(this.tile(l, `${layer.name}: rows ${frames.populations[layer.source].name}, columns ${frames.populations[layer.target].name}; darkest ${NS.number(100 * tops[l], 2)} %`, rows, columns), shares, this.lit(layer, rows, columns));
    });
    this.legend("no link", "densest cell of the layer (square-root scale)");
    this.figure.querySelector("[data-caption]").textContent = frames.when(app.t);
  }

  // Place of each neuron of a population in the order of the rows: its own, or by degree.
  order(population) {
    const { app } = this, { frames } = app, { size } = frames.populations[population], at = frames.offsets[population];
    const place = new Uint32Array(size);
    if (app.choice("order") === "native") { for (let i = 0; i < size; i++) place[i] = i; return place; }
    const ranked = Array.from({ length: size }, (_, i) => i).sort((a, b) => frames.degree(app.t, at + b) - frames.degree(app.t, at + a) || a - b);
    ranked.forEach((i, rank) => { place[i] = rank; });
    return place;
  }

  lit(layer, rows, columns) {
    const { app } = this, { frames } = app, i = app.hovered;
    if (i === null || (frames.of[i] !== layer.source && frames.of[i] !== layer.target)) return null;
    const n = frames.populations[layer.source].size, m = frames.populations[layer.target].size;
    const down = this.order(layer.source), across = this.order(layer.target), cells = [];
    for (const j of frames.neighbours(app.t, i)) {
      const [a, b] = frames.of[i] === layer.source && frames.of[j] === layer.target ? [i, j] : frames.of[j] === layer.source && frames.of[i] === layer.target ? [j, i] : [-1, -1];
      if (a >= 0) cells.push(Math.floor(down[frames.index(a)] * rows / n) * columns + Math.floor(across[frames.index(b)] * columns / m));
    }
    return cells;
  }

  async download() {
    const { app } = this, { frames } = app;
    const { u, v, from } = frames.links(app.t);
    const rows = [["layer", "source population", "source", "target population", "target"]];
    frames.layers.forEach((layer, l) => {
      for (let k = from[l]; k < from[l + 1]; k++) rows.push([layer.name, frames.populations[layer.source].name, frames.index(u[k]), frames.populations[layer.target].name, frames.index(v[k])]);
    });
    NS.download(NS.fileName(app.run.name, "links", `step${frames.meta.steps[app.t]}`) + ".csv", NS.csv(rows));
  }
}
NS.view("adjacency", Adjacency);
