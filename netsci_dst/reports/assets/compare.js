"use strict";
// Many runs: which of them are shown, their values, means and sentences. Sections draw from it.
class Compare extends Page {
  constructor(root) {
    super(root);
    this.about = NS.json("comparison-data");
    this.variants = this.about.variants.map((v, i) => ({ ...v, i, name: v.label }));
    this.runs = this.about.runs.map(([name, variant, seed, opened], i) => {
      const v = this.variants[variant], [data, model] = this.about.settings[v.setting];
      return { i, name, variant: v, seed: seed ?? `none ${i}`, opened, data, model, text: `${name} ${v.label} ${data} ${model} ${v.sparsity} seed ${seed}`.toLowerCase() };
    });
    this.off = new Set();
    this.query = "";
  }

  async start() {
    await this.begin();
    const { values, counts, x, y } = await NS.unpack("comparison-pack", this.about.pack);
    Object.assign(this, { values: values.values, x: x.values, y: y.values });
    this.starts = new Uint32Array(counts.values.length + 1);
    counts.values.forEach((n, i) => { this.starts[i + 1] = this.starts[i] + n; });
    this.at = new Map(this.about.quantities.map((name, i) => [name, i]));
    this.shown = this.runs;
    this.filters();
    this.figures();
    NS.theme.listeners.add(() => this.everything());
    if (this.query || this.off.size) this.apply();
    return this;
  }

  get run() { return { name: "comparison" }; }

  filters() {
    const filter = document.querySelector("[data-filter]");
    const change = () => { this.query = filter.value.trim().toLowerCase(); NS.address.set("filter", this.query); this.apply(); };
    filter.addEventListener("input", change);
    const buttons = [...document.querySelectorAll("[data-method-toggles] .toggle")];
    const off = (NS.address.get("off") ?? "").split(",").filter(Boolean).map(Number);
    buttons.forEach((button, i) => {
      const set = (on) => { if (on) this.off.delete(i); else this.off.add(i); button.setAttribute("aria-pressed", String(on)); };
      if (off.includes(i)) set(false);
      button.addEventListener("click", () => { set(this.off.has(i)); NS.address.set("off", [...this.off].join(",")); this.apply(); });
    });
    filter.value = this.query = NS.address.get("filter") ?? "";
    document.querySelector("[data-runs-csv]").addEventListener("click", () => this.download());
  }

  apply() {
    this.shown = this.runs.filter((run) => !this.off.has(run.variant.i) && this.query.split(/\s+/).every((word) => run.text.includes(word)));
    const hid = this.runs.length - this.shown.length;
    document.querySelector("[data-shown]").textContent = hid ? `${this.shown.length} of ${this.runs.length} runs; ${hid} hidden` : `${this.runs.length} runs`;
    document.querySelector("[data-verdict]").replaceChildren(...NS.sentences(this).map((text) => NS.el("p", {}, text)));
    const shown = new Set(this.shown.map((run) => run.opened));
    for (const tab of document.querySelectorAll("[role=tab]")) tab.hidden = !shown.has(Number(tab.dataset.run.slice(3)));
    document.querySelectorAll("article.run").forEach((root) => { if (!shown.has(Number(root.id.slice(3)))) root.hidden = true; });
    const inside = document.getElementById("inside");
    if (inside) inside.hidden = ![...document.querySelectorAll("[role=tab]")].some((tab) => !tab.hidden);
    this.everything();
  }

  value(run, name) { const j = this.at.get(name); return j === undefined ? NaN : this.values[run.i * this.about.quantities.length + j]; }

  // The runs of a variant that are shown.
  of(variant) { return this.shown.filter((run) => run.variant === variant); }

  get shownVariants() { return this.variants.filter((v) => this.shown.some((run) => run.variant === v)); }

  // Seed -> value, runs of one seed as their mean.
  seeds(variant, name) {
    const lists = new Map();
    for (const run of this.of(variant)) {
      const value = this.value(run, name);
      if (Number.isFinite(value)) lists.set(run.seed, [...(lists.get(run.seed) ?? []), value]);
    }
    return new Map([...lists].map(([seed, list]) => [seed, NS.stats.mean(list)]));
  }

  interval(variant, name) { return NS.stats.interval([...this.seeds(variant, name).values()]); }
  gap(a, b) { return NS.stats.difference(this.seeds(a, "metric"), this.seeds(b, "metric")); }

  ranked(variants) {
    const sign = this.about.better ? -1 : 1;
    return variants.map((v) => [v, this.interval(v, "metric").mean]).filter(([, mean]) => Number.isFinite(mean)).sort((a, b) => sign * (a[1] - b[1])).map(([v]) => v);
  }

  tied(variants) {
    const order = this.ranked(variants);
    return order.filter((v, i) => i === 0 || !this.gap(order[0], v).apart);
  }

  // Times and values of a curve of one run.
  curve(run, name) {
    const at = run.i * this.about.curves.length + this.about.curves.findIndex(([known]) => known === name);
    const from = this.starts[at], to = this.starts[at + 1];
    return [this.x.subarray(from, to), this.y.subarray(from, to)];
  }

