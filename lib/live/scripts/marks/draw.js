// What each kind of moving artist looks like for the values that a kernel gave. No DOM here,
// so that tests can compare it with matplotlib.

import { image } from "./image.js";
import { area, bars, box, line } from "./paths.js";
import { points } from "./points.js";
import { format } from "./text.js";

const KINDS = {
  line,
  area,
  bars,
  image,
  points,
  box,
  text: (mark, value) => format(mark.template, value.data),
};

/**
 * What is to be shown of a mark: a text, or attributes of SVG elements.
 *
 * mark: its recipe (recipes.py); value: a tensor. Throws where the value's shape is no fit.
 */
export function draw(mark, value) {
  return KINDS[mark.kind](mark, value);
}
