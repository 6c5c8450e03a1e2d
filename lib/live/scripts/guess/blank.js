// What stands in the picture in place of a mark that is not to be seen yet.

import { draw } from "../marks/draw.js";

const FIELD = /\{[^}]*\}/g;

/** A mark without its numbers: a text with open fields, of all else nothing. */
export function blank(mark, { shape, data }) {
  if (mark.kind === "text") return mark.template.replace(FIELD, "…");
  return draw(mark, { shape, data: new Float64Array(data.length).fill(Number.NaN) });
}
