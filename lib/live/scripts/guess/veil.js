// What is drawn of a picture, and told, while some of its marks are not to be seen.

import { draw } from "../marks/draw.js";

const FIELD = /\{[^}]*\}/g;

/** {drawn, seen, text}: each mark as it is drawn, the values that are seen, the texts to read. */
export function veiled(marks, values, hidden = []) {
  const seen = { ...values };
  for (const name of hidden) delete seen[name];
  const isSeen = ({ name }) => name in seen;
  const drawn = marks.map((mark) => (isSeen(mark) ? draw : blank)(mark, values[mark.name]));
  const texts = drawn.filter((d, i) => typeof d === "string" && isSeen(marks[i]));
  return { drawn, seen, text: texts.join("; ") };
}

// A template that is nothing but fields leaves nothing.
const open = (template) =>
  /\p{L}/u.test(template.replace(FIELD, "")) ? template.replace(FIELD, "…") : "";

// A mark without its numbers: a text with open fields, of all else nothing.
function blank(mark, { shape, data }) {
  if (mark.kind === "text") return open(mark.template);
  return draw(mark, { shape, data: new Float64Array(data.length).fill(Number.NaN) });
}
