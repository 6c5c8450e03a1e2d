// Operations that torch answers with a view, and that copy here: a view is taken by strides.

import { axisOf, broadcastOffsets, offsets, strides } from "./shapes.js";
import { taken } from "./tensor.js";

const view = (meta, x) => ({ dtype: x.dtype, shape: meta.shape, data: x.data });
const expand = (meta, x) => taken(meta, x, broadcastOffsets(x, meta.shape));

function permute(meta, x, dims) {
  const own = strides(x.shape);
  const steps = dims.map((d) => own[axisOf(d, dims.length)]);
  return taken(meta, x, offsets(meta.shape, steps));
}

/** x[start : end : step] along the axis `dim`; the end is told by the shape of `meta`. */
export function slice(meta, x, dim, start, _, step) {
  const d = axisOf(dim, x.shape.length);
  const n = x.shape[d];
  const own = strides(x.shape);
  const fromFront = start < 0 ? Math.max(start + n, 0) : (start ?? 0);
  const steps = own.map((s, i) => (i === d ? s * step : s));
  return taken(meta, x, offsets(meta.shape, steps, Math.min(fromFront, n) * own[d]));
}

function select(meta, x, dim, index) {
  const d = axisOf(dim, x.shape.length);
  const own = strides(x.shape);
  const at = index < 0 ? index + x.shape[d] : index;
  const others = own.filter((_, i) => i !== d);
  return taken(meta, x, offsets(meta.shape, others, at * own[d]));
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
  const own = strides(x.shape);
  const steps = [...own];
  let start = 0;
  for (const d of dims.map((dim) => axisOf(dim, x.shape.length))) {
    steps[d] = -own[d];
    start += (x.shape[d] - 1) * own[d];
  }
  return taken(meta, x, offsets(x.shape, steps, start));
}

function diagonal(meta, x, offset, dim1, dim2) {
  const own = strides(x.shape);
  const a = axisOf(dim1, x.shape.length);
  const b = axisOf(dim2, x.shape.length);
  const start = offset < 0 ? -offset * own[a] : offset * own[b];
  const others = own.filter((_, i) => i !== a && i !== b);
  return taken(meta, x, offsets(meta.shape, [...others, own[a] + own[b]], start));
}

// Windows along an axis, `step` apart; the place in the window is a new last axis.
function unfold(meta, x, dim, _, step) {
  const d = axisOf(dim, x.shape.length);
  const own = strides(x.shape);
  const steps = own.map((s, i) => (i === d ? s * step : s));
  return taken(meta, x, offsets(meta.shape, [...steps, own[d]]));
}

export const VIEWS = {
  view,
  expand,
  permute,
  slice,
  select,
  split,
  flip,
  diagonal,
  unfold,
};
