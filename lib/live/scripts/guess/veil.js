// What is drawn of a picture, and told, while some of its marks are not to be seen.

import { draw } from "../marks/draw.js";
import { alike } from "../marks/values.js";

const FIELD = /\{[^}]*\}/g;

/**
 * A function (values, hidden) to {drawn, seen, text}: each mark as it is drawn, the values that
 * are seen, the texts to read. What has not changed is the same drawing again, not an equal one.
 */
export function veilOver(marks) {
  const drawings = marks.map(drawing);
  return (values, hidden = []) => {
    const seen = { ...values };
    for (const name of hidden) delete seen[name];
    const isSeen = ({ name }) => name in seen;
    const drawn = marks.map((mark, i) => drawings[i](values[mark.name], isSeen(mark)));
    const texts = drawn.filter((d, i) => typeof d === "string" && isSeen(marks[i]));
    // What has neither letter nor digit only lays a text out.
    return { drawn, seen, text: texts.filter((d) => /\w/.test(d)).join("; ") };
  };
}

function drawing(mark) {
  let last;
  return (value, isSeen) => {
    if (last?.isSeen !== isSeen || !alike(value, last.value)) {
      last = { value, isSeen, drawn: (isSeen ? draw : blank)(mark, value) };
    }
    return last.drawn;
  };
}

// A template that is nothing but fields leaves nothing.
const open = (template) =>
  /\p{L}/u.test(template.replace(FIELD, "")) ? template.replace(FIELD, "…") : "";

// A mark without its numbers: a text with open fields, of all else nothing.
function blank(mark, { shape, data }) {
  if (mark.kind === "text") return open(mark.template);
  return draw(mark, { shape, data: new Float64Array(data.length).fill(Number.NaN) });
}
