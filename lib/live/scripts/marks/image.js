// Images: numbers to colours, as matplotlib does it.

import { boxIn, seen } from "./places.js";
import { expect } from "./values.js";

/** The pixels of an image (h, w) by its colour map, or (h, w, 3) as they are; and its place. */
export function image(mark, value) {
  const [height, width, depth] = value.shape;
  const fits = value.shape.length === 2 || depth === 3;
  expect(fits, mark, value, "an image takes (h, w) or (h, w, 3)");
  const pixels = new Uint8ClampedArray(4 * height * width);
  const paint = depth === 3 ? trueColour : byTable(mark);
  for (let i = 0; i < height * width; i++) {
    const row = Math.floor(i / width);
    const to = 4 * ((mark.flip ? height - 1 - row : row) * width + (i % width));
    paint(pixels, to, value.data, i);
  }
  const [x1, x2, y1, y2] = mark.extent;
  return { pixels, columns: width, rows: height, ...boxIn(mark, [x1, x2], [y1, y2]) };
}

// What cannot be seen stays clear.
function trueColour(pixels, to, data, i) {
  if (!seen(data[3 * i], data[3 * i + 1], data[3 * i + 2])) return;
  for (let k = 0; k < 3; k++) pixels[to + k] = data[3 * i + k] * 255;
  pixels[to + 3] = 255;
}

function byTable(mark) {
  const place = placeInTable(mark);
  return (pixels, to, data, i) => {
    const from = place(data[i]);
    for (let k = 0; k < 4; k++) pixels[to + k] = mark.table[from + k];
  };
}

/** The colour [r, g, b] of v. */
export function colour(mark, v) {
  const from = placeInTable(mark)(v);
  return mark.table.slice(from, from + 3);
}

// Where in the table the colour of v begins: 256 steps, and after them what stands for nan.
function placeInTable({ low, high, lognorm }) {
  const scale = lognorm ? Math.log : (u) => u;
  const [start, end] = [scale(low), scale(high)];
  return (v) => {
    if (Number.isNaN(v)) return 4 * 256;
    const part = (scale(v) - start) / (end - start);
    return 4 * Math.min(Math.max(Math.floor(part * 256), 0), 255);
  };
}
