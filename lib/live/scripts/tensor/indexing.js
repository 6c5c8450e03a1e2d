// Operations that read or write where a tensor of indices says.

import { axisOf, commonShape, offsets, size, spread, strides } from "./shapes.js";
import { taken, tensor } from "./tensor.js";

const fromFront = (i, n) => (i < 0 ? i + n : i);

function indexSelect(meta, x, dim, index) {
  const d = axisOf(dim, x.shape.length);
  const n = x.shape[d];
  const outer = size(x.shape.slice(0, d));
  const inner = size(x.shape.slice(d + 1));
  const places = new Int32Array(outer * index.data.length * inner);
  let k = 0;
  for (let o = 0; o < outer; o++) {
    for (const i of index.data) {
      const start = (o * n + fromFront(i, n)) * inner;
      for (let j = 0; j < inner; j++) places[k++] = start + j;
    }
  }
  return taken(meta, x, places);
}

// The places in x that an index along one axis names, for gather and scatter.
function indexedPlaces(x, index, dim) {
  const d = axisOf(dim, x.shape.length);
  const own = strides(x.shape);
  const others = own.map((s, i) => (i === d ? 0 : s));
  const start = offsets(index.shape, others);
  return start.map((s, i) => s + fromFront(index.data[i], x.shape[d]) * (own[d] || 1));
}

const gather = (meta, x, dim, index) => taken(meta, x, indexedPlaces(x, index, dim));

// `source` is a number or a tensor, of which the part in the shape of the index is read.
const scattered = (combine) => (meta, x, dim, index, source) => {
  const out = Float64Array.from(x.data);
  const to = indexedPlaces(x, index, dim);
  const from = typeof source === "object" ? offsets(index.shape, strides(source.shape)) : null;
  for (let i = 0; i < to.length; i++) {
    const value = from ? source.data[from[i]] : Number(source);
    out[to[i]] = combine(out[to[i]], value);
  }
  return tensor(meta, out);
};

// x[i, :, j]: tensors for some axes, broadcast together, and null for those that stay whole.
// Where the tensors stand side by side their axes take that place, else they come first.
function index(meta, x, indices) {
  const own = strides(x.shape);
  const axes = x.shape.map((_, d) => d);
  const named = axes.filter((d) => indices[d]);
  const whole = axes.filter((d) => !indices[d]);
  const sideBySide = named.every((d, i) => d === named[0] + i);
  const before = whole.filter((d) => sideBySide && d < named[0]);
  const behind = whole.filter((d) => !before.includes(d));
  const over = (some) =>
    offsets(
      some.map((d) => x.shape[d]),
      some.map((d) => own[d]),
    );
  const outer = over(before);
  const inner = over(behind);
  const picked = pickedPlaces(x, named, indices, own);
  const places = new Int32Array(outer.length * picked.length * inner.length);
  let k = 0;
  for (const o of outer) {
    for (const p of picked) {
      for (const i of inner) places[k++] = o + p + i;
    }
  }
  return taken(meta, x, places);
}

function pickedPlaces(x, named, indices, own) {
  const shape = named.reduce((found, d) => commonShape(found, indices[d].shape), []);
  const places = new Float64Array(size(shape));
  for (const d of named) {
    const along = spread(indices[d], shape);
    for (let i = 0; i < places.length; i++) places[i] += fromFront(along[i], x.shape[d]) * own[d];
  }
  return places;
}

// How many edges lie below each value; with `right`, an edge that is met counts, too.
function bucketize(meta, x, edges, _, right) {
  const below = right ? (edge, v) => edge <= v : (edge, v) => edge < v;
  const out = Float64Array.from(x.data, (v) => {
    let k = 0;
    while (k < edges.data.length && below(edges.data[k], v)) k++;
    return k;
  });
  return tensor(meta, out);
}

export const INDEXING = {
  indexSelect,
  embedding: (meta, weight, indices) => indexSelect(meta, weight, 0, indices),
  gather,
  scatter: scattered((_, value) => value),
  scatterAdd: scattered((old, value) => old + value),
  index,
  bucketize,
};
