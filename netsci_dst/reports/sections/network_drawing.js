"use strict";
// What is known of each node: rows by node, and colours by any column.
NS.prepareNodes = (app) => {
  const { nodes } = app.data;
  nodes.row = {};
  nodes.index.forEach((i, row) => { nodes.row[i] = row; });
  nodes.colour = {};
  for (const [title, kind, values] of nodes.columns) {
    const colours = new Array(app.frames.size).fill(NS.css("--quiet") || "#c9ced6");
    const few = new Set(values), categorical = title === "community" || title === "component" || kind === "text" || few.size <= 8 && kind !== "number";
    if (categorical) {
      const order = [...few].map((v) => [v, values.filter((x) => x === v).length]).sort((a, b) => b[1] - a[1]).map(([v]) => v);
      const place = new Map(order.map((v, k) => [v, k]));
      values.forEach((v, row) => { if (v !== null) colours[nodes.index[row]] = place.get(v) < NS.colours.categories.length ? NS.hues(place.get(v)) : NS.css("--quiet"); });
    } else {
      const finite = values.filter(Number.isFinite);
      if (!finite.length) continue;
      // By rank: heavy tails would leave all but the hubs in one colour.
      const sorted = [...new Set(finite)].sort((a, b) => a - b), rank = new Map(sorted.map((v, k) => [v, sorted.length > 1 ? k / (sorted.length - 1) : 1]));
      values.forEach((v, row) => { if (Number.isFinite(v)) colours[nodes.index[row]] = NS.scale(0.95 * rank.get(v)); });
    }
    nodes.colour[title] = colours;
  }
};

NS.nodeRows = (nodes) => [["name", ...nodes.columns.map(([title]) => title)], ...nodes.names.map((name, row) => [name, ...nodes.columns.map(([, , values]) => values[row])])];

// Names of the best linked nodes, none over another.
NS.drawLabels = (view, c) => {
  const { app } = view, { nodes } = app.data;
  if (!nodes || app.choice("names") === false) return;
  const most = view.width < 480 ? 8 : 20, boxes = [];
  c.font = "12px system-ui, sans-serif";
  c.textAlign = "left";
  c.globalAlpha = 1;
  const label = (i, name, strong) => {
    if (view.size[i] < 0) return;
    const text = [...name].length > 24 ? [...name].slice(0, 23).join("") + "…" : name, w = c.measureText(text).width, r = Math.max(3, view.size[i] * Math.sqrt(view.zoom)) + 3;
    const x = view.x[i], y = view.y[i];
    for (const [dx, dy] of [[r, 4], [-r - w, 4], [-w / 2, -r - 2], [-w / 2, r + 12]]) {
      const box = [x + dx - 2, y + dy - 12, x + dx + w + 2, y + dy + 4];
      if (box[0] < 0 || box[1] < 0 || box[2] > view.width || box[3] > view.height) continue;
      if (!strong && boxes.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1])) continue;
      boxes.push(box);
      c.lineWidth = 3;
      c.lineJoin = "round";
      c.strokeStyle = NS.css("--page");
      c.strokeText(text, x + dx, y + dy);
      c.fillStyle = NS.css("--ink");
      c.fillText(text, x + dx, y + dy);
      return;
    }
  };
  if (app.hovered !== null && nodes.row[app.hovered] !== undefined) label(app.hovered, nodes.names[nodes.row[app.hovered]], true);
  for (let row = 0, n = 0; row < Math.min(nodes.names.length, 3 * most) && n < most; row++) {
    if (nodes.index[row] === app.hovered) continue;
    const before = boxes.length;
    label(nodes.index[row], nodes.names[row], false);
    n += boxes.length > before;
  }
};

NS.view("network", class extends NetworkView { backdrop(c) { if (!this.app.data.nodes) super.backdrop(c); } drawLabels(c) { NS.drawLabels(this, c); } });
NS.view("disk", class extends DiskView { drawLabels(c) { NS.drawLabels(this, c); } });
