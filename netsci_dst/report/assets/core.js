"use strict";
// Small helpers that every other script uses.
const NS = {};

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

NS.download = (name, text) => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
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

NS.number = (value, digits = 3) =>
  value === null || value === undefined || Number.isNaN(value) ? "–" : Number(value.toPrecision(digits)).toString();

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
