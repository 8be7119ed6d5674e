"use strict";
// One run: its state (time, what is hidden, who is hovered) and the views that follow it.
class RunApp {
  constructor(root) {
    this.root = root;
    this.run = NS.json(`${root.id}-data`);
    this.hidden = new Set();
    this.hovered = null;
    this.held = false;
    this.share = 1;
    this.showLinks = true;
    this.colourBy = "layer";
    this.order = "degree";
    this.tau = 10;
    this.tauActivity = 0.1;
    this.views = []; this.plots = []; this.images = []; this.fixed = []; this.pending = false;
  }

  async start() {
    Object.assign(this.run, await NS.inflateJson(`${this.root.id}-charts`));
    this.staticCharts();
    this.measureChart();
    if (this.run.frames) {
      this.frames = await new Frames(this.run).load();
      this.bar = this.root.querySelector(".timebar");
      this.timeline = new Timeline(this.bar, this.frames.count, () => this.timeChanged(), (t) => this.frames.when(t), (took) => this.pace(took));
      this.bar.hidden = this.root.hidden;
      // Beside a comparison the bar shows only while its run is on the screen.
      if (document.getElementById("compare")) {
        this.barObserver = new IntersectionObserver(([entry]) => { this.bar.hidden = !entry.isIntersecting; });
        this.barObserver.observe(this.root);
      }
      this.live = NS.liveCharts(this);
      this.controls();
      this.pictures();
    }
    this.onTheme = () => this.everything();
    NS.theme.listeners.add(this.onTheme);
    this.root.dataset.ready = "true";
    return this;
  }

  // Keeps a film above some twenty frames a second by drawing fewer links while it plays.
  pace(took) {
    if (took > 48) this.share = Math.max(0.12, this.share * 0.75);
    else if (took < 25) this.share = Math.min(1, this.share * 1.05);
  }

  get t() { return this.timeline.t; }
  get playing() { return this.timeline?.playing ?? false; }

  name(...parts) { return NS.fileName(this.run.name, ...parts); }

  staticCharts() {
    for (const figure of this.root.querySelectorAll("[data-chart]")) {
      const spec = this.run.charts[figure.dataset.chart];
      if (!spec) continue;
      const source = () => (spec.xIsEpoch && this.live && this.frames ? { data: spec.data, layout: this.live.now(spec.layout) } : spec);
      this.fixed.push(new Plot(figure, source, this.name(figure.dataset.chart)));
    }
  }

  measureChart() {
    const select = this.root.querySelector("[data-measure]");
    if (!select) return;
    this.run.measures.forEach((m, i) => select.append(NS.el("option", { value: i }, m.label)));
    const figure = this.root.querySelector('[data-live="measure"]');
    const plot = new Plot(figure, () => this.run.measures[Number(select.value || 0)] ?? { data: [], layout: {} }, this.name("measure"));
    select.addEventListener("change", () => plot.refresh());
    this.fixed.push(plot);
  }

  pictures() {
    for (const figure of this.root.querySelectorAll("[data-view]")) {
      if (!figure.querySelector(".stage")) { figure.querySelector("[data-csv]")?.remove(); continue; }
      const View = figure.dataset.view === "disk" ? DiskView : NetworkView;
      this.views.push(new View(figure, this));
      figure.querySelector("[data-csv]").addEventListener("click", () => this.downloadNeurons());
    }
    for (const figure of this.root.querySelectorAll("[data-live]")) {
      const key = figure.dataset.live;
      if (this.live[key]) this.plots.push(new Plot(figure, this.live[key], this.name(key)));
    }
    for (const figure of this.root.querySelectorAll("[data-images]")) {
      this.images.push(new (figure.dataset.images === "inputs" ? InputMaps : Adjacency)(figure, this));
    }
    this.captions();
  }

