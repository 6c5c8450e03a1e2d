// A page's figures come to life where they stand, without a kernel and without a network.

import { tabulated } from "./answers/frames.js";
import { learning } from "./answers/learning.js";
import { constant, store } from "./answers/store.js";
import { traced } from "./answers/traced.js";
import { flow } from "./figure/flow.js";
import { copier, heedLinks, openAt } from "./figure/links.js";
import { mount } from "./figure/mount.js";
import { asker, keeper, pageName } from "./guess/keep.js";
import { fill } from "./guess/table.js";

const nextFrame = () => new Promise((done) => requestAnimationFrame(done));

function answerer(spec) {
  if (spec.run) return learning(spec, constant);
  const valuesFor = spec.frames ? tabulated(spec) : traced(spec, constant);
  return (controls) => ({ values: valuesFor(controls) });
}

function mountAll() {
  for (const script of document.querySelectorAll("script.live-store")) {
    store(JSON.parse(script.textContent));
  }
  for (const root of document.querySelectorAll("figure.live")) {
    const script = root.querySelector("script.live-spec");
    if (!script) continue;
    const spec = JSON.parse(script.textContent);
    const state = mount(root, spec, answerer(spec), nextFrame, asker());
    root.querySelector(".live-reset")?.after(copier(root, state));
  }
  for (const svg of document.querySelectorAll(".live-still svg")) flow(svg, svg);
  for (const place of document.querySelectorAll(".live-guesses")) fill(place, keeper, pageName());
  heedLinks();
  openAt(location.hash);
  addEventListener("hashchange", () => openAt(location.hash));
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
else mountAll();
