// Scatters: points, and the colours that a third column gives them.

import { colour } from "./image.js";
import { placeIn, seen } from "./places.js";
import { eachRow, expect } from "./values.js";

/** For each point in sight: its place, size and style, and its colour where it has its own. */
export function points(mark, value) {
  const width = value.shape[1];
  const fits = value.shape.length === 2 && (width === 2 || width === 3);
  expect(fits, mark, value, "a scatter takes (n, 2) or (n, 3)");
  const coloured = mark.lut && width === 3;
  const all = eachRow(value, (a, b, c) => {
    const [x, y] = placeIn(mark, a, b);
    return { x, y, rgb: coloured ? colour(mark, c) : null };
  });
  const styled = all.map((point, i) => ({
    ...point,
    scale: mark.sizes[i % mark.sizes.length],
    style: mark.fills[i % mark.fills.length],
  }));
  return styled.filter(({ x, y }) => seen(x, y));
}
