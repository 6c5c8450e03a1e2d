// Products of matrices, and the distances between their rows.

import { size, spread } from "./shapes.js";
import { tensor, zeros } from "./tensor.js";

// out[i, j] = sum over p of a[i, p] b[p, j], for n rows, k terms and m columns that begin at
// these places. Four terms are added at a visit of the sums, which is most of the time.
function multiplyInto(out, a, b, [n, k, m], aStart = 0, bStart = 0, outStart = 0) {
  const sums = zeros(m);
  const fours = k - (k % 4);
  for (let i = 0; i < n; i++) {
    const row = aStart + i * k;
    sums.fill(0);
    for (let p = 0; p < fours; p += 4) {
      const b1 = bStart + p * m;
      const b2 = b1 + m;
      const b3 = b2 + m;
      const b4 = b3 + m;
      const a1 = a[row + p];
      const a2 = a[row + p + 1];
      const a3 = a[row + p + 2];
      const a4 = a[row + p + 3];
      for (let j = 0; j < m; j++) {
        sums[j] += a1 * b[b1 + j] + a2 * b[b2 + j] + a3 * b[b3 + j] + a4 * b[b4 + j];
      }
    }
    for (let p = fours; p < k; p++) {
      const b1 = bStart + p * m;
      const a1 = a[row + p];
      for (let j = 0; j < m; j++) sums[j] += a1 * b[b1 + j];
    }
    out.set(sums, outStart + i * m);
  }
}

function product(a, b) {
  const [n, k] = a.shape;
  const m = b.shape[1];
  const out = zeros(n * m);
  multiplyInto(out, a.data, b.data, [n, k, m]);
  return out;
}

function bmm(meta, a, b) {
  const [batch, n, k] = a.shape;
  const m = b.shape[2];
  const out = zeros(size(meta.shape));
  for (let i = 0; i < batch; i++) {
    multiplyInto(out, a.data, b.data, [n, k, m], i * n * k, i * k * m, i * n * m);
  }
  return tensor(meta, out);
}

function addmm(meta, bias, a, b, beta, alpha) {
  const out = product(a, b);
  const added = spread(bias, meta.shape);
  for (let i = 0; i < out.length; i++) out[i] = alpha * out[i] + beta * added[i];
  return tensor(meta, out);
}

// The p-norm of the difference between each row of a (..., n, d) and each of b (..., m, d).
function cdist(meta, a, b, p) {
  const [n, d] = a.shape.slice(-2);
  const m = b.shape.at(-2);
  const out = zeros(size(meta.shape));
  for (let k = 0; k < out.length; k++) {
    const rowOfA = Math.floor(k / m); // over all batches
    const rowOfB = Math.floor(k / (n * m)) * m + (k % m);
    let sum = 0;
    for (let c = 0; c < d; c++) {
      sum += Math.abs(a.data[rowOfA * d + c] - b.data[rowOfB * d + c]) ** p;
    }
    out[k] = sum ** (1 / p);
  }
  return tensor(meta, out);
}

export const PRODUCTS = {
  mm: (meta, a, b) => tensor(meta, product(a, b)),
  bmm,
  addmm,
  cdist,
};
