// Products of matrices, and the distances between their rows.

import { broadcastSteps, offsets } from "./shapes.js";
import { zeros } from "./tensor.js";

// A function (aStart, bStart, write): for n rows of a, k terms and m columns of b, which begin
// at these places, write(i, sums) gets the sums over p of a[i, p] b[p, j] for all j. Four
// terms are added at a visit of the sums, which is most of the time.
function multiplier(a, b, [n, k, m]) {
  const sums = zeros(m);
  const fours = k - (k % 4);
  return (aStart, bStart, write) => {
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
      write(i, sums);
    }
  };
}

function mm(out, a, b) {
  return bmm(out, { ...a, shape: [1, ...a.shape] }, { ...b, shape: [1, ...b.shape] });
}

function bmm(out, a, b) {
  const [batch, n, k] = a.shape;
  const m = b.shape[2];
  const multiply = multiplier(a.data, b.data, [n, k, m]);
  return () => {
    for (let s = 0; s < batch; s++) {
      multiply(s * n * k, s * k * m, (i, sums) => out.data.set(sums, (s * n + i) * m));
    }
  };
}

function addmm(out, bias, a, b, beta, alpha) {
  const [n, k] = a.shape;
  const m = b.shape[1];
  const multiply = multiplier(a.data, b.data, [n, k, m]);
  const added = offsets(out.shape, broadcastSteps(bias, out.shape));
  return () =>
    multiply(0, 0, (i, sums) => {
      for (let j = 0, at = i * m; j < m; j++, at++) {
        out.data[at] = alpha * sums[j] + beta * bias.data[added[at]];
      }
    });
}

// The p-norm of the difference between each row of a (..., n, d) and each of b (..., m, d).
function cdist(out, a, b, p) {
  const [n, d] = a.shape.slice(-2);
  const m = b.shape.at(-2);
  const power = p === 2 ? (v) => v * v : (v) => Math.abs(v) ** p;
  const root = p === 2 ? Math.sqrt : (v) => v ** (1 / p);
  return () => {
    for (let k = 0; k < out.data.length; k++) {
      const rowOfA = Math.floor(k / m) * d; // over all batches
      const rowOfB = (Math.floor(k / (n * m)) * m + (k % m)) * d;
      let sum = 0;
      for (let c = 0; c < d; c++) sum += power(a.data[rowOfA + c] - b.data[rowOfB + c]);
      out.data[k] = root(sum);
    }
  };
}

export const PRODUCTS = { mm, bmm, addmm, cdist };
