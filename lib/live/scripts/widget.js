// A figure in JupyterLab, as anywidget shows it: the notebook's kernel answers.

import { lineTo } from "./answers/kernel.js";
import { heedLinks } from "./figure/links.js";
import { mount } from "./figure/mount.js";
import { modelKeeper } from "./guess/model.js";
import { fill } from "./guess/table.js";

/** Show the figure of a widget's model in the element, or its guesses; returns what ends it. */
export function render({ model, el }) {
  const keeper = modelKeeper(model);
  if (!model.get("opening")) {
    el.dataset.shows = model.get("shows");
    fill(el, keeper, model.get("page"));
    return keeper.end;
  }
  heedLinks();
  const { html, spec } = model.get("opening");
  const prefix = `live-${Math.random().toString(36).slice(2)}`; // each view has its own ids
  const line = lineTo(model);
  el.innerHTML = html.replaceAll(spec.prefix, prefix);
  const root = el.querySelector("figure.live");
  mount(root, { ...spec, prefix }, line.answer, undefined, keeper);
  return () => {
    line.hangUp();
    keeper.end();
  };
}
