"use strict";
NS.start = async () => {
  NS.apps = new Map();
  NS.compare = null;
  const roots = [...document.querySelectorAll("article.run")];
  const open = async (root) => {
    if (!NS.apps.has(root.id)) {
      NS.apps.set(root.id, null);
      root.hidden = false;
      NS.apps.set(root.id, await new RunApp(root).start());
    }
    return NS.apps.get(root.id);
  };
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const choose = async (tab) => {
    for (const other of tabs) {
      const mine = other === tab;
      other.setAttribute("aria-selected", String(mine));
      const root = document.getElementById(other.dataset.run);
      if (!mine && root) { root.hidden = true; NS.apps.get(other.dataset.run)?.show(false); }
    }
    if (tab.dataset.src && !document.getElementById(tab.dataset.run)) await NS.fetchRun(tab.dataset.src);
    const root = document.getElementById(tab.dataset.run);
    if (!root) return;
    root.hidden = false;
    (await open(root))?.show(true);
  };
  for (const tab of tabs) tab.addEventListener("click", () => { NS.address.set("run", tab.dataset.run); choose(tab); });
  if (document.getElementById("comparison-data")) NS.compare = await new Compare(document.getElementById("comparison")).start();
  const several = document.getElementById("networks");
  if (several) { NS.several = new Page(several); await NS.several.begin(); NS.several.figures(); NS.theme.listeners.add(() => NS.several.everything()); }
  const kept = tabs.find((tab) => tab.dataset.run === NS.address.get("run") && !tab.hidden);
  if (kept) await choose(kept);
  else if (!tabs.length && roots.length) await open(roots[0]);
  NS.tableTools();
  document.documentElement.dataset.ready = "true";
};

// The numbers of a table as they stand on the page.
NS.tableTools = () => {
  for (const button of document.querySelectorAll("[data-table-csv]")) {
    button.addEventListener("click", () => {
      const table = document.querySelector(`[data-table="${button.dataset.tableCsv}"]`);
      NS.download(NS.fileName(button.dataset.tableCsv) + ".csv", NS.csv([...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent))));
    });
  }
};

// A run that lies in a folder beside the page comes as a script that hands over text.
NS.fetchRun = (src) => new Promise((done) => {
  const script = NS.el("script", { src });
  script.addEventListener("load", () => done());
  script.addEventListener("error", () => { document.getElementById("arrived").replaceChildren(NS.el("p", { class: "note", role: "alert" }, `${src} is not beside this page: move the folder with it.`)); done(); });
  document.body.append(script);
});

NS.arrive = (id, article, blocks) => {
  const host = document.getElementById("arrived");
  host.insertAdjacentHTML("beforeend", article);
  const box = NS.el("div", { hidden: "" });
  box.innerHTML = blocks;
  host.append(box);
};

NS.parts = () => [...NS.apps.values(), NS.compare, NS.several].filter(Boolean);

NS.listen = () => {
  document.getElementById("theme").addEventListener("click", () => NS.theme.set(!NS.theme.dark));
  const size = document.getElementById("size");
  size.addEventListener("change", () => {
    if (size.value !== "other") return;
    const found = /^\s*(\d{2,5})\s*[x×]\s*(\d{2,5})\s*$/.exec(prompt("Width × height in pixels", "1200 × 800") ?? "");
    if (!found) { size.value = ""; return; }
    const value = `${found[1]}x${found[2]}`;
    size.append(NS.el("option", { value }, `${found[1]} × ${found[2]}`));
    size.value = value;
  });
  // Links inside the page scroll; the address keeps what is chosen.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    const goal = document.getElementById(link.getAttribute("href").slice(1));
    if (!goal) return;
    event.preventDefault();
    if (link.matches("[data-how]")) goal.open = true;
    goal.scrollIntoView({ block: link.matches("[data-how]") ? "center" : "start", behavior: NS.reducedMotion() ? "instant" : "smooth" });
    goal.querySelector("summary, h2, a, button")?.focus?.({ preventScroll: true });
  });
  // Arrows step through snapshots wherever nothing else listens to them.
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.target.closest("input, select, textarea, canvas, pre, [contenteditable]")) return;
    const app = [...NS.apps.values()].find((found) => found && !found.root.hidden && found.timeline);
    if (event.key === "Escape") { NS.apps.forEach((found) => { if (found?.frames) { found.hold(false); found.hover(null); } }); return; }
    if (!app || !["ArrowLeft", "ArrowRight"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = app.t + (event.key === "ArrowRight" ? 1 : -1);
    if (to >= 0 && to < app.frames.count) { app.timeline.stop(); app.timeline.go(to); event.preventDefault(); }
  });
  let wasDark = false, opened = [];
  addEventListener("beforeprint", () => {
    wasDark = NS.theme.dark;
    // The width of a page, so that charts are drawn as wide as they are printed; all is open.
    document.documentElement.classList.add("printing");
    opened = [...document.querySelectorAll("details.fold:not([open])")];
    opened.forEach((node) => { node.open = true; });
    NS.theme.set(false);
    NS.parts().forEach((part) => part.print());
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    opened.forEach((node) => { node.open = false; });
    NS.theme.set(wasDark);
    NS.parts().forEach((part) => part.everything());
  });
};

NS.begin = () => {
  NS.theme.set(matchMedia("(prefers-color-scheme: dark)").matches);
  NS.listen();
  const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 500));
  NS.started = NS.start().catch((error) => {
    const old = typeof DecompressionStream === "undefined";
    document.getElementById("content").prepend(NS.el("p", { class: "note", role: "alert" }, old ? "This browser is too old to unpack the report's data; the tables and first pictures below are complete." : `The interactive part of this report could not start: ${error.message}`));
    throw error;
  }).then(() => {
    NS.live();
    whenIdle(() => { for (const part of NS.parts()) part.warm(); });
  });
};
