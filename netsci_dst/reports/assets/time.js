"use strict";
// The one slider that moves every view, and plays.
class Timeline {
  constructor(bar, count, changed, label, pace = () => {}) {
    this.bar = bar;
    this.slider = bar.querySelector("[data-time]");
    this.button = bar.querySelector("[data-play]");
    this.output = bar.querySelector("[data-when]");
    this.speed = bar.querySelector("[data-speed]");
    this.count = count;
    this.changed = changed;
    this.label = label;
    this.pace = pace;
    this.timer = null;
    this.frames = 0;
    this.slider.addEventListener("input", () => { this.stop(); this.go(Number(this.slider.value)); });
    this.button.addEventListener("click", () => this.playing ? this.stop() : this.play());
    this.button.disabled = count < 2;
    this.say(Number(this.slider.value));
  }

  get t() { return Number(this.slider.value); }
  get playing() { return this.timer !== null; }

  say(t) {
    this.output.textContent = this.label(t);
    this.slider.setAttribute("aria-valuetext", this.label(t));
  }

  go(t) {
    this.slider.value = t;
    this.say(t);
    this.changed(t);
  }

  play() {
    if (this.t >= this.count - 1) this.go(0);
    this.button.textContent = "❚❚";
    this.button.setAttribute("aria-pressed", "true");
    this.button.setAttribute("aria-label", "Pause");
    let last = performance.now(), before = last;
    const tick = (time) => {
      this.timer = requestAnimationFrame(tick);
      this.pace(time - before);
      before = time;
      if (time - last < 1000 / Number(this.speed.value) - 4) return;
      last = time;
      this.frames++;
      if (this.t >= this.count - 1) this.stop();
      else this.go(this.t + 1);
    };
    this.timer = requestAnimationFrame(tick);
  }

  stop() {
    if (!this.playing) return;
    cancelAnimationFrame(this.timer);
    this.timer = null;
    this.button.textContent = "▶";
    this.button.setAttribute("aria-pressed", "false");
    this.button.setAttribute("aria-label", "Play");
    this.changed(this.t);
  }
}
