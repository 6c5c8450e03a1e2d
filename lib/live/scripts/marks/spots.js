// The numbers of a mark in words: those at one place of the picture, and all of them.

import { placeIn, placeOn, seen, valueAt } from "./places.js";
import { format } from "./text.js";
import { eachRow } from "./values.js";

const MANY = 40; // numbers that are told one by one

/** What a mark says at the place (px, py) of the picture, a `reach` around it; or undefined. */
export function saidAt(mark, value, [px, py], reach) {
  return SAID[mark.kind]?.(mark, value, px, py, reach);
}

/** All that a mark says, in a sentence; undefined where it says nothing. */
export function toldBy(mark, value) {
  return TOLD[mark.kind]?.(mark, value);
}

/** The places [px, py] where a mark says something, and how many of them stand in a row. */
export function placesOf(mark, value) {
  return { columns: 1, places: [], ...PLACES[mark.kind]?.(mark, value) };
}

const SAID = {
  bars(mark, value, px, py) {
    const at = mark.upright ? valueAt(mark.sx, px) : valueAt(mark.sy, py);
    const i = mark.spans.findIndex(([a, b]) => Math.min(a, b) <= at && at <= Math.max(a, b));
    return i < 0 ? undefined : barAt(mark, value, i);
  },
  image(mark, value, px, py) {
    if (!mark.map) return undefined;
    const [height, width] = value.shape;
    const [x1, x2, y1, y2] = mark.extent;
    const x = (valueAt(mark.sx, px) - x1) / (x2 - x1);
    const y = (valueAt(mark.sy, py) - y2) / (y1 - y2);
    if (Math.min(x, y) < 0 || Math.max(x, y) >= 1) return undefined;
    const row = Math.floor((mark.flip ? 1 - y : y) * height);
    return short(value.data[row * width + Math.floor(x * width)]);
  },
  points: (mark, value, px, py, reach) => near(mark, eachRow(value, pair), px, py, reach),
  line(mark, value, px, py, reach) {
    return near(mark, verticesOf(mark, value), px, py, reach);
  },
};

const PLACES = {
  bars: ({ spans, upright, ...mark }, value) => ({
    places: spans.map(([a, b, base], i) => {
      const [across, along] = [(a + b) / 2, base + value.data[i] / 2];
      return upright ? placeIn(mark, across, along) : placeIn(mark, along, across);
    }),
  }),
  image(mark, value) {
    if (!mark.map) return {};
    const [height, width] = value.shape;
    const [x1, x2, y1, y2] = mark.extent;
    const middle = (low, high, i, n) => low + ((high - low) * (i + 0.5)) / n;
    const place = (_, i) =>
      placeIn(
        mark,
        middle(x1, x2, i % width, width),
        middle(y2, y1, Math.floor(i / width), height),
      );
    return { columns: width, places: Array.from({ length: width * height }, place) };
  },
  points: (mark, value) => ({ places: eachRow(value, (x, y) => placeIn(mark, x, y)) }),
  line: (mark, value) => ({
    places: verticesOf(mark, value).map(([x, y]) => placeIn(mark, x, y)),
  }),
};

const TOLD = {
  bars(mark, value) {
    const inSight = mark.spans.map((_, i) => i).filter((i) => seen(value.data[i]));
    return inSight.map((i) => barAt(mark, value, i)).join(", ");
  },
  image(mark, value) {
    if (!mark.map) return undefined;
    const [height, width] = value.shape;
    if (height * width <= MANY)
      return eachRow(value, (...row) => row.map(short).join(" ")).join("; ");
    const place = (i) => `row ${Math.floor(i / width) + 1}, column ${(i % width) + 1}`;
    return `${height} by ${width} cells, ${range([...value.data], place)}`;
  },
  points(_, value) {
    const all = eachRow(value, pair).filter((p) => seen(...p));
    if (all.length <= MANY / 2) return all.map((p) => `(${p.map(short).join(", ")})`).join(" ");
    return `${all.length} points`;
  },
  line(mark, value) {
    const all = verticesOf(mark, value);
    if (!all.length) return undefined;
    return range(
      all.map(([, y]) => y),
      (i) => short(all[i][0]),
    );
  },
};

const pair = (x, y) => [x, y];
const short = (v) => format("{:.3g}", [v]);

function barAt(mark, value, i) {
  const [a, b] = mark.spans[i];
  return `${mark.names?.[i] || short((a + b) / 2)}: ${short(value.data[i])}`;
}

// Of a line that is free to go anywhere no place is worth a word.
function verticesOf(mark, value) {
  return value.shape.length === 1 ? mark.x.map((x, i) => [x, value.data[i]]) : [];
}

function near(mark, points, px, py, reach) {
  const gaps = points.map(([x, y]) =>
    Math.hypot(placeOn(mark.sx, x) - px, placeOn(mark.sy, y) - py),
  );
  const least = Math.min(...gaps.filter(Number.isFinite));
  return least <= reach ? points[gaps.indexOf(least)].map(short).join(", ") : undefined;
}

function range(values, place) {
  const inSight = values.filter((v) => seen(v));
  if (!inSight.length) return "nothing in sight";
  const [low, high] = [Math.min(...inSight), Math.max(...inSight)];
  const at = (v) => `${short(v)} at ${place(values.indexOf(v))}`;
  return `from ${at(low)} to ${at(high)}`;
}
