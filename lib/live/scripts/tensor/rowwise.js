// Operations that make a row of each row along one axis: softmax, sums so far, sorting.

import { largest, mapRows, rowsAlong } from "./rows.js";
import { zeros } from "./tensor.js";

function softmax(out, x, dim) {
  return mapRows(out, x, dim, (row) => {
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

function logSoftmax(out, x, dim) {
  return mapRows(out, x, dim, (row) => {
    const top = largest(row);
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += Math.exp(row[i] - top);
    const logSum = top + Math.log(sum);
    for (let i = 0; i < row.length; i++) row[i] -= logSum;
    return row;
  });
}

const cumulative = (f) => (out, x, dim) =>
  mapRows(out, x, dim, (row) => {
    for (let i = 1; i < row.length; i++) row[i] = f(row[i - 1], row[i]);
    return row;
  });

// The first k of each row in order and their places; nan counts as the largest.
function firstInOrder([values, places], x, k, dim, descending) {
  const from = rowsAlong(x, [dim]);
  const to = rowsAlong(values, [dim]);
  const n = from.steps.length;
  const keys = zeros(n);
  const order = new Int32Array(n);
  const before = (a, b) => keys[a] - keys[b] || a - b; // equal ones stay as they stand
  const sign = descending ? -1 : 1;
  return () => {
    for (let r = 0; r < from.starts.length; r++) {
      for (let i = 0; i < n; i++) {
        const v = x.data[from.starts[r] + from.steps[i]];
        order[i] = i;
        keys[i] = sign * (Number.isNaN(v) ? Infinity : v);
      }
      order.sort(before);
      for (let i = 0; i < k; i++) {
        const at = to.starts[r] + to.steps[i];
        values.data[at] = x.data[from.starts[r] + from.steps[order[i]]];
        places.data[at] = order[i];
      }
    }
  };
}

export const ROWWISE = {
  softmax,
  logSoftmax,
  cumsum: cumulative((a, b) => a + b),
  cumprod: cumulative((a, b) => a * b),
  sort: (outs, x, dim, descending) => firstInOrder(outs, x, x.shape.at(dim) ?? 1, dim, descending),
  topk: firstInOrder,
};
