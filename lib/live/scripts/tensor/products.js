// Products of matrices, and the distances between their rows.

import { copy } from "./building.js";
import { fillPanels, multiplier, panelSize } from "./matrix.js";
import { broadcastSteps, offsets } from "./shapes.js";
import { zeros } from "./tensor.js";

// Calls write(row, sums, start) for each row of the products of two batches of matrices.
function products(a, b, write) {
  const [n, k] = a.shape.slice(-2);
  const m = b.shape.at(-1);
  const batch = a.shape.length === 3 ? a.shape[0] : 1;
  const size = panelSize(k, m);
  const panels = zeros(batch * size);
  const multiply = multiplier(n, k, m);
  let filled = false;
  return () => {
    for (let s = 0; s < batch; s++) {
      if (!filled) fillPanels(panels, s * size, b.data, s * k * m, k, m);
      const first = s * n;
      multiply(a.data, first * k, panels, s * size, (i, sums, at) => write(first + i, sums, at));
    }
    filled = b.mask === 0; // it never changes
  };
}

function mm(out, a, b) {
  const m = b.shape.at(-1);
  return products(a, b, (row, sums, start) => copy(out.data, row * m, sums, start, m));
}

function addmm(out, bias, a, b, beta, alpha) {
  const m = b.shape[1];
  const added = offsets(out.shape, broadcastSteps(bias, out.shape));
  return products(a, b, (row, sums, start) => {
    for (let j = 0; j < m; j++) {
      const at = row * m + j;
      out.data[at] = alpha * sums[start + j] + beta * bias.data[added[at]];
    }
  });
}

// The p-norm of the difference between each row of a (..., n, d) and each of b (..., m, d).
function cdist(out, a, b, p) {
  const [n, d] = a.shape.slice(-2);
  const m = b.shape.at(-2);
  return () => {
    for (let k = 0; k < out.data.length; k++) {
      const rowOfA = Math.floor(k / m) * d; // over all batches
      const rowOfB = (Math.floor(k / (n * m)) * m + (k % m)) * d;
      let sum = 0;
      for (let c = 0; c < d; c++) sum += Math.abs(a.data[rowOfA + c] - b.data[rowOfB + c]) ** p;
      out.data[k] = sum ** (1 / p);
    }
  };
}

export const PRODUCTS = { mm, bmm: mm, addmm, cdist };
