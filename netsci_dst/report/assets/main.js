"use strict";
NS.start = async (states = []) => {
  NS.apps = new Map();
  const roots = [...document.querySelectorAll("article.run")];
  const open = async (root) => {
    if (!NS.apps.has(root.id)) {
      NS.apps.set(root.id, null);
      root.hidden = false;
      NS.apps.set(root.id, await new RunApp(root).start());
    }
    return NS.apps.get(root.id);
  };
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.addEventListener("click", async () => {
      for (const other of document.querySelectorAll("[role=tab]")) {
        const mine = other === tab;
        other.setAttribute("aria-selected", String(mine));
        if (!mine) { document.getElementById(other.dataset.run).hidden = true; NS.apps.get(other.dataset.run)?.show(false); }
      }
      const root = document.getElementById(tab.dataset.run);
      root.hidden = false;
      (await open(root))?.show(true);
    });
  }
  if (roots.length) await open(roots.find((root) => !root.hidden) ?? roots[0]);
  states.forEach((state) => NS.apps.get(state.id)?.restore(state));
  if (document.getElementById("compare-data")) { await NS.startCompare(); await NS.startGallery(); }
  document.documentElement.dataset.ready = "true";
};

NS.theme.set(matchMedia("(prefers-color-scheme: dark)").matches);
document.getElementById("theme").addEventListener("click", () => NS.theme.set(!NS.theme.dark));
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-how]");
  if (!link) return;
  const more = document.getElementById(link.getAttribute("href").slice(1));
  if (more) more.open = true;
});
let wasDark = false;
addEventListener("beforeprint", () => {
  wasDark = NS.theme.dark;
  // The width of a page, so that charts are drawn as wide as they are printed.
  document.documentElement.classList.add("printing");
  NS.theme.set(false);
  for (const app of NS.apps.values()) app?.print();
  NS.compare?.plots.forEach((plot) => plot.drawNow());
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("printing");
  NS.theme.set(wasDark);
  for (const app of NS.apps.values()) app?.everything();
  NS.compare?.plots.forEach((plot) => plot.refresh());
});
const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 500));
NS.started = NS.start().catch((error) => {
  const old = typeof DecompressionStream === "undefined";
  document.getElementById("content").prepend(NS.el("p", { class: "note", role: "alert" }, old ? "This browser is too old to unpack the report's data; the tables and first pictures below are complete." : `The interactive part of this report could not start: ${error.message}`));
  throw error;
}).then(() => {
  NS.live();
  whenIdle(() => { for (const app of NS.apps.values()) app?.warm(); });
});
