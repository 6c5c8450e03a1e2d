// A tensor seen as rows along some of its axes, and what a row can be reduced to.

import { axisOf, offsets, strides } from "./shapes.js";
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
    for (let i = 0; i < starts.length; i++) {
      read(row, x.data, starts[i], steps);
      const found = f(row);
      const start = starts[i];
      for (let j = 0; j < found.length; j++) out.data[start + steps[j]] = found[j];
    }
  };
}

function read(row, data, start, steps) {
  for (let j = 0; j < row.length; j++) row[j] = data[start + steps[j]];
}

/** The sum over axes: of a block of neighbours each, or of whole blocks into one another. */
export function sumRows(out, x, dims, divisor = () => 1) {
  const { starts, steps } = rowsAlong(x, dims);
  const n = starts.length;
  const sums = zeros(n);
  const scale = divisor(steps.length);
  const inner = innermost(x, dims);
  return () => {
    const { data } = x;
    if (inner) {
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let j = starts[i], end = j + steps.length; j < end; j++) sum += data[j];
        out.data[i] = sum / scale;
      }
      return;
    }
    sums.fill(0);
    for (let j = 0; j < steps.length; j++) {
      const step = steps[j];
      for (let i = 0; i < n; i++) sums[i] += data[starts[i] + step];
    }
    for (let i = 0; i < n; i++) out.data[i] = sums[i] / scale;
  };
}

// Whether the axes are the last ones, so that each row lies in one piece.
function innermost(x, dims) {
  const { along } = axes(x, dims);
  const first = x.shape.length - along.length;
  return along.every((axis, i) => axis === first + i);
}

function axes(x, dims) {
  const all = x.shape.map((_, i) => i);
  const named = dims === null || dims.length === 0 ? all : dims;
  const chosen = new Set(named.map((d) => axisOf(d, x.shape.length)));
  return {
    along: all.filter((i) => chosen.has(i)),
    others: all.filter((i) => !chosen.has(i)),
  };
}

// Where the rows begin, and how far from there each element of a row lies.
function rowsAlong(x, dims) {
  const { along, others } = axes(x, dims);
  const own = strides(x.shape);
  const over = (some) =>
    offsets(
      some.map((i) => x.shape[i]),
      some.map((i) => own[i]),
    );
  return { starts: over(others), steps: over(along) };
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
