// Operations that reduce axes to one number: sums, means, extremes and where they are.

import { largest, reduce, rowsAlong, smallest, squares, total } from "./rows.js";
import { zeros } from "./tensor.js";

// The sums go forward together, an element of each row at a time: so neighbours are read.
const sums = (isMean) => (out, x, dims) => {
  const { starts, steps } = rowsAlong(x, dims);
  const found = zeros(starts.length);
  const count = isMean ? steps.length : 1;
  const gap = (starts[1] ?? 1) - starts[0]; // the same between all, as a rule
  const isEven = starts.every((start, i) => i === 0 || start === starts[0] + i * gap);
  return () => {
    found.fill(0);
    for (let j = 0; j < steps.length; j++) {
      if (isEven) addEven(found, x.data, starts[0] + steps[j], gap);
      else for (let i = 0; i < starts.length; i++) found[i] += x.data[starts[i] + steps[j]];
    }
    for (let i = 0; i < starts.length; i++) out.data[i] = found[i] / count;
  };
};
const product = (row) => row.reduce((a, b) => a * b, 1);

function addEven(found, data, start, gap) {
  for (let i = 0, at = start; i < found.length; i++, at += gap) found[i] += data[at];
}

function variance(out, x, dims, correction) {
  return reduce(out, x, dims, (row) => {
    const centre = total(row) / row.length;
    return squares(row, centre) / Math.max(row.length - (correction ?? 1), 0);
  });
}

function vectorNorm(out, x, p, dims) {
  if (p === Infinity) return reduce(out, x, dims, (row) => largest(row.map(Math.abs)));
  return reduce(out, x, dims, (row) => total(row.map((v) => Math.abs(v) ** p)) ** (1 / p));
}

const placeOf = (row, value) => row.findIndex((v) => v === value || Object.is(v, value));

const extremeAndPlace = (pick) => (outs, x, dim) => {
  const extreme = reduce(outs[0], x, [dim], pick);
  const place = reduce(outs[1], x, [dim], (row) => placeOf(row, pick(row)));
  return () => {
    extreme();
    place();
  };
};

const placeOfExtreme = (pick) => (out, x, dim) =>
  reduce(out, x, listed(dim), (row) => placeOf(row, pick(row)));

// Some overloads take one axis where others take a list of them.
const listed = (dim) => (typeof dim === "number" ? [dim] : dim);

export const REDUCTIONS = {
  sum: sums(false),
  mean: sums(true),
  prod: (out, x, dim) => reduce(out, x, listed(dim), product),
  amax: (out, x, dims) => reduce(out, x, dims, largest),
  amin: (out, x, dims) => reduce(out, x, dims, smallest),
  any: (out, x, dims) => reduce(out, x, listed(dims), (row) => row.some((v) => v)),
  variance,
  vectorNorm,
  max: extremeAndPlace(largest),
  min: extremeAndPlace(smallest),
  argmax: placeOfExtreme(largest),
  argmin: placeOfExtreme(smallest),
};
