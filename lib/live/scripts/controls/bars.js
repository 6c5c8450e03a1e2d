// Bars: a row of numbers, each dragged up and down, or those that lie in a picture.

import { brief, clamped, element, group, printed, single } from "./elements.js";
import { ARROWS, dragged, focusOne, partsWithin } from "./hands.js";

/** Bars for the spec, on those of the mark `over` if there is one; calls changed() for a hand. */
export function bars(spec, changed, over) {
  const { n, low, high } = spec;
  const values = new Float64Array(n);
  const way = wayOf(over);
  const cells = Array.from({ length: n }, (_, i) => bar(spec, i, over));
  const inOrder = way.step < 0 ? cells.toReversed() : cells;
  const output = printed();
  const row = element("div", { class: "live-bars" }, ...inOrder);
  const set = (i, v) => {
    values[i] = clamped(v, low, high);
    show(cells[i], values[i], spec, way);
  };
  const held = (i, v) => {
    set(i, v);
    output.textContent = `${nameOf(spec, i)}: ${brief(values[i])}`;
    changed();
  };

  dragged(row, (event, first) => {
    const i = nearest(cells, event, way);
    if (first) focusOne(cells, i);
    held(i, low + (high - low) * way.part(partsWithin(cells[i], event)));
  });
  cells.forEach((cell, i) => {
    cell.addEventListener("keydown", (event) => {
      const across = way.across(ARROWS[event.key] ?? [0, 0]);
      const to = pressedTo(event.key, values[i], spec, way);
      if (across) focusOne(cells, clamped(i + across * way.step, 0, n - 1));
      else if (to !== undefined) held(i, to);
      else return;
      event.preventDefault();
    });
  });

  const label = element("div", { class: "live-label" }, spec.label, output);
  if (over) {
    row.classList.add("over", over.upright ? "upright" : "lying");
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", spec.label);
  }
  return {
    element: over ? single(spec, label) : group(spec, row),
    overlay: over ? row : null,
    value: () => values,
    put(numbers) {
      for (const [i, v] of numbers.entries()) set(i, v);
      output.textContent = "drag in the picture";
    },
  };
}

// How bars stand: upright, or lying as their mark does; `step` is -1 where the last comes first.
function wayOf(over) {
  const standing = !over || over.upright;
  const [slope] = over ? (standing ? over.sx : over.sy) : [1];
  return {
    step: slope < 0 ? -1 : 1,
    edge: standing ? "top" : "left",
    more: standing ? "ArrowUp" : "ArrowRight",
    less: standing ? "ArrowDown" : "ArrowLeft",
    across: ([right, down]) => (standing ? right : down),
    part: ([x, y]) => (standing ? 1 - y : x),
    at: (part) => `${100 * (standing ? 1 - part : part)}%`,
  };
}

const nameOf = ({ labels }, i) => String(labels ? labels[i] : i);

// One that lies on a bar of the picture has only an edge to hold.
function bar(spec, i, over) {
  const name = nameOf(spec, i);
  const attributes = {
    class: "live-bar",
    role: "slider",
    tabindex: i ? -1 : 0,
    style: over ? null : `width: max(1.6rem, ${name.length * 0.45}rem)`,
    "aria-orientation": over && !over.upright ? "horizontal" : "vertical",
    "aria-valuemin": spec.low,
    "aria-valuemax": spec.high,
    "aria-label": `${spec.label}, ${name}`,
  };
  const edge = element("b");
  const parts = over ? [edge] : [element("i"), edge, element("span", {}, name)];
  return element("div", attributes, ...parts);
}

// The bar reaches from zero, or from the end that is nearest to it.
function show(cell, value, { low, high }, way) {
  const [edge, fill] = ["b", "i"].map((part) => cell.querySelector(part));
  const zero = clamped(0, low, high);
  const at = (v) => way.at((v - low) / (high - low));
  edge.style[way.edge] = at(value);
  if (fill) {
    fill.style.top = at(Math.max(value, zero));
    fill.style.bottom = `calc(100% - ${at(Math.min(value, zero))})`;
  }
  cell.setAttribute("aria-valuenow", brief(value));
}

// The value to which a key moves a bar; undefined where it moves none.
function pressedTo(key, value, { low, high }, { more, less }) {
  const step = (high - low) / 20;
  const steps = { [more]: 1, [less]: -1, PageUp: 4, PageDown: -4 }[key];
  return steps ? value + steps * step : { Home: low, End: high }[key];
}

// They may stand in several rows.
function nearest(cells, { clientX, clientY }, { edge }) {
  const distances = cells.map((cell) => {
    const { left, right, top, bottom } = cell.getBoundingClientRect();
    if (edge === "left") return Math.abs(clientY - (top + bottom) / 2);
    const beyond = Math.max(top - clientY, clientY - bottom, 0);
    return Math.abs(clientX - (left + right) / 2) + 9 * beyond;
  });
  return distances.indexOf(Math.min(...distances));
}
