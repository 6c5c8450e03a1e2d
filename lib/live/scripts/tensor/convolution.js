// Convolution in one or two dimensions, forward and transposed.

import { size } from "./shapes.js";
import { tensor, zeros } from "./tensor.js";

function convolution(meta, x, weight, bias, stride, padding, dilation, transposed, _, groups) {
  const geometry = { transposed, ...measured(meta, x, weight, stride, padding, dilation) };
  const { H, W, OH, OW, KH, KW } = geometry;
  const [B, Cin] = x.shape;
  const Cout = meta.shape[1];
  const groupIn = Cin / groups;
  const groupOut = Cout / groups;
  const inputs = planes(x.data, B * Cin, H * W);
  const kernels = planes(weight.data, size(weight.shape.slice(0, 2)), KH * KW);
  const out = zeros(size(meta.shape));
  planes(out, B * Cout, OH * OW).forEach((to, k) => {
    const b = Math.floor(k / Cout);
    const o = k % Cout;
    const group = Math.floor(o / groupOut);
    if (bias) to.fill(bias.data[o]);
    for (let c = 0; c < groupIn; c++) {
      const channel = group * groupIn + c;
      const kernel = transposed ? channel * groupOut + (o % groupOut) : o * groupIn + c;
      addPlane(to, inputs[b * Cin + channel], kernels[kernel], geometry);
    }
  });
  return tensor(meta, out);
}

export const CONVOLUTION = { convolution };

// Height and width of input, output and kernel; stride, padding and dilation along both. One
// dimension is taken for two of height 1.
function measured(meta, x, weight, stride, padding, dilation) {
  const both = (along, missing) => {
    if (x.shape.length === 3) return [missing, along[0]];
    return along.length === 2 ? along : [along[0], along[0]];
  };
  const [H, W] = both(x.shape.slice(2), 1);
  const [OH, OW] = both(meta.shape.slice(2), 1);
  const [KH, KW] = both(weight.shape.slice(2), 1);
  const [SH, SW] = both(stride, 1);
  const [PH, PW] = both(padding, 0);
  const [DH, DW] = both(dilation, 1);
  return { H, W, OH, OW, KH, KW, SH, SW, PH, PW, DH, DW };
}

function planes(data, n, length) {
  return Array.from({ length: n }, (_, i) => data.subarray(i * length, (i + 1) * length));
}

// What one plane of the input adds to one of the output, a number of the kernel at a time.
function addPlane(to, from, kernel, geometry) {
  const { KH, KW, PH, PW, DH, DW, transposed } = geometry;
  const add = transposed ? addSpread : addSeen;
  for (let i = 0; i < KH; i++) {
    for (let j = 0; j < KW; j++) {
      add(to, from, kernel[i * KW + j], i * DH - PH, j * DW - PW, geometry);
    }
  }
}

// To each place of the output, w times what it sees of the input `down` and `right` of it.
function addSeen(to, from, w, down, right, { H, W, OH, OW, SH, SW }) {
  for (let r = 0; r < OH; r++) {
    const y = r * SH + down;
    if (y < 0 || y >= H) continue;
    for (let s = 0; s < OW; s++) {
      const z = s * SW + right;
      if (z >= 0 && z < W) to[r * OW + s] += w * from[y * W + z];
    }
  }
}

// From each place of the input, w times it to the output `down` and `right` of it.
function addSpread(to, from, w, down, right, { H, W, OH, OW, SH, SW }) {
  for (let y = 0; y < H; y++) {
    const r = y * SH + down;
    if (r < 0 || r >= OH) continue;
    for (let z = 0; z < W; z++) {
      const s = z * SW + right;
      if (s >= 0 && s < OW) to[r * OW + s] += w * from[y * W + z];
    }
  }
}
