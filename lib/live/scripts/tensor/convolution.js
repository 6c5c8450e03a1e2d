// Convolution in one or two dimensions, forward and transposed.

import { size } from "./shapes.js";
import { zeros } from "./tensor.js";

function convolution(out, x, weight, bias, stride, padding, dilation, transposed, _, groups) {
  const geometry = { transposed, ...measured(out, x, weight, stride, padding, dilation) };
  const { H, W, OH, OW, KH, KW } = geometry;
  const [B, Cin] = x.shape;
  const Cout = out.shape[1];
  const groupIn = Cin / groups;
  const groupOut = Cout / groups;
  const inputs = planes(x.data, B * Cin, H * W);
  const kernels = planes(weight.data, size(weight.shape.slice(0, 2)), KH * KW);
  const sums = zeros(OH * OW);
  return () => {
    for (let k = 0; k < B * Cout; k++) {
      const b = Math.floor(k / Cout);
      const o = k % Cout;
      const group = Math.floor(o / groupOut);
      sums.fill(bias ? bias.data[o] : 0);
      for (let c = 0; c < groupIn; c++) {
        const channel = group * groupIn + c;
        const kernel = transposed ? channel * groupOut + (o % groupOut) : o * groupIn + c;
        addPlane(sums, inputs[b * Cin + channel], kernels[kernel], geometry);
      }
      out.data.set(sums, k * OH * OW);
    }
  };
}

export const CONVOLUTION = { convolution };

// Height and width of input, output and kernel; stride, padding and dilation along both. One
// dimension is taken for two of height 1.
function measured(out, x, weight, stride, padding, dilation) {
  const both = (along, missing) => {
    if (x.shape.length === 3) return [missing, along[0]];
    return along.length === 2 ? along : [along[0], along[0]];
  };
  const [H, W] = both(x.shape.slice(2), 1);
  const [OH, OW] = both(out.shape.slice(2), 1);
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
  const [top, bottom] = within(OH, H, SH, down);
  const [left, end] = within(OW, W, SW, right);
  for (let r = top; r < bottom; r++) {
    let at = (r * SH + down) * W + left * SW + right;
    for (let s = r * OW + left; s < r * OW + end; s++, at += SW) to[s] += w * from[at];
  }
}

// From each place of the input, w times it to the output `down` and `right` of it.
function addSpread(to, from, w, down, right, { H, W, OH, OW, SH, SW }) {
  const [top, bottom] = within(H, OH, SH, down);
  const [left, end] = within(W, OW, SW, right);
  for (let y = top; y < bottom; y++) {
    let at = (y * SH + down) * OW + left * SW + right;
    for (let z = y * W + left; z < y * W + end; z++, at += SW) to[at] += w * from[z];
  }
}

// Of n places, `stride` apart and moved by `shift`, the first and the end of those below m.
function within(n, m, stride, shift) {
  const first = Math.max(Math.ceil(-shift / stride), 0);
  return [first, Math.max(Math.min(Math.ceil((m - shift) / stride), n), first)];
}
