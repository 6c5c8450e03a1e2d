// What a reader answers with, by kind: a slider or a line on axes, options, a place, a stroke.

import { clamped, element } from "../controls/elements.js";
import { dragged, partsWithin } from "../controls/hands.js";
import { pad } from "../controls/pad.js";
import { slider } from "../controls/slider.js";
import { valueAt } from "../marks/places.js";
import { curve } from "./curve.js";

/**
 * Hands by kind: functions (guess, mark, box, changed) to {elements, overlay, value(), lacks()}.
 *
 * An overlay lies on the box of the axes of the guess's mark, where it has one. lacks() says
 * what is still to be given.
 */
export const HANDS = { number, choice, point, curve };

const LEVELS = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99];

function number(guess, mark, box, changed) {
  const label = `Your guess${guess.unit && ` (${guess.unit})`}`;
  const held = slider({ ...guess, kind: "slider", name: null, label }, changed);
  held.put([guess.log ? Math.sqrt(guess.low * guess.high) : (guess.low + guess.high) / 2]);
  const overlay = mark && element("div", { class: `live-stroke ${guess.axis}` });
  if (mark) {
    const [k, scale, from, size] =
      guess.axis === "x" ? [0, mark.sx, box.x, box.width] : [1, mark.sy, box.y, box.height];
    dragged(overlay, (event) => {
      const v = valueAt(scale, from + size * partsWithin(overlay, event)[k]);
      held.put([clamped(v, guess.low, guess.high)]);
      changed();
    });
  }
  return { elements: [held.element], overlay, value: () => held.value()[0], lacks: none };
}

function choice({ options, question }) {
  const name = `live-guess-${Math.random().toString(36).slice(2)}`; // theirs alone on the page
  const inputs = options.map((_, i) => element("input", { type: "radio", name, value: i }));
  const labels = options.map((option, i) => element("label", {}, inputs[i], option));
  const n = options.length;
  const levels = [1 / n, ...LEVELS.filter((p) => p > 1 / n + 0.01)];
  const says = (p, i) => `${Math.round(100 * p)} %${i ? "" : ", no idea"}`;
  const named = levels.map((p, i) => element("option", { value: p }, says(p, i)));
  const sure = element("select", {}, element("option", { value: "" }, "choose"), ...named);
  const chosen = () => inputs.findIndex((input) => input.checked);
  return {
    elements: [
      element("div", { class: "live-list", role: "radiogroup", "aria-label": question }, ...labels),
      element("label", {}, "How sure are you? ", sure),
    ],
    value: () => ({ option: chosen(), sure: Number(sure.value) }),
    lacks: () => {
      if (chosen() < 0) return "Choose an answer first.";
      return sure.value ? "" : "Say how sure you are.";
    },
  };
}

function point({ limits }, mark, _, changed) {
  const [x, y] = limits.map((ends) => ends.toSorted((a, b) => a - b));
  let moved = false;
  const spec = { kind: "pad", name: null, label: "Your guess", x, y };
  const held = pad(
    spec,
    () => {
      moved = true;
      changed();
    },
    mark,
  );
  held.put([(x[0] + x[1]) / 2, (y[0] + y[1]) / 2]);
  const lacks = () => (moved ? "" : "Drag the disc, or move it by the arrow keys.");
  const value = () => Array.from(held.value());
  const hint = element("span", {}, "Drag the disc in the picture.");
  return { elements: [hint, held.element], overlay: held.overlay, value, lacks };
}

const none = () => "";
