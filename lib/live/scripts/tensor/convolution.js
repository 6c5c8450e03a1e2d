// Convolution in one or two dimensions, forward and transposed.

import { multiplier, panelPlace, panelSize } from "./matrix.js";
import { zeros } from "./tensor.js";

function convolution(out, x, weight, bias, stride, padding, dilation, transposed, _, groups) {
  const geometry = measured(out, x, weight, stride, padding, dilation);
  const taps = transposed ? tapsSpread(geometry) : tapsSeen(geometry);
  const planes = { from: geometry.H * geometry.W, to: geometry.OH * geometry.OW };
  if (!transposed && out.shape[1] >= 4 * groups) {
    return multiplied(out, x, weight, bias, groups, taps, planes);
  }
  return added(out, x, weight, bias, groups, taps, planes, transposed);
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

// For each number of the kernel, which places of an output plane see which of an input plane.
function tapsSeen({ H, W, OH, OW, KH, KW, SH, SW, PH, PW, DH, DW }) {
  const taps = [];
  for (let i = 0; i < KH; i++) {
    for (let j = 0; j < KW; j++) {
      const [to, from] = [[], []];
      for (let r = 0; r < OH; r++) {
        for (let s = 0; s < OW; s++) {
          const y = r * SH + i * DH - PH;
          const z = s * SW + j * DW - PW;
          if (y < 0 || y >= H || z < 0 || z >= W) continue;
          to.push(r * OW + s);
          from.push(y * W + z);
        }
      }
      taps.push({ to: Int32Array.from(to), from: Int32Array.from(from) });
    }
  }
  return taps;
}

// The same the other way: what is transposed sends from where a convolution would see.
function tapsSpread({ H, W, OH, OW, ...kernel }) {
  const seen = tapsSeen({ H: OH, W: OW, OH: H, OW: W, ...kernel });
  return seen.map(({ to, from }) => ({ to: from, from: to }));
}
