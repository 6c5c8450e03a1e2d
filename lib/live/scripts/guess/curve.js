// A curve drawn by hand over axes: by a stroke, or by keys that move a handful of handles.

import { brief, clamped, element } from "../controls/elements.js";
import { ARROWS, dragged, partsWithin } from "../controls/hands.js";
import { placeOn, valueAt } from "../marks/places.js";

const HANDLES = 9;
const STEPS = 40; // of a key, from the foot of the axes to their top

/** A hand for the heights of a mark's line, as hands.js says. */
export function curve(_, mark, box, changed) {
  const across = mark.x.map((v) => (placeOn(mark.sx, v) - box.x) / box.width); // 0 to 1
  const inside = across.flatMap((part, i) => (part >= 0 && part <= 1 ? [i] : []));
  const order = inside.toSorted((a, b) => across[a] - across[b]);
  const handles = handlesIn(order);
  const heights = across.map(() => 0.5); // parts of the box, downwards
  let drawn = false;
  let held = 0; // which handle the keys move
  const knob = element("div", { class: "live-knob", role: "slider", tabindex: 0 });
  knob.setAttribute("aria-label", "Your curve: left and right choose a place, up and down move it");
  const overlay = element("div", { class: "live-stroke" }, knob);
  const heightAt = (i) => valueAt(mark.sy, box.y + heights[i] * box.height);

  const show = () => {
    const i = handles[held];
    knob.style.left = `${100 * across[i]}%`;
    knob.style.top = `${100 * heights[i]}%`;
    knob.setAttribute("aria-valuenow", heightAt(i));
    const [x, y] = [mark.x[i], heightAt(i)].map((v) => brief(Number(v.toPrecision(3))));
    knob.setAttribute("aria-valuetext", `x ${x}, height ${y}`);
    changed();
  };
  const between = ([x1, y1], [x2, y2]) => {
    for (const i of order) {
      const part = x1 === x2 ? 1 : (across[i] - x1) / (x2 - x1);
      if (part >= 0 && part <= 1) heights[i] = y1 + part * (y2 - y1);
    }
  };
  let last;
  dragged(overlay, (event, first) => {
    if (first) knob.focus({ preventScroll: true });
    const at = partsWithin(overlay, event);
    between(first ? at : last, at);
    nearest(order, across, at[0], (i) => {
      heights[i] = at[1];
    });
    last = at;
    drawn = true;
    held = handles.indexOf(nearest(handles, across, at[0]));
    show();
  });
  knob.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    held = clamped(held + step[0], 0, handles.length - 1);
    if (step[1]) {
      const i = handles[held];
      const times = event.shiftKey ? 5 : 1;
      heights[i] = clamped(heights[i] + (step[1] * times) / STEPS, 0, 1);
      for (const j of [handles[held - 1], handles[held + 1]]) {
        if (j !== undefined) between([across[i], heights[i]], [across[j], heights[j]]);
      }
      drawn = true;
    }
    event.preventDefault();
    show();
  });
  show();
  return {
    elements: [element("span", {}, "Draw it in the picture, or move its handle by arrow keys.")],
    overlay,
    value: () => across.map((__, i) => (inside.includes(i) ? heightAt(i) : Number.NaN)),
    lacks: () => (drawn ? "" : "Draw the curve in the picture, or move it by the arrow keys."),
  };
}

// A handful of places, evenly apart, with both ends.
function handlesIn(order) {
  const n = Math.min(HANDLES, order.length);
  const at = (k) => order[n > 1 ? Math.round((k * (order.length - 1)) / (n - 1)) : 0];
  return Array.from({ length: n }, (_, k) => at(k));
}

function nearest(some, across, part, found = () => {}) {
  const gaps = some.map((i) => Math.abs(across[i] - part));
  const i = some[gaps.indexOf(Math.min(...gaps))];
  found(i);
  return i;
}
