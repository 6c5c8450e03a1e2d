// Operations that build a tensor: filled, padded, joined or repeated.

import { axisOf, offsets, strides } from "./shapes.js";

const fill = (out, _, value) => () => out.data.fill(Number(value));

function cat(out, parts, dim) {
  const d = axisOf(dim, out.shape.length);
  const row = strides(out.shape)[d];
  const behind = row * out.shape[d]; // how far apart the joined rows begin
  const joined = parts.filter((part) => part.shape.length === out.shape.length);
  return () => {
    let start = 0;
    for (const { data, shape } of joined) {
      const length = shape[d] * row;
      for (let from = 0, to = start; from < data.length; from += length, to += behind) {
        copy(out.data, to, data, from, length);
      }
      start += length;
    }
  };
}

/** Copy `length` numbers of `data` from the place `from` to the place `to` of `out`. */
function copy(out, to, data, from, length) {
  for (let i = 0; i < length; i++) out[to + i] = data[from + i];
}

// `sides` holds how much to add before and behind, the last axis first; negative cuts off.
function pad(out, x, sides, value) {
  const rank = x.shape.length;
  const before = x.shape.map((_, i) => sides[2 * (rank - 1 - i)] || 0);
  const first = before.map((b) => Math.max(-b, 0)); // of what is kept of x
  const kept = x.shape.map((n, i) => Math.min(n, out.shape[i] - before[i]) - first[i]);
  const box = (own, corner) =>
    offsets(
      kept.map((n) => Math.max(n, 0)),
      own,
      own.reduce((sum, step, i) => sum + step * corner[i], 0),
    );
  const from = box(strides(x.shape), first);
  const to = box(
    strides(out.shape),
    before.map((b) => Math.max(b, 0)),
  );
  out.data.fill(value);
  return () => {
    for (let i = 0; i < to.length; i++) out.data[to[i]] = x.data[from[i]];
  };
}

// Each axis becomes two: one that counts the copies and does not move, and its own.
function repeat(out, x) {
  const lead = Array(out.shape.length - x.shape.length).fill(1);
  const shape = [...lead, ...x.shape];
  const doubled = shape.flatMap((n, i) => [out.shape[i] / n, n]);
  const steps = strides(shape).flatMap((step) => [0, step]);
  const places = offsets(doubled, steps);
  return () => {
    for (let i = 0; i < places.length; i++) out.data[i] = x.data[places[i]];
  };
}

export const BUILDING = { fill, cat, pad, repeat };
