"use strict";
// Per-snapshot arrays of one run.
class Frames {
  constructor(run) {
    this.run = run;
    this.meta = run.frames;
    this.count = this.meta.steps.length;
    this.populations = this.meta.populations;
    this.layers = this.meta.layers;
    this.offsets = [];
    this.size = 0;
    for (const p of this.populations) { this.offsets.push(this.size); this.size += p.size; }
    this.of = new Uint16Array(this.size);
    this.populations.forEach((p, i) => this.of.fill(i, this.offsets[i], this.offsets[i] + p.size));
    this.cache = new Map();
  }

  async load() {
    const get = (name) => this.run.packs[name] ? NS.unpack(`${this.run.id}-pack-${name}`, this.run.packs[name]) : null;
    const [nodes, links, disk] = await Promise.all([get("nodes"), get("links"), get("disk")]);
    this.nodes = nodes;
    this.disk = disk;
    this.counts = links.counts.values;
    this.keys = links.keys.values;
    this.starts = new Uint32Array(links.sizes.values.length + 1);
    links.sizes.values.forEach((size, i) => { this.starts[i + 1] = this.starts[i] + size; });
    this.maxDegree = 1;
    for (let i = 0; i < this.nodes.in.values.length; i++) {
      const d = this.nodes.in.values[i] + this.nodes.out.values[i];
      if (d > this.maxDegree) this.maxDegree = d;
    }
    return this;
  }

  async matrices() {
    this.loadingMatrices ??= NS.unpack(`${this.run.id}-pack-matrices`, this.run.packs.matrices);
    return this.loadingMatrices;
  }

  degreeIn(t, i) { return this.nodes.in.values[t * this.size + i]; }
  degreeOut(t, i) { return this.nodes.out.values[t * this.size + i]; }
  degree(t, i) { return this.degreeIn(t, i) + this.degreeOut(t, i); }
  core(t, i) { return this.nodes.core.values[t * this.size + i]; }
  activity(t, i) {
    if (!this.nodes.activity) return null;
    const value = this.nodes.activity.values[t * this.size + i];
    return value === 255 ? null : 4 * (value / 31) ** 2;
  }
  community(i) { return this.nodes.community ? this.nodes.community.values[i] : null; }
  layer(i) { return this.populations[this.of[i]].name; }
  index(i) { return i - this.offsets[this.of[i]]; }

  // Drawn links of a snapshot: node numbers of both ends, layer after layer.
  links(t) {
    let found = this.cache.get(t);
    if (found) return found;
    const L = this.layers.length;
    let total = 0;
    for (let l = 0; l < L; l++) total += this.counts[t * L + l];
    found = { u: new Uint32Array(total), v: new Uint32Array(total), from: [0], total };
    let n = 0;
    for (let l = 0; l < L; l++) {
      const { source, target } = this.layers[l];
      const width = this.populations[target].size;
      const a = this.offsets[source], b = this.offsets[target];
      let at = this.starts[t * L + l], key = 0;
      for (let i = this.counts[t * L + l]; i > 0; i--) {
        let shift = 1, byte;
        do { byte = this.keys[at++]; key += (byte & 127) * shift; shift *= 128; } while (byte > 127);
        const row = Math.floor(key / width);
        found.u[n] = a + row;
        found.v[n++] = b + key - row * width;
      }
      found.from.push(n);
    }
    if (this.cache.size > 24) this.cache.delete(this.cache.keys().next().value);
    this.cache.set(t, found);
    return found;
  }

  allLinks(t) { return this.meta.nLinks[t].reduce((a, b) => a + b, 0); }

  // Drawn neighbours of a neuron, as a set of node numbers.
  neighbours(t, i) {
    const { u, v, total } = this.links(t);
    const found = new Set();
    for (let k = 0; k < total; k++) {
      if (u[k] === i) found.add(v[k]);
      else if (v[k] === i) found.add(u[k]);
    }
    return found;
  }

  when(t) {
    const step = `step ${NS.count(this.meta.steps[t])}`;
    return this.meta.time === "epoch" ? `epoch ${NS.number(this.meta.epochs[t], 4)} · ${step}` : step;
  }

  who(t, i) {
    const parts = [`${this.layer(i)} · neuron ${this.index(i)}`];
    const into = this.degreeIn(t, i), out = this.degreeOut(t, i);
    parts.push(this.meta.directed ? `${into + out} links (${into} in, ${out} out)` : `${into + out} links`);
    if (this.meta.hasCore) parts.push(`k-shell ${this.core(t, i)}`);
    const community = this.community(i), activity = this.activity(t, i);
    if (community !== null) parts.push(`community ${community}`);
    if (activity !== null) parts.push(activity >= 4 ? "activity at least 4 × mean" : `activity ${NS.number(activity, 2)} × mean`);
    const drawn = this.neighbours(t, i).size;
    if (drawn < into + out) parts.push(`${drawn} of its links drawn`);
    return parts;
  }
}
