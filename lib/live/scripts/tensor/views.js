// Operations that torch answers with a view: the same data by other steps, at no cost.

import { axisOf, broadcastSteps, isPacked, strides } from "./shapes.js";

const seen = (meta, x, steps, start = x.start) => ({
  dtype: x.dtype,
  shape: meta.shape,
  data: x.data,
  steps,
  start,
});

// x in another shape; undefined where its elements have to be copied side by side first.
function view(meta, x) {
  if (isPacked(x)) return seen(meta, x, strides(meta.shape));
  const longer = (shape) => shape.flatMap((n, i) => (n === 1 ? [] : [i]));
  const [from, to] = [longer(x.shape), longer(meta.shape)];
  if (String(from.map((i) => x.shape[i])) !== String(to.map((i) => meta.shape[i]))) return;
  const steps = meta.shape.map(() => 0);
  for (let k = 0; k < to.length; k++) steps[to[k]] = x.steps[from[k]];
  return seen(meta, x, steps);
}

const expand = (meta, x) => seen(meta, x, broadcastSteps(x, meta.shape));

function permute(meta, x, dims) {
  const steps = dims.map((d) => x.steps[axisOf(d, dims.length)]);
  return seen(meta, x, steps);
}

// x[start : end : step] along the axis `dim`; the end is told by the shape of `meta`.
function slice(meta, x, dim, start, _, step) {
  const d = axisOf(dim, x.shape.length);
  const n = x.shape[d];
  const fromFront = start < 0 ? Math.max(start + n, 0) : (start ?? 0);
  const steps = x.steps.map((s, i) => (i === d ? s * step : s));
  return seen(meta, x, steps, x.start + Math.min(fromFront, n) * x.steps[d]);
}

function select(meta, x, dim, index) {
  const d = axisOf(dim, x.shape.length);
  const at = index < 0 ? index + x.shape[d] : index;
  const others = x.steps.filter((_, i) => i !== d);
  return seen(meta, x, others, x.start + at * x.steps[d]);
}

function split(metas, x, _, dim) {
  const d = axisOf(dim, x.shape.length);
  let start = 0;
  return metas.map((meta) => {
    const part = slice(meta, x, dim, start, null, 1);
    start += meta.shape[d];
    return part;
  });
}

function flip(meta, x, dims) {
  const steps = [...x.steps];
  let start = x.start;
  for (const d of dims.map((dim) => axisOf(dim, x.shape.length))) {
    steps[d] = -x.steps[d];
    start += (x.shape[d] - 1) * x.steps[d];
  }
  return seen(meta, x, steps, start);
}

function diagonal(meta, x, offset, dim1, dim2) {
  const a = axisOf(dim1, x.shape.length);
  const b = axisOf(dim2, x.shape.length);
  const start = x.start + (offset < 0 ? -offset * x.steps[a] : offset * x.steps[b]);
  const others = x.steps.filter((_, i) => i !== a && i !== b);
  return seen(meta, x, [...others, x.steps[a] + x.steps[b]], start);
}

// Windows along an axis, `step` apart; the place in the window is a new last axis.
function unfold(meta, x, dim, _, step) {
  const d = axisOf(dim, x.shape.length);
  const steps = x.steps.map((s, i) => (i === d ? s * step : s));
  return seen(meta, x, [...steps, x.steps[d]]);
}

export const VIEWS = { view, expand, permute, slice, select, split, flip, diagonal, unfold };