  controls() {
    const set = this.root.querySelector("[data-toggles]");
    this.frames.populations.forEach((p, i) => {
      const button = NS.el("button", { type: "button", class: "toggle", "aria-pressed": "true", title: p.name }, NS.el("i", { style: `background:${p.colour}` }), NS.el("span", {}, p.name));
      button.addEventListener("click", () => {
        const on = this.hidden.has(i);
        if (on) this.hidden.delete(i); else this.hidden.add(i);
        button.setAttribute("aria-pressed", String(on));
        this.everything();
      });
      set.append(button);
    });
    const on = (selector, event, act) => this.root.querySelector(selector)?.addEventListener(event, (e) => { act(e.target); });
    on("[data-colour-by]", "change", (node) => { this.colourBy = node.value; this.redraw(); });
    on("[data-links]", "change", (node) => { this.showLinks = node.checked; this.redraw(); });
    on("[data-spread]", "change", (node) => { this.spread = node.checked; this.redraw(); });
    on("[data-reset]", "click", () => { this.views.forEach((view) => view.resetView()); this.held = false; this.hover(null); this.redraw(); });
    on("[data-kind]", "change", (node) => { this.kind = node.value; this.refreshLive(); });
    on("[data-order]", "change", (node) => { this.order = node.value; this.images.forEach((image) => image.refresh()); });
    on("[data-tau]", "input", (node) => { this.tau = Number(node.value); this.root.querySelector("[data-tau-out]").textContent = node.value; this.refreshLive(); });
    on("[data-tau-activity]", "input", (node) => { this.tauActivity = node.value / 100; this.root.querySelector("[data-tau-activity-out]").textContent = this.tauActivity.toFixed(2); this.refreshLive(); });
    const scope = this.root.querySelector("[data-scope]");
    scope.append(NS.el("option", { value: "network" }, "whole network"), ...this.frames.populations.map((p, i) => NS.el("option", { value: i }, p.name)));
    scope.addEventListener("change", () => { this.scope = scope.value; this.refreshLive(); });
  }

  colours(t) {
    const { frames } = this;
    if (this.colourBy === "community" && frames.nodes.community) return { of: (i) => NS.hues[frames.community(i) % NS.hues.length] };
    if (this.colourBy === "core") {
      let top = 1;
      for (let i = 0; i < frames.size; i++) top = Math.max(top, frames.core(t, i));
      return { of: (i) => NS.scale(Math.round((8 * frames.core(t, i)) / top) / 8) };
    }
    return { of: (i) => frames.populations[frames.of[i]].colour };
  }

  hover(i) {
    if (i === this.hovered) return;
    this.hovered = i;
    const who = this.root.querySelector("[data-who]");
    if (who) who.textContent = i === null ? "Hover a neuron, or focus a picture and use the arrow keys; click or Enter to hold it." : this.frames.who(this.t, i).join(" · ");
    this.redraw();
    this.slow();
  }

