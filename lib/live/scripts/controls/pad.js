// A pad: a point in a plane, dragged in a square of its own or on the axes of a mark.

import { brief, clamped, element, printed, single } from "./elements.js";
import { ARROWS, dragged, partsWithin } from "./hands.js";

/** A point for the spec, on the mark `over` if there is one; calls changed() when it moves. */
export function pad(spec, changed, over) {
  const axes = [axis(spec.x, over ? over.sx : [1]), axis(spec.y, over ? over.sy : [-1])];
  const values = new Float64Array(2);
  const knob = element("div", {
    class: "live-knob",
    role: "slider",
    tabindex: 0,
    "aria-label": spec.label,
    "aria-valuemin": spec.x[0],
    "aria-valuemax": spec.x[1],
  });
  const area = element("div", { class: over ? "live-pad over" : "live-pad" }, knob);
  const output = printed();
  const put = (point) => {
    axes.forEach(({ low, high }, k) => {
      values[k] = clamped(point[k], low, high);
    });
    show(knob, output, axes, values);
  };

  dragged(area, (event, first) => {
    if (first) knob.focus({ preventScroll: true });
    const parts = partsWithin(area, event);
    put(axes.map((a, k) => a.at(parts[k])));
    changed();
  });
  knob.addEventListener("keydown", (event) => {
    const steps = ARROWS[event.key];
    if (!steps) return;
    const times = event.shiftKey ? 5 : 1;
    put(axes.map((a, k) => values[k] + a.sign * steps[k] * times * (spec.step ?? a.step)));
    event.preventDefault();
    changed();
  });

  const label = element("div", { class: "live-label" }, spec.label, output);
  return {
    element: single(spec, label, ...(over ? [] : [area])),
    overlay: over ? area : null,
    value: () => values,
    put,
  };
}

// A range on an axis of the screen, against which it runs where the slope is negative.
function axis([low, high], [slope]) {
  const against = slope < 0;
  const flip = (part) => (against ? 1 - part : part);
  return {
    low,
    high,
    step: (high - low) / 25,
    sign: against ? -1 : 1,
    at: (part) => low + flip(part) * (high - low),
    part: (v) => flip((v - low) / (high - low)),
  };
}

function show(knob, output, axes, values) {
  const [x, y] = values;
  const short = (v) => brief(Number(v.toPrecision(3)));
  knob.style.left = `${100 * axes[0].part(x)}%`;
  knob.style.top = `${100 * axes[1].part(y)}%`;
  knob.setAttribute("aria-valuenow", x);
  knob.setAttribute("aria-valuetext", `x ${brief(x)}, y ${brief(y)}`);
  output.textContent = `${short(x)}, ${short(y)}`;
}
