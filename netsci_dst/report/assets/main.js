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
addEventListener("beforeprint", () => { wasDark = NS.theme.dark; NS.theme.set(false); });
addEventListener("afterprint", () => NS.theme.set(wasDark));
NS.started = NS.start().then(() => NS.live());
