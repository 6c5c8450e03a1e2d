// Operations that build a tensor: filled, cast, padded, joined or repeated.

import { axisOf, offsets, size, strides } from "./shapes.js";
import { taken, tensor, zeros } from "./tensor.js";

const fill = (meta, _, value) => tensor(meta, zeros(size(meta.shape)).fill(Number(value)));
const cast = (meta, x) => tensor(meta, x.data);

function cat(meta, parts, dim) {
  const d = axisOf(dim, meta.shape.length);
  const own = strides(meta.shape);
  const out = zeros(size(meta.shape));
  let start = 0;
  for (const part of parts) {
    if (part.shape.length !== meta.shape.length) continue; // torch lets an empty (0,) through
    const to = offsets(part.shape, own, start * own[d]);
    for (let i = 0; i < to.length; i++) out[to[i]] = part.data[i];
    start += part.shape[d];
  }
  return tensor(meta, out);
}

// `sides` holds how much to add before and behind, the last axis first; negative cuts off.
function pad(meta, x, sides, value) {
  const rank = x.shape.length;
  const before = x.shape.map((_, i) => sides[2 * (rank - 1 - i)] || 0);
  const first = before.map((b) => Math.max(-b, 0)); // of what is kept of x
  const kept = x.shape.map((n, i) => Math.min(n, meta.shape[i] - before[i]) - first[i]);
  const box = (own, corner) =>
    offsets(
      kept.map((n) => Math.max(n, 0)),
      own,
      own.reduce((sum, step, i) => sum + step * corner[i], 0),
    );
  const from = box(strides(x.shape), first);
  const to = box(
    strides(meta.shape),
    before.map((b) => Math.max(b, 0)),
  );
  const out = zeros(size(meta.shape)).fill(value);
  for (let i = 0; i < to.length; i++) out[to[i]] = x.data[from[i]];
  return tensor(meta, out);
}

// Each axis becomes two: one that counts the copies and does not move, and its own.
function repeat(meta, x) {
  const lead = Array(meta.shape.length - x.shape.length).fill(1);
  const shape = [...lead, ...x.shape];
  const doubled = shape.flatMap((n, i) => [meta.shape[i] / n, n]);
  const steps = strides(shape).flatMap((step) => [0, step]);
  return taken(meta, x, offsets(doubled, steps));
}

export const BUILDING = { fill, cast, cat, pad, repeat };
