"use strict";
// A picture of neurons and links on a canvas: hover, keyboard, zoom; where they lie is a subclass's.
class CanvasView {
  constructor(figure, app, ratio) {
    this.figure = figure;
    this.app = app;
    this.ratio = ratio;
    this.stage = figure.querySelector(".stage");
    this.canvas = NS.el("canvas", { tabindex: "0", role: "application", "aria-label": `${figure.querySelector("figcaption").firstChild.textContent.trim()}. Arrow keys move from one to the next, Enter holds one.` });
    this.tip = NS.el("div", { class: "tip", hidden: "" });
    this.stage.append(this.canvas, this.tip);
    this.context = this.canvas.getContext("2d");
    this.zoom = 1; this.shiftX = 0; this.shiftY = 0;
    this.visible = false; this.stale = true;
    const n = app.frames.size;
    this.x = new Float32Array(n); this.y = new Float32Array(n); this.size = new Float32Array(n);
    this.resizer = new ResizeObserver(() => { this.resize(); this.refresh(); });
    this.resizer.observe(this.stage);
    this.observer = NS.watchVisible(figure, (visible) => { this.visible = visible; if (visible && this.stale) this.draw(); });
    this.listen();
    figure.querySelectorAll("[data-picture]").forEach((button) => button.addEventListener("click", () => this.picture(button.dataset.picture)));
    figure.querySelector("[data-csv]")?.addEventListener("click", () => app.downloadNodes());
  }

  // The picture at the size chosen, drawn anew: as pixels, or as SVG by a context that writes paths.
  picture(kind) {
    const { width, height } = NS.pictureSize() ?? { width: this.width, height: this.height };
    const before = { width: this.width, height: this.height, context: this.context, scale: this.scale };
    const canvas = kind === "png" ? NS.el("canvas") : null;
    if (canvas) { canvas.width = 2 * width; canvas.height = 2 * height; }
    const context = canvas ? canvas.getContext("2d") : new SvgContext(width, height);
    Object.assign(this, { width, height, context, scale: canvas ? 2 : 1 });
    this.draw();
    Object.assign(this, before);
    this.draw();
    const name = NS.fileName(this.app.run.name, this.figure.dataset.figure ?? "network");
    if (canvas) canvas.toBlob((blob) => NS.download(`${name}.png`, blob));
    else NS.download(`${name}.svg`, context.text(), "image/svg+xml");
  }

  resize() {
    this.width = this.stage.clientWidth || 300;
    this.height = Math.round(Math.min(this.width / this.ratio, Math.max(window.innerHeight * 0.82, 320)));
    const scale = Math.min(window.devicePixelRatio || 1, 2);
    this.canvas.width = this.width * scale;
    this.canvas.height = this.height * scale;
    this.canvas.style.height = `${this.height}px`;
    this.scale = scale;
  }

  refresh() { this.stale = true; if (this.visible) this.draw(); }

  draw() {
    if (!this.width) this.resize();
    this.stale = false;
    const { context: c, app } = this;
    this.place(app.t);
    c.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    c.clearRect(0, 0, this.width, this.height);
    this.backdrop(c);
    if (app.showLinks) this.drawLinks(c);
    this.drawNodes(c);
    if (app.hovered !== null) this.drawHovered(c, app.hovered);
    this.drawLabels?.(c);
  }

  // Links in the colour of their source, in short paths: one long path fills slowly.
  drawLinks(c) {
    const { frames, t, hidden } = this.app;
    const { u, v, from, total } = frames.links(t);
    const dim = this.app.hovered !== null;
    // While playing on a slow machine every second or third link is left out for the moment.
    const stride = this.app.playing ? Math.max(1, Math.round(1 / this.app.share)) : 1;
    c.lineWidth = total > 3000 ? 0.5 : 0.8;
    c.globalAlpha = (dim ? 0.25 : 1) * Math.max(0.05, Math.min(0.5, 12 / Math.sqrt(total + 1)));
    frames.layers.forEach((layer, l) => {
      if (hidden.has(layer.source) || hidden.has(layer.target)) return;
      c.strokeStyle = frames.meta.directed ? frames.populations[layer.source].colour : NS.css("--soft");
      for (let k = from[l]; k < from[l + 1];) {
        c.beginPath();
        for (const end = Math.min(k + 256 * stride, from[l + 1]); k < end; k += stride) this.link(c, u[k], v[k]);
        c.stroke();
      }
    });
    c.globalAlpha = 1;
  }

  link(c, a, b) {
    if (this.size[a] < 0 || this.size[b] < 0) return;
    c.moveTo(this.x[a], this.y[a]);
    c.lineTo(this.x[b], this.y[b]);
  }

