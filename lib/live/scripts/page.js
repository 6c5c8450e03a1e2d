// A page's figures come to life where they stand, without a kernel and without a network.

import { tabulated } from "./answers/frames.js";
import { store } from "./answers/store.js";
import { traced } from "./answers/traced.js";
import { flow } from "./figure/flow.js";
import { mount } from "./figure/mount.js";

const nextFrame = () => new Promise((done) => requestAnimationFrame(done));

function mountAll() {
  for (const script of document.querySelectorAll("script.live-store")) {
    store(JSON.parse(script.textContent));
  }
  for (const root of document.querySelectorAll("figure.live")) {
    const script = root.querySelector("script.live-spec");
    if (!script) continue;
    const spec = JSON.parse(script.textContent);
    mount(root, spec, spec.frames ? tabulated(spec) : traced(spec), nextFrame);
  }
  for (const svg of document.querySelectorAll(".live-still svg")) flow(svg, svg);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
else mountAll();
