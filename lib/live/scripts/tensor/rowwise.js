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

// The places of the keys in rising order, equal ones as they stand: runs of 1, 2, 4, ... are
// merged in pairs. Returns one of two arrays, which the next call fills again.
function ranking(n) {
  let from = new Int32Array(n);
  let to = new Int32Array(n);
  return (keys) => {
    for (let i = 0; i < n; i++) from[i] = i;
    for (let run = 1; run < n; run *= 2) {
      for (let low = 0; low < n; low += 2 * run) {
        const middle = Math.min(low + run, n);
        const high = Math.min(low + 2 * run, n);
        let a = low;
        let b = middle;
        for (let k = low; k < high; k++) {
          const left = b >= high || (a < middle && keys[from[a]] <= keys[from[b]]);
          to[k] = left ? from[a++] : from[b++];
        }
      }
      [from, to] = [to, from];
    }
    return from;
  };
}

// The first k of each row in order and their places; nan counts as the largest.
function firstInOrder([values, places], x, k, dim, descending) {
  const from = rowsAlong(x, [dim]);
  const to = rowsAlong(values, [dim]);
  const n = from.steps.length;
  const keys = zeros(n);
  const ranked = ranking(n);
  const sign = descending ? -1 : 1;
  return () => {
    for (let r = 0; r < from.starts.length; r++) {
      for (let i = 0; i < n; i++) {
        const v = x.data[from.starts[r] + from.steps[i]];
        keys[i] = sign * (Number.isNaN(v) ? Infinity : v);
      }
      const order = ranked(keys);
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
