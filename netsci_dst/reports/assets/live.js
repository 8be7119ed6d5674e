"use strict";
// A live page asks for its version and, when there is a newer one, takes over its content in place.
// What a reader has chosen stands in the address, and so is kept.
NS.live = async () => {
  const badge = document.getElementById("live");
  if (!badge) return;
  let known = null;
  const update = async () => {
    const fresh = new DOMParser().parseFromString(await (await fetch("./")).text(), "text/html");
    const apps = NS.parts();
    if (apps.some((app) => app.playing)) return false;
    const scroll = scrollY;
    apps.forEach((app) => app.destroy());
    for (const block of fresh.querySelectorAll('script[type="application/json"], script[type="text/plain"]')) {
      if (block.id === "plotly-source") continue;
      const old = document.getElementById(block.id);
      if (old) old.textContent = block.textContent;
      else document.body.append(NS.el("script", { type: block.type, id: block.id }, block.textContent));
    }
    const content = document.getElementById("content");
    content.style.minHeight = `${content.offsetHeight}px`;
    content.replaceChildren(...document.adoptNode(fresh.getElementById("content")).childNodes);
    await NS.start();
    scrollTo({ top: scroll, behavior: "instant" });
    content.style.minHeight = "";
    return true;
  };
  const look = async () => {
    try {
      const version = await (await fetch("version")).text();
      if (known === null) known = version;
      if (version !== known && await update()) known = version;
      badge.textContent = "live";
    } catch { badge.textContent = "the server has stopped"; }
    setTimeout(look, 1500);
  };
  look();
};
