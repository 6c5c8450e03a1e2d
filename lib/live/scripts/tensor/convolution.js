// Convolution in one or two dimensions, forward and transposed.

import { multiplier, panelPlace, panelSize } from "./matrix.js";
import { size } from "./shapes.js";
import { zeros } from "./tensor.js";

function convolution(out, x, weight, bias, stride, padding, dilation, transposed, _, groups) {
  const taps = tapsOf(out, x, weight, [stride, padding, dilation], transposed);
  const planes = { from: size(x.shape.slice(2)), to: size(out.shape.slice(2)) };
  const byPlanes = transposed || out.shape[1] < 4 * groups;
  return (byPlanes ? added : multiplied)(out, x, weight, bias, groups, taps, planes, transposed);
}

// As a product of the kernels (outputs, terms) and what each of them sees (terms, places).
function multiplied(out, x, weight, bias, groups, taps, planes) {
  const groupIn = x.shape[1] / groups;
  const groupOut = out.shape[1] / groups;
  const terms = groupIn * taps.length;
  const multiply = multiplier(groupOut, terms, planes.to);
  const panels = zeros(panelSize(terms, planes.to)); // 0 in the padding
  const places = taps.map(({ to }, t) => to.map((place) => panelPlace(terms, t, place)));
  return () => {
    for (let k = 0; k < x.shape[0] * groups; k++) {
      for (let c = 0; c < groupIn; c++) {
        const start = (k * groupIn + c) * planes.from;
        taps.forEach(({ from }, t) => {
          copyTo(panels, panelPlace(terms, c * taps.length, 0), places[t], x.data, start, from);
        });
      }
      const first = (k % groups) * groupOut; // channel of the output
      multiply(weight.data, first * terms, panels, 0, (i, sums, at) => {
        const shift = bias ? bias.data[first + i] : 0;
        const row = (k * groupOut + i) * planes.to;
        for (let j = 0; j < planes.to; j++) out.data[row + j] = sums[at + j] + shift;
      });
    }
  };
}

function copyTo(panels, shift, to, data, start, from) {
  for (let i = 0; i < to.length; i++) panels[shift + to[i]] = data[start + from[i]];
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
