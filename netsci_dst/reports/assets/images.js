"use strict";
// Matrices and maps as pixels, on one colour scale through time.
class Images {
  constructor(figure, app) {
    this.figure = figure;
    this.app = app;
    this.host = figure.querySelector(".tiles");
    this.visible = false; this.stale = true;
    this.observer = NS.watchVisible(figure, (visible) => { this.visible = visible; if (visible && this.stale) this.draw(); });
    figure.querySelector("[data-csv]")?.addEventListener("click", () => this.download());
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
      // A tall matrix is as narrow as keeps it on one screen.
      if (height > 1.3 * width) canvas.style.maxWidth = `${Math.max(48, Math.round((420 * width) / height))}px`;
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

  print() { this.drawNow(); }

  destroy() { this.observer.disconnect(); this.host.replaceChildren(); }
}
