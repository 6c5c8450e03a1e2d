// The picture of a figure: its marks are moved, its texts read aloud, what went wrong is said.

import { bytesOf } from "../answers/bytes.js";
import { veilOver } from "../guess/veil.js";
import { mover } from "./movers.js";
import { numbersOf } from "./numbers.js";

const QUIET = 500; // ms without a new picture before the texts of this one are read aloud

/** The picture in a figure's element: show(values, hidden) moves it, complain(problem) says why
 * not, and `numbers` is an element that tells its numbers to whoever unfolds it. */
export function pictureOf(root, { prefix, marks }) {
  const error = root.querySelector(".live-error");
  const note = root.querySelector(".live-note");
  const homes = marks.map((mark) => root.querySelector(`[id="${prefix}-${mark.id}"]`));
  const movers = marks.map((mark, i) => {
    if (mark.lut) mark.table = bytesOf(mark.lut);
    return mover(homes[i], mark);
  });
  const veiled = veilOver(marks);
  let shown = [];
  const numbers = numbersOf(root.querySelector(".live-picture"), marks, homes);
  let quiet = 0;
  let pictures = 0;
  const counted = () => {
    pictures += 1;
    root.dataset.pictures = pictures; // for whoever waits for the next
  };
  return {
    numbers: numbers.list,
    show(values, hidden) {
      const { drawn, seen, text } = veiled(values, hidden);
      for (const [i, move] of movers.entries()) if (drawn[i] !== shown[i]) move(drawn[i]);
      shown = drawn;
      numbers.show(seen);
      error.hidden = true;
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        note.textContent = text;
      }, QUIET);
      counted();
    },
    complain(problem) {
      error.textContent = problem.message || String(problem);
      error.hidden = false;
      counted();
    },
  };
}
