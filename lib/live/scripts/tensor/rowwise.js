// Operations that make a row of each row along one axis: softmax, sums so far, sorting.

import { largest, mapRows, total } from "./rows.js";
import { slice } from "./views.js";

function softmax(meta, x, dim) {
  return mapRows(meta, x, dim, (row) => {
    const top = largest(row);
    let sum = 0;
    for (let i = 0; i < row.length; i++) {
      row[i] = Math.exp(row[i] - top);
      sum += row[i];
    }
    for (let i = 0; i < row.length; i++) row[i] /= sum;
    return row;
  });
}

function logSoftmax(meta, x, dim) {
  return mapRows(meta, x, dim, (row) => {
    const top = largest(row);
    const logSum = top + Math.log(total(row.map((v) => Math.exp(v - top))));
    return row.map((v) => v - logSum);
  });
}

const cumulative = (f) => (meta, x, dim) =>
  mapRows(meta, x, dim, (row) => {
    for (let i = 1; i < row.length; i++) row[i] = f(row[i - 1], row[i]);
    return row;
  });

// The places of a row's values in order; stable, and nan counts as the largest.
function ranking(row, descending) {
  const key = (i) => (Number.isNaN(row[i]) ? Infinity : row[i]);
  const sign = descending ? -1 : 1;
  const order = Array.from(row, (_, i) => i);
  return order.sort((a, b) => {
    if (key(a) === key(b)) return a - b;
    return key(a) < key(b) ? -sign : sign;
  });
}

function sort(metas, x, dim, descending) {
  return [
    mapRows(metas[0], x, dim, (row) => ranking(row, descending).map((i) => row[i])),
    mapRows(metas[1], x, dim, (row) => ranking(row, descending)),
  ];
}

function topk(metas, x, k, dim, best) {
  const whole = metas.map(({ dtype }) => ({ dtype, shape: x.shape }));
  return sort(whole, x, dim, best).map((t, i) => slice(metas[i], t, dim, 0, k, 1));
}

export const ROWWISE = {
  softmax,
  logSoftmax,
  cumsum: cumulative((a, b) => a + b),
  cumprod: cumulative((a, b) => a * b),
  sort,
  topk,
};
