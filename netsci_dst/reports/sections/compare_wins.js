"use strict";
// Win rates over settings and pairs of methods, of the runs shown.
NS.view("compare-wins", class {
  constructor(figure, c) {
    this.c = c;
    this.stage = figure.querySelector(".stage");
    this.stage.classList.add("plain");
    figure.querySelectorAll("[data-csv], [data-picture]").forEach((node) => node.remove());
    const csv = NS.el("button", { type: "button", class: "ghost" }, "CSV");
    csv.addEventListener("click", () => NS.download("pairs.csv", NS.csv([["method", "against", "pairs or runs", "difference", "half 95 % interval", "told apart"], ...this.pairs().map((p) => [p.a.label, p.b.label, p.d.n, p.d.mean, Number.isFinite(p.d.half) ? p.d.half : "", p.d.apart ? "yes" : "no"])])));
    figure.querySelector(".tools").append(csv);
    this.refresh();
  }

  pairs() {
    const { c } = this, out = [];
    c.about.settings.forEach((_, s) => {
      const mine = c.shownVariants.filter((v) => v.setting === s && c.seeds(v, "metric").size);
      for (let i = 0; i < mine.length; i++) for (let j = i + 1; j < mine.length; j++) {
        const [a, b] = [mine[i], mine[j]];
        if (a.sparsity === b.sparsity || a.method === "dense" || b.method === "dense") out.push({ a, b, s, d: c.gap(a, b) });
      }
    });
    return out;
  }

  // The best mean of each setting, sparsity and seed, among methods that are in all of them.
  wins() {
    const { c } = this, places = new Map();
    for (const run of c.shown) {
      const v = run.variant, value = c.value(run, "metric");
      if (v.method === "dense" || !Number.isFinite(value)) continue;
      const where = `${v.setting}/${v.sparsity}`, key = `${where}/${run.seed}`;
      if (!places.has(key)) places.set(key, { where, found: new Map() });
      const found = places.get(key).found;
      found.set(v.label, [...(found.get(v.label) ?? []), value]);
    }
    const all = [...places.values()], labels = [...new Set(all.flatMap((p) => [...p.found.keys()]))];
    const methods = labels.filter((label) => all.every((p) => p.found.has(label)));
    const settings = new Set(all.map((p) => p.where)).size, won = new Map(methods.map((label) => [label, 0]));
    if (settings < 2 || methods.length < 2) return { settings, methods, won, of: 0 };
    for (const { found } of all) {
      const means = methods.map((label) => NS.stats.mean(found.get(label))), best = c.about.better ? Math.max(...means) : Math.min(...means);
      const winners = methods.filter((_, i) => means[i] === best);
      for (const label of winners) won.set(label, won.get(label) + 1 / winners.length);
    }
    return { settings, methods, won, of: all.length };
  }

  refresh() {
    const { c } = this, parts = [], pairs = this.pairs(), { share } = c.about, f = share ? 100 : 1;
    const wins = this.wins();
    if (wins.of) parts.push(this.table(`Wins over ${wins.settings} settings, ${wins.of} places of setting and seed`, ["method", "won", "rate"], [...wins.won].sort((a, b) => b[1] - a[1]).map(([label, n]) => [label, NS.number(n, 4), NS.percent(n / wins.of, 0)])));
    else parts.push(NS.el("p", { class: "said" }, wins.settings < 2 ? "One setting only: a win rate needs several." : "No two methods are in all settings, so there is no win rate."));
    const known = pairs.filter((p) => Number.isFinite(p.d.half)), rest = pairs.length - known.length;
    if (known.length) {
      const say = (x) => (share ? (f * x).toFixed(2) : NS.number(x)).replace("-", MINUS);
      parts.push(this.table(`Differences of ${c.about.metricName}${share ? " in points" : ""}, 95 % intervals`, ["method", "against", "n", "difference", "95 % interval", "0 in the interval?"], known.slice(0, 200).map(({ a, b, d }) => [NS.variantName(c, a), NS.variantName(c, b), `${d.n}${d.paired ? " pairs" : ""}`, say(d.mean), `${say(d.mean - d.half)} to ${say(d.mean + d.half)}`, d.apart ? "no: told apart" : "yes: cannot be told apart"])));
    }
    if (rest) parts.push(NS.el("p", { class: "said" }, `${rest === pairs.length ? (rest === 1 ? "The one pair" : `All ${rest} pairs`) : `${rest} of ${pairs.length} pairs`} of methods ${rest === 1 ? "has" : "have"} too few runs for an interval, or runs that agree to the digit: two of each, with some spread, are the least.`));
    this.stage.replaceChildren(...parts);
  }

  table(caption, head, rows) {
    return NS.el("div", { class: `scroll${rows.length > 14 ? " tall" : ""}`, tabindex: "0" }, NS.el("table", {}, NS.el("caption", {}, caption), NS.el("thead", {}, NS.el("tr", {}, ...head.map((h) => NS.el("th", {}, h)))), NS.el("tbody", {}, ...rows.map((row) => NS.el("tr", {}, ...row.map((cell) => NS.el("td", {}, cell)))))));
  }

  destroy() {}
});
