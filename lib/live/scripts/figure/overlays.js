// Controls that lie over the picture: a mask on its image, bars on bars, a pad on a mark's axes.

import { boxIn } from "../marks/places.js";

/** The mark on whose axes a control lies; undefined where it stands under the picture. */
export function markUnder(spec, control) {
  return control.on ? spec.marks.find((mark) => mark.name === control.on && mark.sx) : undefined;
}

/** The box {x, y, width, height} in the picture, as it was drawn, on which a control lies. */
export function boxUnder(control, mark) {
  return boxIn(mark, ...SIDES[control.kind](control, mark));
}

// Of what a control lies on, the ends along both axes.
const SIDES = {
  mask: (_, { extent }) => [extent.slice(0, 2), extent.slice(2)],
  pad: ({ x, y }) => [x, y],
  bars({ low, high, n }, { spans, upright }) {
    const middles = spans.map(([a, b]) => (a + b) / 2);
    const half = n > 1 ? (middles[n - 1] - middles[0]) / (n - 1) / 2 : spans[0][1] - middles[0];
    const across = [middles[0] - half, middles[n - 1] + half];
    return upright ? [across, [low, high]] : [[low, high], across];
  },
};

/** Lay an overlay on its box, which moves with `home`, in parts of the picture's size. */
export function layOver(overlay, box, home) {
  const view = home.ownerSVGElement.viewBox.baseVal;
  const shift = home.closest("[data-shift]")?.dataset.shift.split(",").map(Number) ?? [0, 0];
  const percent = (length, whole) => `${(100 * length) / whole}%`;
  overlay.style.left = percent(box.x + shift[0] - view.x, view.width);
  overlay.style.top = percent(box.y + shift[1] - view.y, view.height);
  overlay.style.width = percent(box.width, view.width);
  overlay.style.height = percent(box.height, view.height);
}
