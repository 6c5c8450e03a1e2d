// Products of matrices, and the distances between their rows.

import { product } from "./product.js";

function mm(out, a, b) {
  const [n, k] = a.shape.slice(-2);
  const isBatch = a.shape.length === 3;
  const laid = ({ data, start, steps }) => ({
    data,
    start,
    steps: isBatch ? steps : [0, ...steps],
  });
  return product(out, [isBatch ? a.shape[0] : 1, n, k, b.shape.at(-1)], laid(a), laid(b));
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

export const PRODUCTS = { mm, bmm: mm };
export const DISTANCES = { cdist };
