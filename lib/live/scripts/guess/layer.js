// A guess in the picture: a dashed line, a ring or a dashed curve, with a word beside it.

import { placeIn, placeOn, seen } from "../marks/places.js";

const WORD = "your guess";

/** A function that draws a guess in the axes of a mark, and the group in which it does. */
export function layerOver(guess, mark, home, box) {
  const made = (name) => document.createElementNS(home.namespaceURI, name);
  const group = made("g");
  const path = made("path");
  const word = made("text");
  group.setAttribute("class", "live-guessed");
  word.textContent = WORD;
  group.append(path, word);
  home.parentNode.append(group);
  const show = (value) => {
    const { d, at, end } = SHAPES[guess.kind](guess, mark, box, value);
    path.setAttribute("d", d);
    word.setAttribute("x", at[0]);
    word.setAttribute("y", Math.max(at[1], box.y + 8));
    word.setAttribute("text-anchor", end ? "end" : "start");
  };
  return { group, show };
}

const SHAPES = {
  number({ axis }, mark, { x, y, width, height }, value) {
    if (axis === "y") {
      const v = placeOn(mark.sy, value);
      return { d: `M${x} ${v}h${width}`, at: [x + 3, v - 4] };
    }
    const v = placeOn(mark.sx, value);
    const end = v > x + width / 2;
    return { d: `M${v} ${y}v${height}`, at: [v + (end ? -4 : 4), y + 9], end };
  },
  point(_, mark, { x, width }, value) {
    const [px, py] = placeIn(mark, ...value);
    const end = px > x + width / 2;
    const d = `M${px - 6} ${py}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0`;
    return { d, at: [px + (end ? -9 : 9), py - 5], end };
  },
  curve(_, mark, { x, width }, value) {
    const points = mark.x
      .map((v, i) => placeIn(mark, v, value[i] ?? Number.NaN))
      .filter((p) => seen(...p));
    const d = points.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`);
    const [px, py] = points.find(([at]) => at > x + width / 20) ?? points[0];
    return { d: d.join(""), at: [px, py - 5] };
  },
};
