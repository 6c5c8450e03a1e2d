// Controls that lie over the picture: a mask on its image, a pad on a mark's axes.

import { boxIn } from "../marks/places.js";

/** The mark on whose axes a control lies; undefined where it stands under the picture. */
export function markUnder(spec, control) {
  return control.on ? spec.marks.find((mark) => mark.name === control.on && mark.sx) : undefined;
}

/** Lay an overlay where its control belongs, in parts of the picture's size. */
export function layOver(overlay, control, mark, picture) {
  const [xs, ys] =
    control.kind === "mask"
      ? [mark.extent.slice(0, 2), mark.extent.slice(2)]
      : [control.x, control.y];
  const view = picture.querySelector("svg").viewBox.baseVal;
  const box = boxIn(mark, xs, ys);
  const percent = (length, whole) => `${(100 * length) / whole}%`;
  overlay.style.left = percent(box.x - view.x, view.width);
  overlay.style.top = percent(box.y - view.y, view.height);
  overlay.style.width = percent(box.width, view.width);
  overlay.style.height = percent(box.height, view.height);
}
