// Where numbers lie in the picture, and whether they can be seen at all.

/** The place [x, y] in the picture of a point in a mark's own axes. */
export function placeIn(mark, x, y) {
  return [placeOn(mark.sx, x), placeOn(mark.sy, y)];
}

/** The place of v on an axis [slope, offset, whether it is logarithmic]. */
export function placeOn([slope, offset, log], v) {
  return slope * (log ? Math.log10(v) : v) + offset;
}

/** The value at a place on an axis. */
export function valueAt([slope, offset, log], place) {
  const v = (place - offset) / slope;
  return log ? 10 ** v : v;
}

/** Corner and size {x, y, width, height} in the picture of the box between two points. */
export function boxIn(mark, [x1, x2], [y1, y2]) {
  const [a, b] = placeIn(mark, x1, y1);
  const [c, d] = placeIn(mark, x2, y2);
  return { x: Math.min(a, c), y: Math.min(b, d), width: Math.abs(c - a), height: Math.abs(d - b) };
}

/** Whether all numbers are finite; what is not is not drawn. */
export function seen(...numbers) {
  return numbers.every(Number.isFinite);
}
