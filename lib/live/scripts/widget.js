// A figure in JupyterLab, as anywidget shows it: the notebook's kernel answers.

import { lineTo } from "./answers/kernel.js";
import { heedLinks } from "./figure/links.js";
import { mount } from "./figure/mount.js";

/** Show the figure of a widget's model in the element; returns what ends it. */
export function render({ model, el }) {
  heedLinks();
  const { html, spec } = model.get("opening");
  const prefix = `live-${Math.random().toString(36).slice(2)}`; // each view has its own ids
  const line = lineTo(model);
  el.innerHTML = html.replaceAll(spec.prefix, prefix);
  mount(el.querySelector("figure.live"), { ...spec, prefix }, line.answer);
  return line.hangUp;
}
