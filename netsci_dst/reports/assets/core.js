"use strict";
// Small helpers that every other script uses.
const NS = { charts: new Map(), views: new Map() };

// The door for sections: a chart that follows what is chosen, `make(app)` returns a function that
// returns { data, layout }; and a view of its own kind, a class made with (figure, app) that has
// refresh() and destroy().
NS.chart = (key, make) => { NS.charts.set(key, make); };
NS.view = (key, View) => { NS.views.set(key, View); };

NS.el = (tag, props = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "class") node.className = value;
    else if (key === "style") node.style.cssText = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null) node.setAttribute(key, value);
  }
  // Strings become text nodes: no name of a run can ever be markup here.
  node.append(...children);
  return node;
};

NS.json = (id) => JSON.parse(document.getElementById(id).textContent);

NS.inflate = async (id) => {
  const text = document.getElementById(id).textContent;
  let bytes;
  if (Uint8Array.fromBase64) bytes = Uint8Array.fromBase64(text);
  else {
    const raw = atob(text);
    bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

NS.inflateJson = async (id) => JSON.parse(new TextDecoder().decode(await NS.inflate(id)));

const KINDS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array };

// Undo the byte planes and, for arrays over time, the differences between rows.
NS.unpack = async (id, manifest) => {
  const bytes = await NS.inflate(id);
  const out = {};
  for (const [name, entry] of Object.entries(manifest)) {
    const Kind = KINDS[entry.type];
    const width = Kind.BYTES_PER_ELEMENT;
    const count = entry.bytes / width;
    let values;
    if (width === 1) values = bytes.slice(entry.at, entry.at + entry.bytes);
    else {
      const flat = new Uint8Array(entry.bytes);
      for (let plane = 0; plane < width; plane++) {
        const from = entry.at + plane * count;
        for (let i = 0; i < count; i++) flat[i * width + plane] = bytes[from + i];
      }
      values = new Kind(flat.buffer);
    }
    if (entry.delta && entry.shape[0] > 1) {
      const row = count / entry.shape[0];
      for (let i = row; i < count; i++) values[i] += values[i - row];
    }
    out[name] = { values, shape: entry.shape };
  }
  return out;
};

NS.css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

NS.csv = (rows) => rows.map((row) => row.map((cell) => {
  let text = cell === null || cell === undefined ? "" : String(cell);
  // A spreadsheet must not run a name as a formula.
  if (typeof cell === "string" && /^[=+\-@\t\r]/.test(text)) text = "'" + text;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}).join(",")).join("\n") + "\n";

NS.download = (name, text, type = "text/csv") => {
  const url = URL.createObjectURL(text instanceof Blob ? text : new Blob([text], { type }));
  const link = NS.el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
};

NS.fileName = (...parts) => parts.join("-").replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 120);

// plotly decodes these, so that a name is shown and never read as markup.
NS.escape = (text, limit = 60) => {
  const all = [...String(text)];
  const short = all.length > limit ? all.slice(0, limit - 1).join("") + "…" : all.join("");
  return short.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
};

// Numbers are written as numbers.py writes them.
const THIN = "\u202f", MINUS = "\u2212";
NS.grouped = (text) => {
  const minus = text.startsWith("-");
  let [whole, rest] = (minus ? text.slice(1) : text).split(".");
  if (whole.length > 4) whole = whole.replace(/\B(?=(\d{3})+$)/g, THIN);
  return (minus ? MINUS : "") + whole + (rest === undefined ? "" : "." + rest);
};
// A half goes up, also one that lies a rounding error below.
const UP = 1 + 1e-9;
NS.fixed = (value, places) => (value * UP).toFixed(places);
NS.number = (value, digits = 3) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e7 || size < 1e-5)) {
    let [mantissa, power] = (value * UP).toExponential(digits - 1).split("e");
    if (mantissa.includes(".")) mantissa = mantissa.replace(/\.?0+$/, "");
    return `${mantissa}e${Number(power) < 0 ? "-" : "+"}${Math.abs(Number(power))}`;
  }
  const places = value ? Math.max(0, digits - 1 - Math.floor(Math.log10(size))) : 0;
  let text = NS.fixed(value, places);
  if (text.includes(".")) text = text.replace(/\.?0+$/, "");
  return NS.grouped(text);
};
NS.places = (error, percent) => Math.min(Math.max(error > 0 ? 1 - Math.floor(Math.log10(error)) : 3, 0), percent ? 2 : 3);
NS.rounded = (value, error, percent) => {
  if (!Number.isFinite(value)) return "–";
  const factor = percent ? 100 : 1;
  if (!Number.isFinite(error) || error <= 0) {
    if (!percent) return NS.number(value);
    return NS.grouped(NS.fixed(value < 1 && NS.fixed(100 * value, 2) === "100.00" ? 99.99 : 100 * value, 2));
  }
  return NS.grouped(NS.fixed(factor * value, NS.places(factor * error, percent)));
};
NS.withError = (value, error, percent, unit = true) => {
  let text = NS.rounded(value, error, percent);
  if (text !== "–" && Number.isFinite(error)) {
    const spread = percent ? 100 * error : error;
    text += ` ± ${NS.grouped(NS.fixed(spread, spread > 0 ? NS.places(spread, percent) : percent ? 2 : 3))}`;
  }
  return percent && unit && text !== "–" ? `${text} %` : text;
};
NS.percent = (share, places = 2) => {
  if (!Number.isFinite(share)) return "–";
  const step = 10 ** -places;
  const number = share > 0 && share < 1 ? Math.min(Math.max(100 * share, step), 100 - step) : 100 * share;
  return `${NS.fixed(number, places)} %`;
};
NS.amount = (value, unit) => {
  for (const [size, prefix] of [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) if (Math.abs(value) >= size) return `${NS.number(value / size)} ${prefix}${unit}`;
  return `${NS.number(value)} ${unit}`.trim();
};
NS.count = (n) => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, THIN);

NS.theme = {
  listeners: new Set(),
  get dark() { return document.documentElement.dataset.theme === "dark"; },
  set(dark) {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    this.listeners.forEach((listener) => listener());
  },
};

// Runs `visible` while an element is on or near the screen.
NS.watchVisible = (node, changed) => {
  const observer = new IntersectionObserver((entries) => changed(entries.at(-1).isIntersecting), { rootMargin: "250px" });
  observer.observe(node);
  return observer;
};

NS.reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

NS.hues = (i) => { const { categories } = NS.colours; return categories[i % categories.length]; };
NS.scale = (share) => {
  const stops = NS.colours.scale;
  const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1), i = Math.min(Math.floor(place), stops.length - 2);
  return `rgb(${stops[i].map((a, k) => Math.round(a + (stops[i + 1][k] - a) * (place - i))).join(",")})`;
};

// What is chosen stands in the address (#step=500&neuron=…), and so survives a reload.
NS.address = {
  read() { return new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : ""); },
  get(key) { return this.read().get(key); },
  set(key, value) {
    const all = this.read();
    if (value === null || value === undefined || value === "") all.delete(key); else all.set(key, value);
    const text = all.toString();
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  },
};

// Width and height of exported pictures; null: as shown.
NS.pictureSize = () => {
  const value = document.getElementById("size")?.value ?? "";
  const found = /^(\d+)x(\d+)$/.exec(value);
  return found ? { width: Number(found[1]), height: Number(found[2]) } : null;
};
