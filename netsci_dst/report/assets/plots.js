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
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line, automargin: true };
  const out = {
    font: { family: "system-ui, sans-serif", size: 12, color: ink },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 56, r: 14, t: layout.showlegend === false ? 12 : 30, b: 44 }, hovermode: "closest",
    hoverlabel: { font: { size: 12 } },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 11, color: soft } },
    ...layout,
  };
  for (const name of ["xaxis", "yaxis"]) out[name] = { ...axis, ...(layout[name] || {}) };
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
  }

  refresh() { this.stale = true; if (this.visible) this.draw(); }

  async draw() {
    this.stale = false;
    const Plotly = await NS.plotly();
    const { data, layout } = this.source();
    if (!this.host.isConnected) return;
    Plotly.react(this.host, data, NS.layout(layout), PLOT_CONFIG);
  }

  // At once, seen or not: for printing. plotly must have been unpacked.
  drawNow() {
    if (!window.Plotly || !this.host.isConnected) return;
    const { data, layout } = this.source();
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width) window.Plotly.react(this.host, data, { ...NS.layout(layout), width, height }, PLOT_CONFIG);
    this.stale = true;
  }

  csv() {
    const { data, layout } = this.source();
    const title = (axis) => layout?.[axis]?.title?.text || axis[0];
    const decode = (text) => String(text ?? "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    const rows = [["series", decode(title("xaxis")), decode(title("yaxis")), "error"]];
    for (const trace of data) {
      (trace.x || []).forEach((x, i) => rows.push([decode(trace.name), typeof x === "string" ? decode(x) : x, trace.y[i], trace.error_y?.array?.[i] ?? ""]));
    }
    return NS.csv(rows);
  }

  destroy() { this.observer.disconnect(); if (window.Plotly && this.host.data) window.Plotly.purge(this.host); }
}
