"use strict";
// The network of a run on a small canvas of its own, moved through its snapshots from outside.
class SmallFilm {
  constructor(figure, frames, run) {
    Object.assign(this, { figure, frames, run, hidden: new Set(), hovered: null, showLinks: true, share: 0.6, playing: false, t: 0 });
    figure.querySelector(".stage").replaceChildren();
    this.view = new (frames.disk ? DiskView : NetworkView)(figure, this);
  }

  colours() { return { of: (i) => this.frames.populations[this.frames.of[i]].colour }; }
  hover(i) { if (i !== this.hovered) { this.hovered = i; this.redraw(); } }
  hold(on) { this.held = on; }
  redraw() { requestAnimationFrame(() => this.view.refresh()); }
  show(t) { this.t = t; this.view.refresh(); }

  // Snapshots lie at times of their own: show the last one not after this share of training.
  go(share) {
    const { times } = this.frames.meta, now = times[0] + share * (times.at(-1) - times[0]) + 1e-9;
    let t = 0;
    while (t + 1 < times.length && times[t + 1] <= now) t++;
    this.show(t);
  }
}

// The first picture: still until ▶ or a first hover, then the film once, slowly.
class Hero {
  constructor(root, frames, run) {
    Object.assign(this, { root, frames, run });
    this.button = root.querySelector("[data-hero-play]");
    if (!this.button || frames.count < 2) return;
    this.button.addEventListener("click", () => (this.timer ? this.stop() : this.play()));
    if (!NS.reducedMotion()) root.querySelector(".hero-stage").addEventListener("pointerenter", () => this.play(), { once: true });
  }

  play() {
    if (this.timer) return;
    if (!this.film) {
      const stage = this.root.querySelector(".hero-stage");
      stage.classList.add("stage");
      const figure = NS.el("figure", {}, NS.el("figcaption", { class: "hidden-words" }, "The network as it trains"), NS.el("div", { class: "stage" }));
      stage.replaceChildren(figure);
      this.film = new SmallFilm(figure, this.frames, this.run);
    }
    let t = 0;
    const pause = Math.max(60, Math.min(400, 9000 / this.frames.count));
    this.button.textContent = "❚❚";
    this.button.setAttribute("aria-label", "Pause the film");
    const tick = () => { this.film.show(t++); if (t < this.frames.count) this.timer = setTimeout(tick, pause); else this.stop(); };
    this.timer = 1;
    tick();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.button.textContent = "▶";
    this.button.setAttribute("aria-label", "Play the film");
  }
}
