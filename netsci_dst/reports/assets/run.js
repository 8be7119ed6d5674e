"use strict";
// One run: its state (time, what is hidden, who is hovered) and the views that follow it.

class RunApp extends Page {
  constructor(root) {
    super(root);
    this.run = NS.json(`${root.id}-data`);
    this.hidden = new Set();
    this.hovered = null;
    this.share = 1;
    this.pending = false;
  }

  get showLinks() { return this.choice("links") ?? true; }
  get spread() { return this.choice("spread") ?? false; }

  async start() {
    await this.begin();
    if (this.run.frames) {
      this.frames = await new Frames(this.run).load();
      this.bar = this.root.querySelector(".timebar");
      if (this.bar) this.startTime();
    }
    if (this.data.nodes) NS.prepareNodes(this);
    this.figures();
    if (this.frames) { this.toggles(); this.recall(); this.hero(); this.captions(); }
    this.onTheme = () => this.everything();
    NS.theme.listeners.add(this.onTheme);
    this.root.dataset.ready = "true";
    return this;
  }

  startTime() {
    this.timeline = new Timeline(this.bar, this.frames.count, () => this.timeChanged(), (t) => this.frames.when(t), (took) => this.pace(took));
    this.bar.hidden = this.root.hidden;
    // Beside a comparison the bar shows only while its run is on the screen.
    if (document.getElementById("comparison")) {
      this.barObserver = new IntersectionObserver(([entry]) => { this.bar.hidden = !entry.isIntersecting; });
      this.barObserver.observe(this.root);
    }
  }

  // Keeps a film above some twenty frames a second by drawing fewer links while it plays.
  pace(took) {
    if (took > 48) this.share = Math.max(0.12, this.share * 0.75);
    else if (took < 25) this.share = Math.min(1, this.share * 1.05);
  }

  get t() { return this.timeline ? this.timeline.t : 0; }
  get playing() { return this.timeline?.playing ?? false; }
  name(...parts) { return NS.fileName(this.run.name, ...parts); }

  // A fixed chart over time shows where the snapshot chosen stands.
  fixed(spec) {
    if (!spec) return null;
    return () => (spec.overTime && this.frames && this.frames.count > 1 ? { ...spec, layout: this.withNow(spec.layout) } : spec);
  }

  withNow(layout) {
    const at = this.frames.meta.times[this.t];
    const line = { type: "line", yref: "y domain", y0: 0, y1: 1, x0: at, x1: at, line: { color: NS.css("--soft"), width: 1 } };
    return { ...layout, shapes: [...(layout.shapes ?? []), line] };
  }

  toggles() {
    const host = this.root.querySelector('[data-section="film"] .switches') ?? this.root.querySelector('[data-section="network"] .switches');
    if (!host || this.frames.populations.length > 40) return;
    const set = NS.el("span", { class: "toggle-set", "data-toggles": "" });
    this.frames.populations.forEach((p, i) => {
      const button = NS.el("button", { type: "button", class: "toggle", "aria-pressed": "true", title: p.name }, NS.el("i", { style: `background:${p.colour}` }), NS.el("span", {}, p.name));
      button.addEventListener("click", () => {
        if (this.hidden.has(i)) this.hidden.delete(i); else this.hidden.add(i);
        button.setAttribute("aria-pressed", String(!this.hidden.has(i)));
        NS.address.set("hide", [...this.hidden].join(","));
        this.everything();
      });
      set.append(button);
    });
    if (this.frames.populations.length > 1) host.prepend(set);
    const said = NS.el("p", { class: "who", "aria-live": "polite", "data-who": "" }, this.nobody);
    this.root.querySelector(".of-film, .of-network")?.insertAdjacentElement("afterend", said);
  }

  // What the address says was chosen: the snapshot, the neuron, what is hidden.
  recall() {
    const step = NS.address.get("step"), neuron = NS.address.get("neuron");
    for (const i of (NS.address.get("hide") ?? "").split(",").filter(Boolean)) this.root.querySelectorAll("[data-toggles] .toggle")[Number(i)]?.click();
    const t = step === null ? -1 : this.frames.meta.steps.indexOf(Number(step));
    if (t >= 0 && this.timeline) this.timeline.go(t);
    if (neuron !== null) {
      const [population, index] = neuron.split(/\.(?=\d+$)/);
      const p = this.frames.populations.findIndex((found) => found.name === population);
      if (p >= 0) { this.held = true; this.hover(this.frames.offsets[p] + Number(index)); }
    }
  }

  hero() {
    const root = this.root.querySelector("[data-hero]");
    if (root) new Hero(root, this.frames, this.run);
  }

