"use strict";
// All nodes in a table that can be searched and sorted; rows beyond the first hundred on request.
NS.view("node-table", class {
  constructor(figure, app) {
    this.app = app;
    this.nodes = app.data.nodes;
    figure.classList.add("bare");
    figure.querySelectorAll(".tools .info ~ *").forEach((node) => node.remove());
    const stage = figure.querySelector(".stage"), csv = NS.el("button", { type: "button", class: "ghost" }, "CSV");
    csv.addEventListener("click", () => app.downloadNodes());
    figure.querySelector(".tools").append(csv);
    this.find = NS.el("input", { type: "search", placeholder: "name or attribute …", "aria-label": "Search nodes", autocomplete: "off" });
    this.said = NS.el("output", { "aria-live": "polite" });
    this.find.addEventListener("input", () => { this.most = 100; this.fill(); });
    this.body = NS.el("tbody");
    this.sort = { column: 0, down: true };
    const heads = ["name", ...this.nodes.columns.map(([title]) => title)].map((title, k) => {
      const button = NS.el("button", { type: "button", class: "ghost sort" }, title);
      button.addEventListener("click", () => { this.sort = { column: k - 1, down: this.sort.column === k - 1 ? !this.sort.down : k > 0 }; this.fill(); });
      return NS.el("th", { "aria-sort": "none" }, button);
    });
    this.heads = heads;
    this.more = NS.el("button", { type: "button", class: "ghost" }, "Show more");
    this.more.addEventListener("click", () => { this.most += 400; this.fill(); });
    this.most = 100;
    stage.classList.add("plain");
    stage.replaceChildren(NS.el("div", { class: "switches" }, this.find, this.said), NS.el("div", { class: "scroll tall", tabindex: "0" }, NS.el("table", { class: "nodes" }, NS.el("thead", {}, NS.el("tr", {}, ...heads)), this.body)), this.more);
    this.body.addEventListener("click", (event) => { const row = event.target.closest("tr"); if (row) this.choose(Number(row.dataset.row)); });
    this.body.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.dataset.row) this.choose(Number(event.target.dataset.row)); });
    this.fill();
  }

  choose(row) {
    const i = this.nodes.index[row], held = this.app.held && this.app.hovered === i;
    this.app.hold(false);
    this.app.hover(held ? null : i);
    this.app.hold(!held);
    this.mark();
  }

  rows() {
    const { names, columns } = this.nodes, words = this.find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const text = columns.filter(([, kind]) => kind === "text");
    const kept = names.map((_, row) => row).filter((row) => words.every((word) => names[row].toLowerCase().includes(word) || text.some(([, , values]) => String(values[row] ?? "").toLowerCase().includes(word))));
    const { column, down } = this.sort, of = (row) => (column < 0 ? names[row] : columns[column][2][row]);
    return kept.sort((a, b) => {
      const x = of(a), y = of(b);
      if (x === null || y === null) return (x === null) - (y === null);
      const order = typeof x === "string" || typeof y === "string" ? String(x).localeCompare(String(y), undefined, { numeric: true }) : x - y;
      return down ? -order : order;
    });
  }

  fill() {
    const rows = this.rows(), { names, columns } = this.nodes;
    this.body.replaceChildren(...rows.slice(0, this.most).map((row) => NS.el("tr", { "data-row": row, tabindex: "0" }, NS.el("td", {}, names[row]), ...columns.map(([title, , values]) => NS.el("td", { class: "n" }, values[row] === null ? "–" : typeof values[row] === "number" ? NS.number(values[row], 4) : String(values[row]))))));
    this.said.textContent = rows.length === names.length ? `${NS.count(rows.length)} nodes` : `${NS.count(rows.length)} of ${NS.count(names.length)} nodes`;
    this.more.hidden = rows.length <= this.most;
    this.heads.forEach((head, k) => head.setAttribute("aria-sort", this.sort.column === k - 1 ? (this.sort.down ? "descending" : "ascending") : "none"));
    this.mark();
  }

  mark() {
    const chosen = this.app.held ? String(this.nodes.row[this.app.hovered]) : null;
    for (const row of this.body.rows) row.classList.toggle("chosen", row.dataset.row === chosen);
  }

  refresh() { this.mark(); }
  destroy() {}
});
