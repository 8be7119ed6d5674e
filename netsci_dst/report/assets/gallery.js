"use strict";
// Networks of several runs at the same share of their training.
class GalleryItem {
  constructor(figure) {
    this.figure = figure;
    this.hidden = new Set();
    this.hovered = null;
    this.showLinks = true;
    this.share = 0.6;
    this.playing = false;
    this.t = 0;
  }

  // The canvas takes the place of the drawing that was there before any script ran.
  async start() {
    this.frames = await new Frames(NS.json(`${this.figure.dataset.gallery}-data`)).load();
    this.figure.querySelector(".stage").replaceChildren();
    this.view = new (this.frames.disk ? DiskView : NetworkView)(this.figure, this);
    return this;
  }

  colours() { return { of: (i) => this.frames.populations[this.frames.of[i]].colour }; }
  hover(i) { if (i !== this.hovered) { this.hovered = i; this.redraw(); } }
  redraw() { requestAnimationFrame(() => this.view.refresh()); }

  // Snapshots lie at epochs of their own: show the last one not after this share of training.
  go(share) {
    const { epochs } = this.frames.meta, now = epochs[0] + share * (epochs.at(-1) - epochs[0]) + 1e-9;
    let t = 0;
    while (t + 1 < epochs.length && epochs[t + 1] <= now) t++;
    this.t = t;
    this.view.refresh();
  }
}

NS.startGallery = async () => {
  const bar = document.querySelector("[data-together]");
  if (!bar) return;
  for (const button of document.querySelectorAll("[data-open]")) {
    button.addEventListener("click", () => {
      document.querySelector(`[role=tab][data-run="${button.dataset.open}"]`).click();
      document.getElementById("inside").scrollIntoView();
    });
  }
  let items = null;
  const load = () => { items ??= Promise.all([...document.querySelectorAll("[data-gallery]")].map((figure) => new GalleryItem(figure).start())); return items; };
  bar.hidden = false;
  const timeline = new Timeline(bar, 101, async (t) => {
    for (const item of await load()) { item.playing = timeline.playing; item.go(t / 100); }
  }, (t) => `${t} % of training`);
  bar.querySelector("[data-speed]").value = "12";
  NS.theme.listeners.add(async () => { if (items) (await items).forEach((item) => item.view.refresh()); });
};
