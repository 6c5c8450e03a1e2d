// The picture of a figure: its marks are moved, its texts read aloud, what went wrong is said.

import { bytesOf } from "../answers/bytes.js";
import { draw } from "../marks/draw.js";
import { mover } from "./movers.js";

const QUIET = 500; // ms without a new picture before the texts of this one are read aloud

/** The picture in a figure's element: show(values) moves it, complain(problem) says why not. */
export function pictureOf(root, { prefix, marks }) {
  const error = root.querySelector(".live-error");
  const note = root.querySelector(".live-note");
  const movers = marks.map((mark) => {
    if (mark.lut) mark.table = bytesOf(mark.lut);
    return mover(root.querySelector(`[id="${prefix}-${mark.id}"]`), mark);
  });
  let quiet = 0;
  let pictures = 0;
  const counted = () => {
    pictures += 1;
    root.dataset.pictures = pictures; // for whoever waits for the next
  };
  return {
    show(values) {
      const drawn = marks.map((mark) => draw(mark, values[mark.name]));
      for (const [i, move] of movers.entries()) move(drawn[i]);
      error.hidden = true;
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        note.textContent = drawn.filter((d) => typeof d === "string").join("; ");
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
