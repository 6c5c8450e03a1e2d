// Pooling: the largest or the mean of each window of an image.

import { size } from "./shapes.js";
import { zeros } from "./tensor.js";

const both = (along) => (along.length === 2 ? along : [along[0], along[0]]);

// Calls visit(k, value, place) for every element of every window: k counts the windows, and
// `place` is the element's in its plane. In the padding, value is null.
function visitWindows(out, x, kernel, stride, padding, dilation, visit) {
  const [H, W] = x.shape.slice(-2);
  const [OH, OW] = out.shape.slice(-2);
  const [KH, KW] = both(kernel);
  const [SH, SW] = both(stride.length ? stride : kernel);
  const [PH, PW] = both(padding);
  const [DH, DW] = both(dilation);
  const windows = size(out.shape);
  for (let k = 0; k < windows; k++) {
    const start = Math.floor(k / (OH * OW)) * H * W;
    const top = (Math.floor(k / OW) % OH) * SH - PH;
    const left = (k % OW) * SW - PW;
    for (let y = top; y < top + KH * DH; y += DH) {
      for (let z = left; z < left + KW * DW; z += DW) {
        const inside = y >= 0 && y < H && z >= 0 && z < W;
        const padded = y >= -PH && y < H + PH && z >= -PW && z < W + PW;
        if (inside) visit(k, x.data[start + y * W + z], y * W + z);
        else if (padded) visit(k, null);
      }
    }
  }
}

function maxPool([most, places], x, kernel, stride, padding, dilation) {
  return () => {
    most.data.fill(-Infinity);
    visitWindows(most, x, kernel, stride, padding, dilation, (k, value, place) => {
      if (value !== null && (value > most.data[k] || Number.isNaN(value))) {
        most.data[k] = value;
        places.data[k] = place;
      }
    });
  };
}

function avgPool(out, x, kernel, stride, padding, _, countPadding, divisor) {
  const sums = zeros(size(out.shape));
  const counts = zeros(sums.length);
  return () => {
    sums.fill(0);
    counts.fill(0);
    visitWindows(out, x, kernel, stride, padding, [1, 1], (k, value) => {
      sums[k] += value ?? 0;
      if (value !== null || countPadding) counts[k] += 1;
    });
    for (let k = 0; k < sums.length; k++) out.data[k] = sums[k] / (divisor || counts[k]);
  };
}

// The mean over windows that the sizes of input and output alone determine.
function adaptivePool(out, x) {
  const [H, W] = x.shape.slice(-2);
  const [OH, OW] = out.shape.slice(-2);
  const edges = (i, n, m) => [Math.floor((i * n) / m), Math.ceil(((i + 1) * n) / m)];
  return () => {
    for (let k = 0; k < out.data.length; k++) {
      const start = Math.floor(k / (OH * OW)) * H * W;
      const [top, bottom] = edges(Math.floor(k / OW) % OH, H, OH);
      const [left, right] = edges(k % OW, W, OW);
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let z = left; z < right; z++) sum += x.data[start + y * W + z];
      }
      out.data[k] = sum / ((bottom - top) * (right - left));
    }
  };
}

export const POOLING = { maxPool, avgPool, adaptivePool };