  drawNodes(c) {
    const { frames, t, hidden } = this.app;
    const colours = this.app.colours(t);
    const groups = new Map();
    for (let i = 0; i < frames.size; i++) {
      if (this.size[i] < 0 || hidden.has(frames.of[i])) continue;
      const colour = frames.degree(t, i) ? colours.of(i) : "";
      let list = groups.get(colour);
      if (!list) groups.set(colour, list = []);
      list.push(i);
    }
    for (const [colour, list] of groups) {
      c.fillStyle = colour || NS.css("--quiet");
      // Small dots are squares: a tenth of the cost, and the eye cannot tell.
      c.beginPath();
      for (const i of list) {
        const r = this.size[i] * Math.sqrt(this.zoom), x = this.x[i], y = this.y[i];
        if (r < 1.7) c.rect(x - r, y - r, 2 * r, 2 * r);
        else { c.moveTo(x + r, y); c.arc(x, y, r, 0, 6.2832); }
      }
      c.fill();
    }
  }

  drawHovered(c, i) {
    if (this.size[i] < 0) return;
    const { frames, t, hidden } = this.app;
    const near = [...frames.neighbours(t, i)].filter((j) => !hidden.has(frames.of[j]) && this.size[j] >= 0);
    const colours = this.app.colours(t);
    c.strokeStyle = NS.css("--ink");
    c.lineWidth = 0.9;
    c.globalAlpha = near.length > 120 ? 0.45 : 0.8;
    c.beginPath();
    for (const j of near) this.link(c, i, j);
    c.stroke();
    c.globalAlpha = 1;
    for (const j of near) {
      c.fillStyle = colours.of(j);
      c.beginPath();
      c.arc(this.x[j], this.y[j], Math.max(3, this.size[j] + 0.8), 0, 6.2832);
      c.fill();
      c.stroke();
    }
    c.beginPath();
    c.lineWidth = 2.5;
    c.strokeStyle = NS.css("--ink");
    c.arc(this.x[i], this.y[i], Math.max(4, this.size[i] + 2.5), 0, 6.2832);
    c.stroke();
  }

  backdrop() {}

  toScreenX(x) { return (x - this.width / 2) * this.zoom + this.width / 2 + this.shiftX; }
  toScreenY(y) { return (y - this.height / 2) * this.zoom + this.height / 2 + this.shiftY; }

  pick(px, py) {
    const { frames, hidden, t } = this.app;
    let best = null, least = 14 * 14;
    for (let i = 0; i < frames.size; i++) {
      if (this.size[i] < 0 || hidden.has(frames.of[i])) continue;
      const dx = this.x[i] - px, dy = this.y[i] - py;
      // Of neurons almost on one spot, the one with more links is meant.
      const d = dx * dx + dy * dy - Math.min(6, frames.degree(t, i) * 0.05);
      if (d < least) { least = d; best = i; }
    }
    return best;
  }

  showTip(i) {
    if (i === null || this.size[i] < 0) { this.tip.hidden = true; return; }
    this.tip.hidden = false;
    this.tip.textContent = (this.app.who?.(i) ?? this.app.frames.who(this.app.t, i)).slice(0, 9).join("\n");
    const left = Math.min(this.x[i] + 12, this.width - this.tip.offsetWidth - 4);
    const top = this.y[i] + 14 + this.tip.offsetHeight > this.height ? this.y[i] - this.tip.offsetHeight - 8 : this.y[i] + 12;
    this.tip.style.left = `${Math.max(0, left)}px`;
    this.tip.style.top = `${Math.max(0, top)}px`;
  }

