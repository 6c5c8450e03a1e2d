// The numbers of a picture for whoever asks: those under the pointer, and a list of all.

import { element } from "../controls/elements.js";
import { saidAt, toldBy } from "../marks/spots.js";
import { clipOf } from "./panels.js";

const REACH = 12; // px around a point

/**
 * The numbers of the marks, whose elements are `homes`: {list, show(values)}.
 *
 * `list` folds; a note beside the pointer is put into `picture`.
 */
export function numbersOf(picture, marks, homes) {
  let values = {};
  const body = element("dl");
  const list = element(
    "details",
    { class: "live-numbers" },
    element("summary", {}, "Numbers"),
    body,
  );
  const note = element("div", { class: "live-spot", "aria-hidden": "true", hidden: true });
  const told = () => {
    const said = marks.map((mark) => [mark.name, toldBy(mark, values[mark.name])]);
    const rows = said.filter(([, words]) => words);
    body.replaceChildren(
      ...rows.flatMap(([name, words]) => [
        element("dt", {}, name.replaceAll("_", " ")),
        element("dd", {}, words),
      ]),
    );
  };
  const point = (event) => {
    const dragging = event.type === "pointermove" && event.buttons;
    const words = dragging ? undefined : wordsAt(event);
    note.hidden = !words;
    if (!words) return;
    const { left, top, width } = picture.getBoundingClientRect();
    note.textContent = words;
    const half = note.offsetWidth / 2;
    const x = Math.min(Math.max(event.clientX - left, half), width - half);
    note.style.translate = `${x - half}px ${event.clientY - top - note.offsetHeight - 10}px`;
  };
  // What is drawn last lies on top.
  const wordsAt = ({ clientX, clientY }) => {
    for (let i = marks.length - 1; i >= 0; i--) {
      const value = values[marks[i].name];
      const matrix = homes[i].getScreenCTM();
      if (!value || !matrix) continue;
      const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse());
      const words = isIn(homes[i], x, y) && saidAt(marks[i], value, [x, y], REACH / matrix.a);
      if (words) return words;
    }
    return undefined;
  };
  for (const kind of ["pointermove", "pointerdown"]) picture.addEventListener(kind, point);
  picture.addEventListener("pointerleave", () => {
    note.hidden = true;
  });
  picture.append(note);
  list.addEventListener("toggle", told);
  return {
    list,
    show(newest) {
      values = newest;
      if (list.open) told();
    },
  };
}

// Whether a place is in the axes to which a mark is clipped.
function isIn(home, x, y) {
  const clip = clipOf(home);
  return !clip || (clip.left <= x && x <= clip.right && clip.top <= y && y <= clip.bottom);
}
