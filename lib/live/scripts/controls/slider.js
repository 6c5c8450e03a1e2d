// A slider: one number, over evenly spaced positions.

import { brief, element, printed, single } from "./elements.js";

/** A slider for the spec; calls changed() when a hand moves it. */
export function slider(spec, changed) {
  const input = element("input", {
    type: "range",
    min: 0,
    max: spec.positions,
    step: 1,
    "aria-label": spec.label,
  });
  const output = printed();
  const position = () => Number(input.value);
  const value = () => valueAt(spec, position());
  const show = () => {
    output.textContent = brief(Number(value().toPrecision(6)));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    show();
    changed();
  });
  const label = element("label", { class: "live-label" }, spec.label, output);
  return {
    element: single(spec, label, input),
    position,
    value: () => [value()],
    put([v]) {
      input.value = Math.round(positionOf(spec, v));
      show();
    },
  };
}

function valueAt({ knots, log }, position) {
  const found = between(position, ...knots);
  return log ? Math.exp(found) : found;
}

function positionOf({ knots: [places, numbers], log }, value) {
  return between(log ? Math.log(value) : value, numbers, places);
}

// Straight lines from knot to knot, as Slider.at in slider.py has them.
function between(x, from, to) {
  const k = from.length > 2 && x > from[1] ? 1 : 0;
  const part = (x - from[k]) / (from[k + 1] - from[k]);
  return to[k] + (to[k + 1] - to[k]) * part;
}
