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
      input.value = Math.round(partBelow(spec, v) * spec.positions);
      show();
    },
  };
}

// The same formula as Slider.at in controls.py.
function valueAt({ low, high, log, positions }, position) {
  const part = position / positions;
  return log ? low * (high / low) ** part : low + (high - low) * part;
}

function partBelow({ low, high, log }, v) {
  return log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low);
}