  listen() {
    let drag = null;
    const at = (event) => { const box = this.canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    this.canvas.addEventListener("pointermove", (event) => {
      const [x, y] = at(event);
      if (drag) {
        this.shiftX += x - drag[0]; this.shiftY += y - drag[1];
        this.moved += Math.abs(x - drag[0]) + Math.abs(y - drag[1]);
        drag = [x, y];
        this.app.redraw();
      } else if (!this.app.held) {
        const found = this.pick(x, y);
        this.app.hover(found);
        this.showTip(found);
      }
    });
    this.canvas.addEventListener("pointerdown", (event) => { this.moved = 0; if (this.zoom > 1) { drag = at(event); this.canvas.setPointerCapture(event.pointerId); } });
    this.canvas.addEventListener("pointerup", () => { drag = null; });
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; if (!this.app.held) this.app.hover(null); });
    this.canvas.addEventListener("click", (event) => {
      if (this.moved > 4) return;
      const found = this.pick(...at(event));
      const held = found !== null && !(this.app.held && found === this.app.hovered);
      this.app.hover(held ? found : null);
      this.app.hold(held);
      this.showTip(held ? found : null);
    });
    this.canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== this.canvas) return;
      event.preventDefault();
      this.zoomAt(Math.exp(-event.deltaY * 0.002), ...at(event));
    }, { passive: false });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => { this.tip.hidden = true; if (!this.app.held) this.app.hover(null); });
  }

  zoomAt(factor, x, y) {
    const zoom = Math.min(20, Math.max(1, this.zoom * factor));
    const ratio = zoom / this.zoom;
    this.shiftX = (x - this.width / 2) * (1 - ratio) + this.shiftX * ratio;
    this.shiftY = (y - this.height / 2) * (1 - ratio) + this.shiftY * ratio;
    this.zoom = zoom;
    if (zoom === 1) this.shiftX = this.shiftY = 0;
    this.app.redraw();
  }

  resetView() { this.zoom = 1; this.shiftX = this.shiftY = 0; }

  // Left and right walk through a population, up and down between populations, + and - zoom.
  key(event) {
    const { frames, hovered } = this.app;
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: "before", ArrowDown: "after" };
    if (event.key === "Enter") { this.app.hold(!this.app.held && hovered !== null); event.preventDefault(); return; }
    if (event.key === "Escape") { this.app.hold(false); this.app.hover(null); this.showTip(null); return; }
    if (event.key === "+" || event.key === "=") return this.zoomAt(1.3, this.width / 2, this.height / 2);
    if (event.key === "-") return this.zoomAt(1 / 1.3, this.width / 2, this.height / 2);
    if (!(event.key in moves)) return;
    event.preventDefault();
    const move = moves[event.key];
    let next;
    if (hovered === null) next = this.first(0, 1);
    else if (typeof move === "number") next = this.first(hovered + move, move);
    else {
      const p = (frames.of[hovered] + (move === "after" ? 1 : frames.populations.length - 1)) % frames.populations.length;
      next = this.first(frames.offsets[p], 1);
    }
    this.app.hover(next);
    this.showTip(next);
  }

  first(from, step) {
    const n = this.app.frames.size;
    for (let k = 0, i = (from + n) % n; k < n; k++, i = (i + step + n) % n) if (this.size[i] >= 0) return i;
    return null;
  }

  print() { this.resize(); this.draw(); }

  destroy() { this.observer.disconnect(); this.resizer.disconnect(); this.canvas.remove(); this.tip.remove(); }
}

// The part of a canvas context that the views use, written down as SVG.
class SvgContext {
  constructor(width, height) { this.width = width; this.height = height; this.parts = []; this.path = ""; this.globalAlpha = 1; this.lineWidth = 1; this.textAlign = "left"; this.font = "12px sans-serif"; }
  setTransform() {}
  clearRect() {}
  n(value) { return Number(value.toFixed(2)); }
  beginPath() { this.path = ""; }
  moveTo(x, y) { this.path += `M${this.n(x)} ${this.n(y)}`; }
  lineTo(x, y) { this.path += `L${this.n(x)} ${this.n(y)}`; }
  quadraticCurveTo(a, b, x, y) { this.path += `Q${this.n(a)} ${this.n(b)} ${this.n(x)} ${this.n(y)}`; }
  rect(x, y, w, h) { this.path += `M${this.n(x)} ${this.n(y)}h${this.n(w)}v${this.n(h)}h${this.n(-w)}z`; }
  arc(x, y, r) { this.path += `M${this.n(x + r)} ${this.n(y)}a${this.n(r)} ${this.n(r)} 0 1 1 ${this.n(-2 * r)} 0a${this.n(r)} ${this.n(r)} 0 1 1 ${this.n(2 * r)} 0`; }
  stroke() { this.parts.push(`<path d="${this.path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}" opacity="${this.n(this.globalAlpha)}"/>`); }
  fill() { this.parts.push(`<path d="${this.path}" fill="${this.fillStyle}" opacity="${this.n(this.globalAlpha)}"/>`); }
  fillText(text, x, y) { this.parts.push(`<text x="${this.n(x)}" y="${this.n(y)}" fill="${this.fillStyle}" font-family="sans-serif" font-size="${parseFloat(this.font)}" text-anchor="${{ center: "middle", right: "end" }[this.textAlign] ?? "start"}">${NS.escape(text, 200)}</text>`); }
  strokeText() {}
  measureText(text) { return { width: text.length * parseFloat(this.font) * 0.55 }; }
  text() { return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${this.width} ${this.height}" width="${this.width}" height="${this.height}">${this.parts.join("")}</svg>`; }
}
