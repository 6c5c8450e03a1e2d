// Lines, areas, bars and boxes: marks that are paths.

import { placeIn, seen } from "./places.js";
import { eachRow, expect } from "./values.js";

/** A line: the heights of its points, or the points themselves. Also those with a marker. */
export function line(mark, value) {
  const n = mark.x.length;
  const free = value.shape.length === 2;
  const fits = free ? value.shape[1] === 2 : value.shape.length === 1 && value.shape[0] === n;
  expect(fits, mark, value, `a line takes (${n},) heights or (m, 2) points`);
  const points = free
    ? eachRow(value, (x, y) => placeIn(mark, x, y))
    : mark.x.map((x, i) => placeIn(mark, x, value.data[i]));
  return { d: pathThrough(points), points: mark.marker ? points.filter((p) => seen(...p)) : [] };
}

/** The area between two edges, or between one and where it stood; nan parts it. */
export function area(mark, value) {
  const n = mark.x.length;
  expect(value.shape[0] === n, mark, value, `an area takes (${n},) or (${n}, 2)`);
  const both = value.shape.length === 2;
  const parts = [];
  let part = { upper: [], lower: [] };
  for (let i = 0; i < n; i++) {
    const low = both ? value.data[2 * i] : mark.base[i];
    const high = both ? value.data[2 * i + 1] : value.data[i];
    if (seen(low, high)) {
      part.upper.push(placeIn(mark, mark.x[i], high));
      part.lower.unshift(placeIn(mark, mark.x[i], low));
    } else {
      parts.push(part);
      part = { upper: [], lower: [] };
    }
  }
  const closed = ({ upper, lower }) => `${pathThrough([...upper, ...lower])}Z`;
  const drawn = [...parts, part].filter(({ upper }) => upper.length);
  return { d: drawn.map(closed).join("") };
}

/** A path for each bar, which reaches from its base as far as its value says. */
export function bars(mark, value) {
  const n = mark.spans.length;
  const fits = value.shape.length === 1 && value.shape[0] === n;
  expect(fits, mark, value, `the bars take (${n},)`);
  const log = (mark.upright ? mark.sy : mark.sx)[2];
  return mark.spans.map(([side, otherSide, base], i) => {
    const start = log && base <= 0 ? BOTTOM : base;
    const end = base + value.data[i];
    return mark.upright
      ? boxPath(mark, side, start, otherSide, end)
      : boxPath(mark, start, side, end, otherSide);
  });
}

const BOTTOM = 1e-30; // where bars begin that a logarithmic axis would have begin at zero

/** A rectangle between two corners. */
export function box(mark, value) {
  expect(value.data.length === 4, mark, value, "a rectangle takes (4,): x1, y1, x2, y2");
  return { d: boxPath(mark, ...value.data) };
}

function boxPath(mark, x1, y1, x2, y2) {
  const corners = [...placeIn(mark, x1, y1), ...placeIn(mark, x2, y2)];
  if (!seen(...corners)) return "";
  const [a, b, c, d] = corners.map(short);
  return `M${a} ${b}L${c} ${b}L${c} ${d}L${a} ${d}Z`;
}

// nan lifts the pen
function pathThrough(points) {
  let path = "";
  let down = false;
  for (const [x, y] of points) {
    const visible = seen(x, y);
    if (visible) path += `${down ? "L" : "M"}${short(x)} ${short(y)}`;
    down = visible;
  }
  return path;
}

const FAR = 1e7; // what lies farther out is not in sight, and SVG takes no 1e21
const short = (v) => (Math.round(Math.max(Math.min(v, FAR), -FAR) * 100) / 100).toString();
