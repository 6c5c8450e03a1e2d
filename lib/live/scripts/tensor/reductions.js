// Operations that reduce axes to one number: sums, means, extremes and where they are.

import { largest, reduce, smallest, squares, total } from "./rows.js";

const sum = (meta, x, dims) => reduce(meta, x, dims, total);
const mean = (meta, x, dims) => reduce(meta, x, dims, (row) => total(row) / row.length);
const product = (row) => row.reduce((a, b) => a * b, 1);

function variance(meta, x, dims, correction) {
  return reduce(meta, x, dims, (row) => {
    const centre = total(row) / row.length;
    return squares(row, centre) / Math.max(row.length - (correction ?? 1), 0);
  });
}

function vectorNorm(meta, x, p, dims) {
  if (p === Infinity) return reduce(meta, x, dims, (row) => largest(row.map(Math.abs)));
  return reduce(meta, x, dims, (row) => total(row.map((v) => Math.abs(v) ** p)) ** (1 / p));
}

const placeOf = (row, value) => row.findIndex((v) => v === value || Object.is(v, value));

const extremeAndPlace = (pick) => (metas, x, dim) => [
  reduce(metas[0], x, [dim], pick),
  reduce(metas[1], x, [dim], (row) => placeOf(row, pick(row))),
];

const placeOfExtreme = (pick) => (meta, x, dim) =>
  reduce(meta, x, listed(dim), (row) => placeOf(row, pick(row)));

// Some overloads take one axis where others take a list of them.
const listed = (dim) => (typeof dim === "number" ? [dim] : dim);

export const REDUCTIONS = {
  sum,
  mean,
  prod: (meta, x, dim) => reduce(meta, x, listed(dim), product),
  amax: (meta, x, dims) => reduce(meta, x, dims, largest),
  amin: (meta, x, dims) => reduce(meta, x, dims, smallest),
  any: (meta, x, dims) => reduce(meta, x, listed(dims), (row) => row.some((v) => v)),
  variance,
  vectorNorm,
  max: extremeAndPlace(largest),
  min: extremeAndPlace(smallest),
  argmax: placeOfExtreme(largest),
  argmin: placeOfExtreme(smallest),
};
