// The product of two matrices, in blocks of two rows and four columns.

import { zeros } from "./tensor.js";

const WIDTH = 4; // columns of a panel

/** How many numbers the panels of k terms and m columns hold. */
export function panelSize(k, m) {
  return Math.ceil(m / WIDTH) * WIDTH * k;
}

/** Where in its panels the term p of column j lies, of k terms. */
export function panelPlace(k, p, j) {
  return (j - (j % WIDTH)) * k + p * WIDTH + (j % WIDTH);
}

/** Lay k rows of m columns, which begin at `from` in b, into panels that begin at `to`. */
export function fillPanels(panels, to, b, from, k, m) {
  for (let j = 0; j < m; j++) {
    const column = to + panelPlace(k, 0, j);
    for (let p = 0; p < k; p++) panels[column + p * WIDTH] = b[from + p * m + j];
  }
}

/**
 * A function (a, aStart, panels, bStart, write) that multiplies n rows of k terms, which begin
 * at aStart, by the m columns in the panels at bStart: write(i, sums, start) gets row i, whose
 * m numbers begin in `sums` at `start`.
 */
export function multiplier(n, k, m) {
  const wide = Math.ceil(m / WIDTH) * WIDTH;
  const sums = zeros(2 * wide);
  const pair = zeros(2 * k); // two rows of a, term by term
  return (a, aStart, panels, bStart, write) => {
    for (let i = 0; i < n; i += 2) {
      const row = aStart + i * k;
      const next = i + 1 < n ? row + k : row;
      for (let p = 0; p < k; p++) {
        pair[2 * p] = a[row + p];
        pair[2 * p + 1] = a[next + p];
      }
      for (let j = 0; j < wide; j += WIDTH) block(sums, j, wide, pair, panels, bStart + j * k);
      write(i, sums, 0);
      if (i + 1 < n) write(i + 1, sums, wide);
    }
  };
}

function block(sums, j, wide, pair, panels, start) {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let t0 = 0;
  let t1 = 0;
  let t2 = 0;
  let t3 = 0;
  for (let p = 0, at = start; p < pair.length; p += 2, at += WIDTH) {
    const s = pair[p];
    const t = pair[p + 1];
    const b0 = panels[at];
    const b1 = panels[at + 1];
    const b2 = panels[at + 2];
    const b3 = panels[at + 3];
    s0 += s * b0;
    s1 += s * b1;
    s2 += s * b2;
    s3 += s * b3;
    t0 += t * b0;
    t1 += t * b1;
    t2 += t * b2;
    t3 += t * b3;
  }
  sums[j] = s0;
  sums[j + 1] = s1;
  sums[j + 2] = s2;
  sums[j + 3] = s3;
  sums[wide + j] = t0;
  sums[wide + j + 1] = t1;
  sums[wide + j + 2] = t2;
  sums[wide + j + 3] = t3;
}
