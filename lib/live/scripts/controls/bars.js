// Bars: a row of numbers, each dragged up and down.

import { brief, clamped, element, group } from "./elements.js";
import { ARROWS, dragged, focusOne, partsWithin } from "./hands.js";

/** A row of bars for the spec; calls changed() when a hand moves one. */
export function bars(spec, changed) {
  const { n, low, high } = spec;
  const values = new Float64Array(n);
  const cells = Array.from({ length: n }, (_, i) => bar(spec, i));
  const row = element("div", { class: "live-bars" }, ...cells);
  const set = (i, v) => {
    values[i] = clamped(v, low, high);
    show(cells[i], values[i], spec);
  };

  dragged(row, (event, first) => {
    const i = nearest(cells, event);
    if (first) focusOne(cells, i);
    set(i, high - (high - low) * partsWithin(cells[i], event)[1]);
    changed();
  });
  cells.forEach((cell, i) => {
    cell.addEventListener("keydown", (event) => {
      const across = ARROWS[event.key]?.[0];
      const to = pressedTo(event.key, values[i], spec);
      if (across) focusOne(cells, clamped(i + across, 0, n - 1));
      else if (to !== undefined) set(i, to);
      else return;
      event.preventDefault();
      changed();
    });
  });
  return {
    element: group(spec, row),
    value: () => values,
    put(numbers) {
      for (const [i, v] of numbers.entries()) set(i, v);
    },
  };
}

function bar(spec, i) {
  const name = String(spec.labels ? spec.labels[i] : i);
  const attributes = {
    class: "live-bar",
    role: "slider",
    tabindex: i ? -1 : 0,
    style: `width: max(1.6rem, ${name.length * 0.45}rem)`,
    "aria-orientation": "vertical",
    "aria-valuemin": spec.low,
    "aria-valuemax": spec.high,
    "aria-label": `${spec.label}, ${name}`,
  };
  const [fill, edge] = [element("i"), element("b")];
  return element("div", attributes, fill, edge, element("span", {}, name));
}

// The bar reaches from zero, or from the end that is nearest to it.
function show(cell, value, { low, high }) {
  const [fill, edge] = cell.children;
  const zero = clamped(0, low, high);
  const fromTop = (v) => `${(100 * (high - v)) / (high - low)}%`;
  fill.style.top = fromTop(Math.max(value, zero));
  fill.style.bottom = `calc(100% - ${fromTop(Math.min(value, zero))})`;
  edge.style.top = fromTop(value);
  cell.setAttribute("aria-valuenow", brief(value));
}

// The value to which a key moves a bar; undefined where it moves none.
function pressedTo(key, value, { low, high }) {
  const step = (high - low) / 20;
  const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 4, PageDown: -4 }[key];
  return steps ? value + steps * step : { Home: low, End: high }[key];
}

// They may stand in several rows.
function nearest(cells, { clientX, clientY }) {
  const distances = cells.map((cell) => {
    const box = cell.getBoundingClientRect();
    const beyond = Math.max(box.top - clientY, clientY - box.bottom, 0);
    return Math.abs(clientX - (box.left + box.right) / 2) + 9 * beyond;
  });
  return distances.indexOf(Math.min(...distances));
}