  colours(t) {
    const { frames } = this, by = this.choice("colour") ?? "layer";
    if (by === "community" && frames.nodes.community) return { of: (i) => NS.hues(frames.community(i)) };
    const chosen = this.data.nodes?.colour?.[by];
    if (chosen) return { of: (i) => chosen[i] };
    if (by === "core") {
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
    if (who) who.textContent = i === null ? this.nobody : this.who(i).join(" · ");
    this.redraw();
    this.slow();
  }

  get word() { return this.frames.meta.directed ? "neuron" : "node"; }
  get nobody() { return `Hover a ${this.word}, or focus a picture and use the arrow keys; click or Enter to hold it.`; }

  // What is known of a node: for a network all that the table of nodes says.
  who(i) {
    const nodes = this.data.nodes;
    if (!nodes) return this.frames.who(this.t, i);
    const row = nodes.row[i];
    if (row === undefined) return [`node ${i}`, `degree ${this.frames.degree(0, i)}`];
    return [nodes.names[row], ...nodes.columns.filter(([title]) => title !== "θ" && title !== "r").map(([title, , values]) => `${title} ${typeof values[row] === "number" ? NS.number(values[row]) : values[row] ?? "–"}`)];
  }

  // A neuron that is held stands in the address.
  hold(on) {
    this.held = on;
    NS.address.set("neuron", on && this.hovered !== null ? `${this.frames.layer(this.hovered)}.${this.frames.index(this.hovered)}` : null);
  }

  // Canvases follow at once; charts, which cost more, a few times a second.
  redraw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => { this.pending = false; this.parts.forEach((part) => { if (part instanceof CanvasView) part.refresh(); }); });
  }

  slow() {
    if (this.waiting) return;
    this.waiting = setTimeout(() => {
      this.waiting = null;
      this.parts.forEach((part, key) => { if (!(part instanceof CanvasView) && (!(part instanceof Plot) || NS.charts.has(key))) part.refresh(); });
      this.captions();
    }, this.playing ? 160 : 60);
  }

  timeChanged() {
    this.parts.forEach((part) => { if (part instanceof CanvasView) part.refresh(); });
    this.captions();
    this.slow();
    if (!this.playing) {
      NS.address.set("step", this.t === this.frames.count - 1 ? null : this.frames.meta.steps[this.t]);
      this.parts.forEach((part, key) => { if (part instanceof Plot && !NS.charts.has(key)) part.refresh(); });
    }
  }

  everything() { super.everything(); if (this.frames) this.captions(); }

  caption(key, text) { const node = this.root.querySelector(`[data-figure="${key}"] [data-caption]`); if (node) node.textContent = text; }

  captions() {
    const { frames, t } = this, { meta } = frames;
    const drawn = frames.links(t).total, all = frames.allLinks(t);
    this.caption("network", drawn < all ? `${NS.count(drawn)} of ${NS.count(all)} links drawn: the ${meta.chosenBy}` : `all ${NS.count(all)} links`);
    const asi = meta.captions.asi?.[t], gamma = meta.captions.gamma?.[t], parts = [];
    if (Number.isFinite(asi)) parts.push(`ASI ${asi.toFixed(2)}`);
    if (Number.isFinite(gamma)) parts.push(`γ ${gamma.toFixed(2)}`);
    this.caption("disk", parts.join(" · "));
  }

  downloadNodes() {
    if (this.data.nodes) { NS.download(this.name("nodes") + ".csv", NS.csv(NS.nodeRows(this.data.nodes))); return; }
    const { frames, t } = this;
    const rows = [["population", "neuron", "degree in", "degree out", "k-shell", "community", "activity / mean", "theta (rad)", "r share"]];
    const e = frames.disk ? frames.meta.embeddingOf[t] * frames.size : 0;
    for (let i = 0; i < frames.size; i++) {
      const placed = frames.disk && frames.disk.r.values[e + i] !== 1023;
      rows.push([frames.layer(i), frames.index(i), frames.degreeIn(t, i), frames.degreeOut(t, i), frames.meta.hasCore ? frames.core(t, i) : "", frames.community(i), frames.activity(t, i), placed ? (frames.disk.theta.values[e + i] / 4096 * 2 * Math.PI).toFixed(5) : "", placed ? (frames.disk.r.values[e + i] / 1022).toFixed(5) : ""]);
    }
    NS.download(this.name("neurons", `step${frames.meta.steps[t]}`) + ".csv", NS.csv(rows));
  }

  // What a reader has chosen is in the address; at the end of time means: follow.
  state() { return { id: this.root.id }; }

  destroy() {
    this.timeline?.stop();
    NS.theme.listeners.delete(this.onTheme);
    super.destroy();
  }

  show(on) {
    this.root.hidden = !on;
    if (this.bar) this.bar.hidden = !on || Boolean(this.barObserver);
    if (!on) this.timeline?.stop();
    else this.everything();
  }
}
