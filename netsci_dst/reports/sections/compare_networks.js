"use strict";
// The networks that can be opened, all at the same share of their training.
NS.view("compare-networks", class {
  constructor(figure, c) {
    this.c = c;
    const stage = figure.querySelector(".stage");
    figure.querySelector(".tools")?.remove();
    figure.classList.add("bare");
    const bar = NS.el("div", { class: "switches", "data-together": "" }, NS.el("button", { type: "button", class: "ghost", "data-play": "", "aria-label": "Play", "aria-pressed": "false" }, "▶"), NS.el("input", { type: "range", "data-time": "", min: "0", max: "100", value: "100", "aria-label": "Share of training" }), NS.el("output", { "data-when": "" }), NS.el("select", { "data-speed": "", "aria-label": "Speed", hidden: "" }, NS.el("option", { value: "12" }, "12")));
    this.host = NS.el("div", { class: "gallery" });
    stage.classList.add("plain");
    stage.replaceChildren(bar, this.host);
    this.cards = new Map();
    for (const run of c.runs.filter((r) => r.opened !== null)) this.card(run);
    this.timeline = new Timeline(bar, 101, async (t) => {
      for (const film of await this.load()) { film.playing = this.timeline.playing; film.go(t / 100); }
    }, (t) => `${t} % of training`);
    this.refresh();
  }

  card(run) {
    const id = `run${run.opened}`, thumb = document.querySelector(`#${id} .hero-stage svg`)?.cloneNode(true);
    if (!thumb) return;
    const facts = ["metric", "power law: gamma", "asi: asi layers"].map((q) => [q, this.c.value(run, q)]).filter(([, v]) => Number.isFinite(v));
    const say = { metric: [this.c.about.metricName, (v) => NS.rounded(v, NaN, this.c.about.share) + (this.c.about.share ? " %" : "")], "power law: gamma": ["γ", (v) => NS.number(v)], "asi: asi layers": ["ASI", (v) => NS.number(v, 2)] };
    const open = NS.el("button", { type: "button", class: "ghost", "data-open": id }, "Look inside");
    open.addEventListener("click", () => { document.querySelector(`[role=tab][data-run="${id}"]`).click(); document.getElementById("inside").scrollIntoView(); });
    const card = NS.el("figure", { class: "card", "data-gallery": id }, NS.el("figcaption", {}, NS.el("span", { class: "name", title: run.name }, run.name)), NS.el("div", { class: "stage" }, thumb), NS.el("p", { class: "paper" }, ...facts.map(([q, v]) => NS.el("span", {}, `${say[q][0]} `, NS.el("b", {}, say[q][1](v)), " "))), NS.el("div", { class: "tools" }, open));
    this.host.append(card);
    this.cards.set(run, card);
  }

  // The canvas takes the place of the drawing that was there before.
  load() {
    this.films ??= Promise.all([...this.cards.values()].map(async (card) => {
      const run = NS.json(`${card.dataset.gallery}-data`);
      return new SmallFilm(card, await new Frames(run).load(), run);
    }));
    return this.films;
  }

  async refresh() {
    const shown = new Set(this.c.shown);
    this.cards.forEach((card, run) => { card.hidden = !shown.has(run); });
    if (this.films) (await this.films).forEach((film) => film.view.refresh());
  }

  destroy() { this.timeline.stop(); }
});
