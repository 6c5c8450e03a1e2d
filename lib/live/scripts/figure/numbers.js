// The numbers of a picture for whoever asks: under the pointer, by arrow keys, all in a list.

import { element } from "../controls/elements.js";
import { seen } from "../marks/places.js";
import { placesOf, saidAt, toldBy } from "../marks/spots.js";
import { clipOf } from "./panels.js";
import { walkOver } from "./walk.js";

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
    const seen = marks.filter((mark) => mark.name in values);
    const said = seen.map((mark) => [mark.name, toldBy(mark, values[mark.name])]);
    const rows = said.filter(([, words]) => words);
    body.replaceChildren(
      ...rows.flatMap(([name, words]) => [
        element("dt", {}, name.replaceAll("_", " ")),
        element("dd", {}, words),
      ]),
    );
  };
  const show = (words, x, y) => {
    note.hidden = !words;
    if (!words) return;
    const { left, top, width } = picture.getBoundingClientRect();
    note.textContent = words;
    const half = note.offsetWidth / 2;
    const middle = Math.min(Math.max(x - left, half), width - half);
    note.style.translate = `${middle - half}px ${y - top - note.offsetHeight - 10}px`;
  };
  const point = (event) => {
    const dragging = event.type === "pointermove" && event.buttons;
    show(dragging ? undefined : wordsAt(event), event.clientX, event.clientY);
  };
  const saidIn = (i, x, y, reach) =>
    isIn(homes[i], x, y) && saidAt(marks[i], values[marks[i].name], [x, y], reach);
  // What is drawn last lies on top.
  const wordsAt = ({ clientX, clientY }) => {
    for (let i = marks.length - 1; i >= 0; i--) {
      const matrix = homes[i].getScreenCTM();
      if (!values[marks[i].name] || !matrix) continue;
      const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse());
      const words = saidIn(i, x, y, REACH / matrix.a);
      if (words) return words;
    }
    return undefined;
  };
  const listsOf = () =>
    marks.flatMap((mark, i) => {
      if (!values[mark.name]) return [];
      const { columns, places } = placesOf(mark, values[mark.name]);
      const spots = places.filter((place) => seen(...place)).map((place) => ({ i, place }));
      return spots.length ? [{ name: mark.name.replaceAll("_", " "), columns, spots }] : [];
    });
  const walk = walkOver(listsOf, (spot) => {
    if (!spot) return show();
    const { x, y } = new DOMPoint(...spot.place).matrixTransform(homes[spot.i].getScreenCTM());
    const words = saidIn(spot.i, ...spot.place, 1) || "out of sight";
    show(words, x, y);
    note.scrollIntoView({ block: "nearest", inline: "nearest" });
    return words;
  });
  for (const kind of ["pointermove", "pointerdown"]) picture.addEventListener(kind, point);
  picture.addEventListener("pointerleave", () => {
    note.hidden = true;
  });
  picture.append(walk, note);
  list.addEventListener("toggle", told);
  return {
    list,
    show(newest) {
      values = newest;
      walk.hidden &&= !listsOf().length;
      if (list.open) told();
    },
  };
}

// Whether a place is in the axes to which a mark is clipped.
function isIn(home, x, y) {
  const clip = clipOf(home);
  return !clip || (clip.left <= x && x <= clip.right && clip.top <= y && y <= clip.bottom);
}
