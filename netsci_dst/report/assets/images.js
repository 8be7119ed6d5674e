"use strict";
// Adjacency matrices and input maps as pixels, on one colour scale through time.
class Images {
  constructor(figure, app) {
    this.figure = figure;
    this.app = app;
    this.host = figure.querySelector(".tiles");
    this.visible = false; this.stale = true;
    this.observer = NS.watchVisible(figure, (visible) => { this.visible = visible; if (visible && this.stale) this.draw(); });
    figure.querySelector("[data-csv]").addEventListener("click", () => this.download());
  }

  refresh() { this.stale = true; if (this.visible) this.draw(); }

  async load() {}

  async draw() { this.stale = false; await this.load(); this.drawNow(); }

  ramp() {
    const parse = (name) => NS.css(name).split(",").map(Number);
    const low = parse("--ramp-0"), high = parse("--ramp-1");
    return (share) => low.map((value, i) => value + (high[i] - value) * share);
  }

  tile(key, name, height, width) {
    this.tiles ??= new Map();
    let tile = this.tiles.get(key);
    if (!tile) {
      const canvas = NS.el("canvas", { role: "img", "aria-label": name });
      canvas.width = width; canvas.height = height;
      this.host.append(NS.el("div", { class: "tile" }, canvas, NS.el("div", { class: "name" }, name)));
      tile = { canvas, context: canvas.getContext("2d"), image: null };
      tile.image = tile.context.createImageData(width, height);
      this.tiles.set(key, tile);
    }
    return tile;
  }

  // `shares` are between 0 and 1; `lit` names cells to draw in the colour of what is hovered.
  paint(tile, shares, lit) {
    const ramp = this.ramp(), pixels = tile.image.data;
    const table = Array.from({ length: 65 }, (_, i) => ramp(i / 64));
    shares.forEach((share, i) => {
      const [r, g, b] = table[Math.round(Math.min(1, share) * 64)];
      pixels[4 * i] = r; pixels[4 * i + 1] = g; pixels[4 * i + 2] = b; pixels[4 * i + 3] = 255;
    });
    if (lit) for (const i of lit) { pixels[4 * i] = 213; pixels[4 * i + 1] = 94; pixels[4 * i + 2] = 0; }
    tile.context.putImageData(tile.image, 0, 0);
  }

  legend(low, high) {
    this.scale ??= this.host.appendChild(NS.el("div", { class: "ramp" }, NS.el("span"), NS.el("i"), NS.el("span")));
    this.scale.firstChild.textContent = low;
    this.scale.lastChild.textContent = high;
  }

  destroy() { this.observer.disconnect(); this.host.replaceChildren(); }
}

class Adjacency extends Images {
  async load() { this.data ??= await this.app.frames.matrices(); }

  drawNow() {
    const { app } = this, { frames } = app;
    if (!this.data) return;
    const name = app.order === "native" ? "matrices" : "by_degree";
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
    this.figure.querySelector("[data-caption]").textContent = `epoch ${NS.number(frames.meta.epochs[app.t], 4)}`;
  }

  // Place of each neuron of a population in the order of the rows: its own, or by degree.
  order(population) {
    const { app } = this, { frames } = app, { size } = frames.populations[population], at = frames.offsets[population];
    const place = new Uint32Array(size);
    if (app.order === "native") { for (let i = 0; i < size; i++) place[i] = i; return place; }
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
    this.figure.querySelector("[data-caption]").textContent = `epoch ${NS.number(frames.meta.epochs[app.t], 4)}`;
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
