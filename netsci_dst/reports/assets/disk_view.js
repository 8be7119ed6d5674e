"use strict";
// The coalescent embedding: angle is similarity, distance from the rim is popularity.
class DiskView extends CanvasView {
  constructor(figure, app) { super(figure, app, 1); }

  place(t) {
    const { frames } = this.app;
    const e = frames.meta.embeddingOf[t];
    const theta = frames.disk.theta.values, r = frames.disk.r.values, at = e * frames.size;
    this.radius = Math.min(this.width, this.height) / 2 - 10;
    this.cx = this.width / 2; this.cy = this.height / 2;
    const small = frames.size > 1500 ? 0.7 : 1.6, large = frames.size > 1500 ? 2.8 : 4.2;
    // Spread: the innermost neuron at a tenth of the radius, for networks that crowd at the rim.
    let low = 0;
    if (this.app.spread) {
      low = 1022;
      for (let i = 0; i < frames.size; i++) if (r[at + i] < low) low = r[at + i];
      low = Math.max(0, low - (1022 - low) * 0.11);
    }
    for (let i = 0; i < frames.size; i++) {
      if (r[at + i] === 1023) { this.size[i] = -1; continue; }
      const angle = (theta[at + i] / 4096) * 2 * Math.PI, far = ((r[at + i] - low) / (1022 - low || 1)) * this.radius;
      this.x[i] = this.toScreenX(this.cx + far * Math.cos(angle));
      this.y[i] = this.toScreenY(this.cy + far * Math.sin(angle));
      this.size[i] = small + large * Math.pow(frames.degree(t, i) / frames.maxDegree, 0.75);
    }
  }

  // Geodesics bend towards the centre.
  link(c, a, b) {
    if (this.size[a] < 0 || this.size[b] < 0) return;
    const ox = this.toScreenX(this.cx), oy = this.toScreenY(this.cy);
    c.moveTo(this.x[a], this.y[a]);
    if (this.app.playing) { c.lineTo(this.x[b], this.y[b]); return; }
    const mx = (this.x[a] + this.x[b]) / 2, my = (this.y[a] + this.y[b]) / 2;
    c.quadraticCurveTo(ox + (mx - ox) * 0.55, oy + (my - oy) * 0.55, this.x[b], this.y[b]);
  }

  backdrop(c) {
    c.strokeStyle = NS.css("--line");
    c.lineWidth = 1;
    c.beginPath();
    c.arc(this.toScreenX(this.cx), this.toScreenY(this.cy), (this.radius + 4) * this.zoom, 0, 6.2832);
    c.stroke();
  }
}
