// A tensor seen as rows along some of its axes, and what a row can be reduced to.

import { axisOf, offsets } from "./shapes.js";
import { zeros } from "./tensor.js";

/** Reduce each row of x along the axes `dims` (null: all) to the number f(row). */
export function reduce(out, x, dims, f) {
  const { starts, steps } = rowsAlong(x, dims);
  const row = zeros(steps.length);
  return () => {
    for (let i = 0; i < starts.length; i++) {
      read(row, x.data, starts[i], steps);
      out.data[i] = f(row);
    }
  };
}

/** Replace each row along the axis `dim` by the row f(row); f may write into what it gets. */
export function mapRows(out, x, dim, f) {
  const { starts, steps } = rowsAlong(x, [dim]);
  const row = zeros(steps.length);
  return () => {
    for (const start of starts) {
      read(row, x.data, start, steps);
      write(out.data, start, steps, f(row));
    }
  };
}

function read(row, data, start, steps) {
  for (let j = 0; j < row.length; j++) row[j] = data[start + steps[j]];
}

/** Where the rows begin, and how far from there each element of a row lies. */
export function rowsAlong(x, dims) {
  const all = x.shape.map((_, i) => i);
  const named = dims === null || dims.length === 0 ? all : dims;
  const along = new Set(named.map((d) => axisOf(d, x.shape.length)));
  const over = (some, start) =>
    offsets(
      some.map((i) => x.shape[i]),
      some.map((i) => x.steps[i]),
      start,
    );
  return {
    starts: over(
      all.filter((i) => !along.has(i)),
      x.start,
    ),
    steps: over(all.filter((i) => along.has(i))),
  };
}

function write(data, start, steps, row) {
  for (let j = 0; j < row.length; j++) data[start + steps[j]] = row[j];
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
  for (let i = 0; i < row.length; i++) sum += (row[i] - centre) * (row[i] - centre);
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
