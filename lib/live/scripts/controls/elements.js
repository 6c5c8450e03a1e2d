// What all controls are made of: elements, labels, numbers as they are printed.

import { format } from "../marks/text.js";

/** An HTML element; attributes that are null or false are left out, true ones are empty. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** A control of one handle: its label, then what is given. */
export function single(spec, label, ...children) {
  const attributes = { class: `live-control ${spec.kind}`, "data-control": spec.name };
  return element("div", attributes, label, ...children);
}

/** A control of several handles: a group that carries the label. */
export function group(spec, ...children) {
  const attributes = { class: `live-control ${spec.kind}`, "data-control": spec.name };
  const legend = element("legend", { class: "live-label" }, spec.label);
  return element("fieldset", attributes, legend, ...children);
}

/** Where a control prints its value; the handle says it, so that it is heard once. */
export function printed() {
  return element("span", { class: "live-value", "aria-hidden": "true" });
}

/** A small button. */
export function tool(attributes, text, pressed) {
  const button = element("button", { type: "button", ...attributes }, text);
  button.addEventListener("click", pressed);
  return button;
}

/** A number in few digits. */
export function brief(v) {
  return Number.isInteger(v) ? String(v) : format("{:.3g}", [v]);
}

/** v, or the end of the range that it is beyond. */
export function clamped(v, low, high) {
  return Math.min(Math.max(v, low), high);
}
