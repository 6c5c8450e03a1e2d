// Convolution in one or two dimensions, forward and transposed.

import { allocate } from "./dtypes.js";
import { product } from "./product.js";
import { size } from "./shapes.js";
import { zeros } from "./tensor.js";

function convolution(out, x, weight, bias, stride, padding, dilation, transposed, _, groups) {
  const taps = tapsOf(out, x, weight, [stride, padding, dilation], transposed);
  const planes = { from: size(x.shape.slice(2)), to: size(out.shape.slice(2)) };
  const few = (transposed ? x : out).shape[1] < 4 * groups;
  const way = few ? added : transposed ? spread : multiplied;
  return way(out, x, weight, bias, groups, taps, planes, transposed);
}

const part = (x, start, n) => ({ dtype: x.dtype, data: x.data.subarray(start, start + n) });
const matrix = ({ data }, steps) => ({ data, start: 0, steps: [0, ...steps] });

// As a product of the kernels (outputs, terms) and what each of them sees (terms, places).
function multiplied(out, x, weight, bias, groups, taps, planes) {
  const groupIn = x.shape[1] / groups;
  const groupOut = out.shape[1] / groups;
  const terms = groupIn * taps.length;
  const seen = { data: allocate(x.dtype, terms * planes.to) }; // 0 in the padding
  const runs = upTo(x.shape[0] * groups, (k) => {
    const kernels = part(weight, (k % groups) * groupOut * terms, groupOut * terms);
    const sums = part(out, k * groupOut * planes.to, groupOut * planes.to);
    const sizes = [1, groupOut, terms, planes.to];
    return product(sums, sizes, matrix(kernels, [terms, 1]), matrix(seen, [planes.to, 1]));
  });
  return () => {
    for (let k = 0; k < runs.length; k++) {
      for (let c = 0; c < terms; c++) {
        const { from, to } = taps[c % taps.length];
        const start = (k * groupIn + Math.floor(c / taps.length)) * planes.from;
        const row = c * planes.to;
        for (let i = 0; i < to.length; i++) seen.data[row + to[i]] = x.data[start + from[i]];
      }
      runs[k]();
    }
    shift(out, bias, planes.to);
  };
}

// As a product of the kernels (terms, inputs) and the image (inputs, places), whose rows are
// added to the outputs that they reach.
function spread(out, x, weight, bias, groups, taps, planes) {
  const groupIn = x.shape[1] / groups;
  const groupOut = out.shape[1] / groups;
  const terms = groupOut * taps.length;
  const reached = { dtype: out.dtype, data: allocate(out.dtype, terms * planes.from) };
  const runs = upTo(x.shape[0] * groups, (k) => {
    const kernels = part(weight, (k % groups) * groupIn * terms, groupIn * terms);
    const image = part(x, k * groupIn * planes.from, groupIn * planes.from);
    const sizes = [1, terms, groupIn, planes.from];
    return product(reached, sizes, matrix(kernels, [1, terms]), matrix(image, [planes.from, 1]));
  });
  return () => {
    out.data.fill(0);
    for (let k = 0; k < runs.length; k++) {
      runs[k]();
      for (let c = 0; c < terms; c++) {
        const start = (k * groupOut + Math.floor(c / taps.length)) * planes.to;
        const { from, to } = taps[c % taps.length];
        const row = c * planes.from;
        for (let i = 0; i < to.length; i++) out.data[start + to[i]] += reached.data[row + from[i]];
      }
    }
    shift(out, bias, planes.to);
  };
}

const upTo = (n, f) => Array.from({ length: n }, (_, i) => f(i));

function shift(out, bias, plane) {
  if (!bias) return;
  for (let k = 0, i = 0; i < out.data.length; k++) {
    const value = bias.data[k % bias.data.length];
    for (const end = i + plane; i < end; i++) out.data[i] += value;
  }
}

// Plane by plane, a number of the kernel at a time.
function added(out, x, weight, bias, groups, taps, planes, transposed) {
  const Cin = x.shape[1];
  const Cout = out.shape[1];
  const groupIn = Cin / groups;
  const groupOut = Cout / groups;
  const sums = zeros(planes.to);
  return () => {
    for (let k = 0; k < out.shape[0] * Cout; k++) {
      const o = k % Cout;
      const first = Math.floor(o / groupOut) * groupIn; // channel of the input
      const start = (Math.floor(k / Cout) * Cin + first) * planes.from;
      sums.fill(bias ? bias.data[o] : 0);
      for (let c = 0; c < groupIn; c++) {
        const kernel = transposed ? (first + c) * groupOut + (o % groupOut) : o * groupIn + c;
        for (let t = 0; t < taps.length; t++) {
          const w = weight.data[kernel * taps.length + t];
          addTap(sums, x.data, start + c * planes.from, w, taps[t]);
        }
      }
      out.data.set(sums, k * planes.to);
    }
  };
}

function addTap(sums, data, start, w, { from, to }) {
  for (let i = 0; i < to.length; i++) sums[to[i]] += w * data[start + from[i]];
}

export const CONVOLUTION = { convolution };

// For each number of the kernel, which places of an output plane see which of an input plane.
// One dimension is taken for two of height 1.
function tapsOf(out, x, weight, settings, transposed) {
  const isFlat = x.shape.length === 3;
  const [W, OW] = [x.shape.at(-1), out.shape.at(-1)];
  const [rows, columns] = [-2, -1].map((axis, i) => {
    if (isFlat && i === 0) return [[[0, 0]]];
    const [stride, padding, dilation] = settings.map((all) => all[isFlat ? 0 : i] ?? all[0]);
    const [n, m] = [x.shape.at(axis), out.shape.at(axis)];
    return Array.from({ length: weight.shape.at(axis) }, (_, t) => {
      const shift = t * dilation - padding;
      if (!transposed) return pairs(n, m, stride, shift);
      return pairs(m, n, stride, shift).map(([from, to]) => [to, from]);
    });
  });
  return rows.flatMap((down) =>
    columns.map((right) => ({
      to: Int32Array.from(down.flatMap(([r]) => right.map(([s]) => r * OW + s))),
      from: Int32Array.from(down.flatMap(([, y]) => right.map(([, z]) => y * W + z))),
    })),
  );
}

// Which of m places, `stride` apart and moved by `shift`, fall on one of n, and on which.
function pairs(n, m, stride, shift) {
  const all = Array.from({ length: m }, (_, i) => [i, i * stride + shift]);
  return all.filter(([, at]) => at >= 0 && at < n);
}