  download() {
    const heads = this.about.quantities.map((q) => (this.about.costs[q] ? `${q} (${this.about.costs[q][1] || "count"})` : q === "metric" ? this.about.metric : q));
    const head = ["name", "method", "variant", "sparsity", "data", "model", "seed", ...heads];
    const rows = this.shown.map((run) => [run.name, run.variant.method, run.variant.label, run.variant.sparsity, run.data, run.model, String(run.seed).startsWith("none") ? "" : run.seed, ...this.about.quantities.map((q) => { const v = this.value(run, q); return Number.isFinite(v) ? Number(v.toPrecision(7)) : ""; })]);
    NS.download("runs.csv", NS.csv([head, ...rows]));
  }
}

// The sentences of the first screen, of the runs shown; comparison/words.py writes the same.
NS.sentences = (c) => {
  const { share, metricName } = c.about, unit = share ? " points" : "";
  const points = (value) => { const text = share ? Math.abs(100 * value).toFixed(2) : NS.number(Math.abs(value)); return value < 0 && Number(text) !== 0 ? MINUS + text : text; };
  const interval = (d) => {
    const mean = Math.abs(d.mean);
    if (!Number.isFinite(d.half)) return `${d.n <= 1 ? "one run each" : `${d.n} runs`}: no interval`;
    return `95 % interval ${points(mean - d.half)} to ${points(mean + d.half)}; ${d.n} ${d.paired ? "pairs of equal seeds" : "runs"}`;
  };
  const size = (d) => `difference ${points(Math.abs(d.mean))}${unit}, ${interval(d)}`;
  const label = (v, others) => new Set(others.filter((o) => o.label === v.label).map((o) => o.sparsity)).size > 1 ? `${v.label} at ${Number((100 * v.sparsity).toPrecision(6))} %` : v.label;
  const reach = (v) => { const found = c.interval(v, "metric"); return NS.withError(found.mean, found.half, share); };
  const listed = (names) => names.length === 1 ? names[0] : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  const cost = (tied, dense) => {
    const spent = tied.map((v) => c.interval(v, "training_flops_links").mean).filter(Number.isFinite), whole = c.interval(dense, "training_flops_links").mean;
    if (!spent.length || !(whole > 0)) return "";
    const low = NS.percent(Math.min(...spent) / whole, 0), high = NS.percent(Math.max(...spent) / whole, 0);
    return ` at ${low === high ? low : `${low} to ${high}`} of its training FLOPs`;
  };
  const first = (order) => {
    const best = order[0], reached = reach(best);
    if (order.length === 1) return `${label(best, order)} reaches ${reached} ${metricName}`;
    const second = c.gap(best, order[1]);
    if (second.apart) return `${label(best, order)} is best with ${reached} ${metricName}, ${points(Math.abs(second.mean))}${unit} ahead of ${label(order[1], order)} (${interval(second)})`;
    const tied = order.filter((v) => v === best || !c.gap(best, v).apart);
    const names = tied.length > 4 ? `${label(best, order)} and ${tied.length - 1} others` : listed(tied.map((v) => label(v, order)));
    if (tied.some((a, i) => tied.slice(i + 1).some((b) => c.gap(a, b).apart))) {
      const rest = tied.length > 4 ? `${tied.length - 1} others` : listed(tied.slice(1).map((v) => label(v, order)));
      return `${label(best, order)} has the best mean, ${reach(best)}, but ${rest} cannot be told apart from it (${size(second)})`;
    }
    return `${names} cannot be told apart (${size(second)})`;
  };
  const against = (tied, dense) => {
    const found = c.gap(tied[0], dense), who = { 1: "it lies", 2: "both lie" }[tied.length] ?? "they lie";
    let amount;
    if (tied.length > 1) {
      const all = tied.map((v) => c.gap(v, dense)), low = Math.min(...all.map((d) => d.mean)), high = Math.max(...all.map((d) => d.mean));
      const near = tied.filter((_, i) => !all[i].apart);
      if (near.length || low * high < 0) {
        const text = near.length === tied.length ? `nor can ${tied.length === 2 ? "either" : "any of them"} from dense, ` : near.length ? `${listed(near.map((v) => v.label))} cannot be told apart from dense, ` : "dense lies between them, ";
        return `${text}${reach(dense)}${cost(tied, dense)}`;
      }
      amount = points(Math.min(Math.abs(low), Math.abs(high)));
      const most = points(Math.max(Math.abs(low), Math.abs(high)));
      if (most !== amount) amount += ` to ${most}`;
    } else {
      amount = points(Math.abs(found.mean));
      if (!found.apart) return `it cannot be told apart from dense (${size(found)})${cost(tied, dense)}`;
    }
    return `${who} ${amount}${unit} ${found.mean > 0 ? "above" : "below"} dense${cost(tied, dense)}`;
  };
  const out = [];
  c.about.settings.forEach(([data, model], s) => {
    const mine = c.shownVariants.filter((v) => v.setting === s), sparse = mine.filter((v) => v.method !== "dense");
    const order = c.ranked(sparse), dense = c.ranked(mine.filter((v) => v.method === "dense"));
    if (!order.length) return;
    const where = !data ? "Here" : model ? `On ${data} (${model})` : `On ${data}`;
    out.push(`${where}, ${first(order)}${dense.length ? `; ${against(c.tied(sparse), dense[0])}` : ""}.`);
  });
  if (!out.length) out.push(c.shown.length ? "No sparse method is among the runs shown." : "No run matches the filter.");
  return out.slice(0, 4);
};
