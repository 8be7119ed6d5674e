"use strict";
// plotly, unpacked when the first chart comes near the screen.
NS.plotly = () => {
  NS.loadingPlotly ??= NS.inflate("plotly-source").then((bytes) => {
    const script = document.createElement("script");
    script.textContent = new TextDecoder().decode(bytes);
    document.head.append(script);
    return window.Plotly;
  });
  return NS.loadingPlotly;
};

NS.layout = (layout = {}) => {
  const ink = NS.css("--ink"), line = NS.css("--line"), soft = NS.css("--soft");
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line, automargin: true, exponentformat: "power", minexponent: 6, separatethousands: true };
  const out = {
    font: { family: "system-ui, sans-serif", size: 12, color: ink },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 56, r: 14, t: layout.showlegend === false ? 12 : 30, b: 44 }, hovermode: "closest",
    separators: ".\u202f", hoverlabel: { font: { size: 12 } },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 11, color: soft } },
    ...layout,
  };
  for (const name of ["xaxis", "yaxis", ...Object.keys(layout).filter((key) => /^[xy]axis\d+$/.test(key))]) {
    out[name] = { ...axis, ...(layout[name] || {}) };
    // A title keeps clear of the ticks, however wide they are.
    if (out[name].title?.text) out[name].title = { standoff: 8, ...out[name].title };
  }
  return out;
};

const PLOT_CONFIG = { responsive: true, displaylogo: false, displayModeBar: false };

// A chart in a figure: made when first seen, redrawn when its source, the theme or time changes.
class Plot {
  constructor(figure, source, name) {
    this.figure = figure;
    this.host = figure.querySelector(".canvas");
    this.source = source;
    this.name = name;
    this.visible = false;
    this.stale = true;
    this.host.setAttribute("role", "img");
    this.host.setAttribute("aria-label", `Chart: ${figure.querySelector("figcaption").textContent.trim()}. The CSV button gives its numbers.`);
    this.observer = NS.watchVisible(figure, (visible) => { this.visible = visible; if (visible && this.stale) this.draw(); });
    figure.querySelector("[data-csv]")?.addEventListener("click", () => NS.download(NS.fileName(name) + ".csv", this.csv()));
    figure.querySelectorAll("[data-picture]").forEach((button) => button.addEventListener("click", () => this.picture(button.dataset.picture)));
  }

  refresh() { this.stale = true; if (this.visible) this.draw(); }

  async draw() {
    this.stale = false;
    const Plotly = await NS.plotly();
    this.drawn(Plotly, this.source());
  }

  // Without anything to draw a sentence says why.
  drawn(Plotly, made, size = {}) {
    if (!this.host.isConnected) return;
    const none = !made || !made.data.length;
    this.figure.classList.toggle("none", none);
    let said = this.figure.querySelector(".none-said");
    if (none) {
      said ??= this.host.insertAdjacentElement("afterend", NS.el("p", { class: "note none-said" }));
      said.textContent = made?.none ?? "There is nothing to show here.";
      return;
    }
    said?.remove();
    if (this.host.classList.contains("skeleton")) { this.host.classList.remove("skeleton"); this.host.replaceChildren(); }
    if (made.height) this.host.style.height = `${made.height}px`;
    const layout = NS.layout(made.layout), axis = layout.xaxis;
    if (axis.title?.text === "epoch" && !axis.dtick && axis.type !== "log") Object.assign(axis, NS.wholeTicks(made.data.flatMap((trace) => trace.x ?? [])));
    Plotly.react(this.host, made.data, { ...layout, ...size }, PLOT_CONFIG);
    const caption = this.figure.querySelector("[data-caption]");
    if (caption && made.caption !== undefined) caption.textContent = made.caption;
  }

  // At once, seen or not: for printing. plotly must have been unpacked.
  drawNow() {
    if (!window.Plotly || !this.host.isConnected) return;
    const made = this.source();
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width) this.drawn(window.Plotly, made, { width, height: made?.height ?? height });
    this.stale = true;
  }

  print() { this.drawNow(); }

  async picture(format) {
    const Plotly = await NS.plotly();
    const { data, layout } = this.source();
    const { width, height } = NS.pictureSize() ?? { width: this.host.clientWidth, height: this.host.clientHeight };
    const background = format === "png" ? NS.css("--card") : "rgba(0,0,0,0)";
    const scale = Math.max(1, width / 800);
    const large = { ...NS.layout(layout), paper_bgcolor: background, title: { text: NS.escape(this.figure.querySelector("figcaption").firstChild.textContent.trim(), 120), x: 0.02, font: { size: 15 } } };
    large.margin = { ...large.margin, t: (large.margin.t ?? 30) + 34 };
    const url = await Plotly.toImage({ data, layout: { ...large, width: width / scale, height: height / scale } }, { format, scale: format === "png" ? 2 * scale : scale, width: width / scale, height: height / scale });
    const link = NS.el("a", { href: url, download: `${NS.fileName(this.name)}.${format}` });
    document.body.append(link);
    link.click();
    link.remove();
  }

  csv() {
    const { data, layout, what = {}, all, rows: given } = this.source();
    if (given) return NS.csv(given);
    const decode = (text) => typeof text === "string" ? text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&") : text;
    const title = (axis) => decode(layout?.[axis]?.title?.text || axis[0]);
    const traces = (all ?? data).filter((trace) => trace.hoverinfo !== "skip" || trace.csv);
    const errors = traces.some((trace) => trace.error_y?.array);
    const rows = [["measure", "scope", "series", title("xaxis"), title("yaxis"), ...(errors ? ["error"] : [])]];
    for (const trace of traces) {
      if (trace.z) { trace.z.forEach((line, i) => line.forEach((z, j) => rows.push([what.measure ?? this.name, what.scope ?? "", decode(trace.name), decode(trace.x?.[j] ?? j), decode(trace.y?.[i] ?? i), z]))); continue; }
      (trace.x || []).forEach((x, i) => rows.push([what.measure ?? this.name, what.scope ?? "", decode(trace.name ?? ""), decode(x), trace.y[i], ...(errors ? [trace.error_y?.array?.[i] ?? ""] : [])]));
    }
    return NS.csv(rows);
  }

  destroy() { this.observer.disconnect(); if (window.Plotly && this.host.data) window.Plotly.purge(this.host); }
}

// Ticks of a logarithmic axis: 1, 10, 100; between them 2 and 5 where it spans little.
NS.logTicks = (low, high) => {
  const values = [];
  const steps = high - low > 2.2 ? [1] : [1, 2, 5];
  for (let k = Math.floor(low) - 1; k <= Math.ceil(high); k++) for (const step of steps) values.push(step * 10 ** k);
  const every = Math.max(1, Math.ceil((high - low) / 8));
  const kept = steps.length > 1 ? values : values.filter((_, i) => i % every === 0);
  return { tickmode: "array", tickvals: kept, ticktext: kept.map((v) => { if (v < 1e5 && v >= 1e-3) return String(Number(v.toPrecision(1))); const [m, k] = v.toExponential(0).split("e"); return `${m === "1" ? "" : `${m}·`}10<sup>${Number(k)}</sup>`; }) };
};

// Few epochs are labelled one by one: there is no half of one.
NS.wholeTicks = (x) => {
  let low = Infinity, high = -Infinity;
  for (const value of x) { if (value < low) low = value; if (value > high) high = value; }
  return high - low >= 1 && high - low <= 9 ? { dtick: 1, tick0: 0 } : {};
};
