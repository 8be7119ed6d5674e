"use strict";
// Populations side by side; places were computed when the report was made.
class NetworkView extends CanvasView {
  constructor(figure, app) { super(figure, app, app.frames.meta.aspect); }

  place(t) {
    const { frames } = this.app;
    const { x, y } = frames.nodes;
    const small = frames.size > 1500 ? 0.7 : frames.size > 500 ? 1.2 : 1.8;
    const large = frames.size > 1500 ? 2.6 : 4;
    for (let i = 0; i < frames.size; i++) {
      this.x[i] = this.toScreenX((x.values[i] / 65535) * this.width);
      this.y[i] = this.toScreenY(14 + (y.values[i] / 65535) * (this.height - 28));
      this.size[i] = small + large * Math.pow(frames.degree(t, i) / frames.maxDegree, 0.75);
    }
  }

  backdrop(c) {
    const { populations } = this.app.frames;
    if (populations.length > 10 || this.width < 420) return;
    c.fillStyle = NS.css("--soft");
    c.font = "12px system-ui, sans-serif";
    c.textAlign = "center";
    populations.forEach((p, i) => {
      const name = [...p.name].length > 22 ? [...p.name].slice(0, 21).join("") + "…" : p.name;
      c.fillText(name, this.toScreenX(((i + 0.5) / populations.length) * this.width), 11);
    });
  }
}
