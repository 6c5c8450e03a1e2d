// Images: numbers to colours, as matplotlib does it.

import { boxIn, seen } from "./places.js";
import { expect } from "./values.js";

/** The pixels of an image (h, w) by its colour map, or (h, w, 3) as they are; and its place. */
export function image(mark, value) {
  const [height, width, depth] = value.shape;
  const fits = value.shape.length === 2 || depth === 3;
  expect(fits, mark, value, "an image takes (h, w) or (h, w, 3)");
  const pixels = new Uint8ClampedArray(4 * height * width);
  for (let i = 0; i < height * width; i++) {
    const row = Math.floor(i / width);
    const to = 4 * ((mark.flip ? height - 1 - row : row) * width + (i % width));
    pixels.set(depth === 3 ? trueColour(value.data, i) : colour(mark, value.data[i]), to);
  }
  const [x1, x2, y1, y2] = mark.extent;
  return { pixels, columns: width, rows: height, ...boxIn(mark, [x1, x2], [y1, y2]) };
}

const CLEAR = [0, 0, 0, 0];

function trueColour(data, i) {
  const rgb = [data[3 * i], data[3 * i + 1], data[3 * i + 2]];
  return seen(...rgb) ? [...rgb.map((v) => v * 255), 255] : CLEAR;
}

/** The colour [r, g, b, a] of v: one of 256 steps of the mark's table, or what it has for nan. */
export function colour(mark, v) {
  const step = Number.isNaN(v) ? 256 : stepOf(mark, v);
  const found = mark.table.slice(4 * step, 4 * step + 4);
  return found.length ? found : CLEAR;
}

function stepOf(mark, v) {
  const scale = mark.lognorm ? Math.log : (u) => u;
  const part = (scale(v) - scale(mark.low)) / (scale(mark.high) - scale(mark.low));
  return Math.min(Math.max(Math.floor(part * 256), 0), 255);
}
