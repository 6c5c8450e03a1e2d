// Operations that read or write where a tensor of indices says.

import { axisOf, broadcastSteps, commonShape, offsets, size, strides } from "./shapes.js";

const fromFront = (i, n) => (i < 0 ? i + n : i);

function indexSelect(out, x, dim, along) {
  const d = axisOf(dim, x.shape.length);
  const indices = x.shape.map((_, i) => (i === d ? along : null));
  return index(out, x, indices);
}

// Calls visit(k, place) for each element k of an index along one axis and its place in x.
function indexedPlaces(x, index, dim, visit) {
  const d = axisOf(dim, x.shape.length);
  const n = x.shape[d] ?? 1;
  const own = strides(x.shape);
  const others = own.map((s, i) => (i === d ? 0 : s));
  const starts = offsets(index.shape, others);
  const step = own[d] || 1;
  return () => {
    for (let i = 0; i < starts.length; i++) {
      visit(i, starts[i] + fromFront(index.data[i], n) * step);
    }
  };
}

function gather(out, x, dim, index) {
  return indexedPlaces(x, index, dim, (i, place) => {
    out.data[i] = x.data[place];
  });
}

// `source` is a number or a tensor, of which the part in the shape of the index is read.
const scattered = (adds) => (out, x, dim, index, source) => {
  const from = typeof source === "object" ? offsets(index.shape, strides(source.shape)) : null;
  const write = indexedPlaces(x, index, dim, (i, place) => {
    const value = from ? source.data[from[i]] : Number(source);
    out.data[place] = adds ? out.data[place] + value : value;
  });
  return () => {
    out.data.set(x.data);
    write();
  };
};

// x[i, :, j]: tensors for some axes, broadcast together, and null for those that stay whole.
// Where the tensors stand side by side their axes take that place, else they come first.
function index(out, x, indices) {
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
  const shape = named.reduce((found, d) => commonShape(found, indices[d].shape), []);
  const picked = new Int32Array(size(shape));
  const parts = named.map((d) => ({
    data: indices[d].data,
    places: offsets(shape, broadcastSteps(indices[d], shape)),
    n: x.shape[d],
    step: own[d],
  }));
  return () => {
    picked.fill(0);
    for (const { data, places, n, step } of parts) {
      for (let i = 0; i < picked.length; i++) picked[i] += fromFront(data[places[i]], n) * step;
    }
    let k = 0;
    for (let o = 0; o < outer.length; o++) {
      for (let p = 0; p < picked.length; p++) {
        const start = outer[o] + picked[p];
        for (let i = 0; i < inner.length; i++) out.data[k++] = x.data[start + inner[i]];
      }
    }
  };
}

// How many edges lie below each value; with `right`, an edge that is met counts, too.
function bucketize(out, x, edges, _, right) {
  return () => {
    for (let i = 0; i < x.data.length; i++) {
      const v = x.data[i];
      let k = 0;
      while (k < edges.data.length && (edges.data[k] < v || (right && edges.data[k] === v))) k++;
      out.data[i] = k;
    }
  };
}

export const INDEXING = {
  indexSelect,
  embedding: (out, weight, indices) => indexSelect(out, weight, 0, indices),
  gather,
  scatter: scattered(false),
  scatterAdd: scattered(true),
  index,
  bucketize,
};
