// A tensor seen as rows along some of its axes, and what a row can be reduced to.

import { axisOf, offsets, strides } from "./shapes.js";
import { tensor, zeros } from "./tensor.js";

/** Reduce each row along the axes `dims` (null: all) to the number f(row). */
export function reduce(meta, x, dims, f) {
  const { starts, steps } = rowsAlong(x, dims);
  const out = zeros(starts.length);
  const row = zeros(steps.length);
  for (let i = 0; i < out.length; i++) {
    for (let j = 0; j < row.length; j++) row[j] = x.data[starts[i] + steps[j]];
    out[i] = f(row);
  }
  return tensor(meta, out);
}

/** Replace each row along the axis `dim` by the row f(row); f may write into what it gets. */
export function mapRows(meta, x, dim, f) {
  const { starts, steps } = rowsAlong(x, [dim]);
  const out = zeros(x.data.length);
  const row = zeros(steps.length);
  for (const start of starts) {
    for (let j = 0; j < row.length; j++) row[j] = x.data[start + steps[j]];
    const found = f(row);
    for (let j = 0; j < row.length; j++) out[start + steps[j]] = found[j];
  }
  return tensor(meta, out);
}

// Where the rows begin, and how far from there each element of a row lies.
function rowsAlong(x, dims) {
  const all = x.shape.map((_, i) => i);
  const named = dims === null || dims.length === 0 ? all : dims;
  const along = new Set(named.map((d) => axisOf(d, x.shape.length)));
  const own = strides(x.shape);
  const over = (axes) =>
    offsets(
      axes.map((i) => x.shape[i]),
      axes.map((i) => own[i]),
    );
  return {
    starts: over(all.filter((i) => !along.has(i))),
    steps: over(all.filter((i) => along.has(i))),
  };
}

/** The sum of a row. */
export function total(row) {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i];
  return sum;
}

/** The sum of squared distances from `centre`. */
export function squares(row, centre) {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += (row[i] - centre) ** 2;
  return sum;
}

/** The largest of a row; nan, once met, stays. */
export function largest(row) {
  let most = -Infinity;
  for (let i = 0; i < row.length; i++) if (row[i] > most || Number.isNaN(row[i])) most = row[i];
  return most;
}

/** The smallest of a row; nan, once met, stays. */
export function smallest(row) {
  let least = Infinity;
  for (let i = 0; i < row.length; i++) if (row[i] < least || Number.isNaN(row[i])) least = row[i];
  return least;
}