  // Canvases follow at once; charts, which cost more, a few times a second.
  redraw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => { this.pending = false; this.views.forEach((view) => view.refresh()); });
  }

  slow() {
    if (this.waiting) return;
    this.waiting = setTimeout(() => { this.waiting = null; this.refreshLive(); this.images.forEach((image) => image.refresh()); }, this.playing ? 160 : 60);
  }

  refreshLive() { this.plots.forEach((plot) => plot.refresh()); this.captions(); }

  timeChanged() {
    this.views.forEach((view) => view.refresh());
    this.captions();
    this.slow();
    if (!this.playing) this.fixed.forEach((plot) => plot.refresh());
  }

  everything() { if (!this.frames) { this.fixed.forEach((plot) => plot.refresh()); return; } this.redraw(); this.refreshLive(); this.images.forEach((image) => image.refresh()); this.fixed.forEach((plot) => plot.refresh()); }

  captions() {
    const { frames, t, root } = this, { meta } = frames;
    const put = (selector, text) => { const node = root.querySelector(selector); if (node) node.textContent = text; };
    const drawn = frames.links(t).total, all = frames.allLinks(t);
    put("[data-view=network] [data-count]", drawn < all ? `${drawn.toLocaleString("en")} of ${all.toLocaleString("en")} links drawn: the ${meta.chosenBy}` : `all ${all.toLocaleString("en")} links`);
    const asi = meta.captions.asi?.[t], gamma = meta.captions.gamma?.[t], parts = [];
    if (asi !== undefined && asi !== null) parts.push(`ASI ${asi.toFixed(2)}`);
    if (gamma !== undefined && gamma !== null) parts.push(`γ ${gamma.toFixed(2)}`);
    put("[data-view=disk] [data-caption]", parts.join(" · "));
    put('[data-live="ccdf"] [data-caption]', this.live.describe(t));
    for (const key of ["histogram", "kshell"]) put(`[data-live="${key}"] [data-caption]`, `epoch ${NS.number(meta.epochs[t], 4)}`);
  }

  downloadNeurons() {
    const { frames, t } = this;
    const rows = [["population", "neuron", "degree in", "degree out", "k-shell", "community", "activity / mean", "theta", "r share"]];
    const e = frames.disk ? frames.meta.embeddingOf[t] * frames.size : 0;
    for (let i = 0; i < frames.size; i++) {
      const placed = frames.disk && frames.disk.r.values[e + i] !== 1023;
      rows.push([frames.layer(i), frames.index(i), frames.degreeIn(t, i), frames.degreeOut(t, i), frames.core(t, i), frames.community(i), frames.activity(t, i), placed ? (frames.disk.theta.values[e + i] / 4096 * 2 * Math.PI).toFixed(5) : "", placed ? (frames.disk.r.values[e + i] / 1022).toFixed(5) : ""]);
    }
    NS.download(this.name("neurons", `step${frames.meta.steps[t]}`) + ".csv", NS.csv(rows));
  }

  // Unpack what the first print would have to wait for.
  async warm() { await NS.plotly(); for (const image of this.images) await image.load(); }

  print() {
    if (this.root.hidden) return;
    for (const plot of [...this.fixed, ...this.plots]) plot.drawNow();
    for (const view of this.views) { view.resize(); view.draw(); }
    for (const image of this.images) image.drawNow();
  }

  // What a reader has chosen, so that a live page keeps it; at the end of time means: follow.
  state() {
    return { id: this.root.id, t: this.timeline && this.t < this.frames.count - 1 ? this.frames.meta.steps[this.t] : null, hidden: [...this.hidden], colourBy: this.colourBy, showLinks: this.showLinks };
  }

  restore(state) {
    if (!this.frames) return;
    const toggles = this.root.querySelectorAll("[data-toggles] .toggle");
    state.hidden.forEach((i) => toggles[i]?.click());
    this.colourBy = state.colourBy;
    this.root.querySelector("[data-colour-by]").value = state.colourBy;
    this.showLinks = state.showLinks;
    this.root.querySelector("[data-links]").checked = state.showLinks;
    const t = this.frames.meta.steps.indexOf(state.t);
    if (t >= 0) this.timeline.go(t);
  }

  destroy() {
    this.timeline?.stop();
    NS.theme.listeners.delete(this.onTheme);
    for (const part of [...this.views, ...this.plots, ...this.images, ...this.fixed]) part.destroy();
  }

  show(on) {
    this.root.hidden = !on;
    if (this.bar) this.bar.hidden = !on || Boolean(this.barObserver);
    if (!on) this.timeline?.stop();
    else this.everything();
  }
}

NS.hues = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C7A00", "#7F7F7F"];
NS.scale = (share) => {
  const stops = [[0, 34, 78], [66, 78, 107], [124, 123, 120], [188, 174, 108], [253, 231, 55]];
  const place = Math.min(Math.max(share, 0), 1) * 4, i = Math.min(Math.floor(place), 3);
  return `rgb(${stops[i].map((a, k) => Math.round(a + (stops[i + 1][k] - a) * (place - i))).join(",")})`;
};
