// Operations that read or write where a tensor of indices says.

import { axisOf, broadcastSteps, commonShape, offsets, size, strides } from "./shapes.js";
import { VIEWS } from "./views.js";

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
// Returns the shape, and a function that gives the place of each element in x.
function placesOf(x, indices) {
  const own = strides(x.shape);
  const axes = x.shape.map((_, d) => d);
  const named = axes.filter((d) => indices[d]);
  const whole = axes.filter((d) => !indices[d]);
  const sideBySide = named.every((d, i) => d === named[0] + i);
  const before = whole.filter((d) => sideBySide && d < named[0]);
  const behind = whole.filter((d) => !before.includes(d));
  const sizes = (some) => some.map((d) => x.shape[d]);
  const over = (some) =>
    offsets(
      sizes(some),
      some.map((d) => own[d]),
    );
  const outer = over(before);
  const inner = over(behind);
  const shared = named.reduce((found, d) => commonShape(found, indices[d].shape), []);
  const shape = [...sizes(before), ...shared, ...sizes(behind)];
  const picked = new Int32Array(size(shared));
  const places = new Int32Array(size(shape));
  const parts = named.map((d) => ({
    data: indices[d].data,
    at: offsets(shared, broadcastSteps(indices[d], shared)),
    n: x.shape[d],
    step: own[d],
  }));
  function find() {
    picked.fill(0);
    for (const { data, at, n, step } of parts) {
      for (let i = 0; i < picked.length; i++) picked[i] += fromFront(data[at[i]], n) * step;
    }
    let k = 0;
    for (let o = 0; o < outer.length; o++) {
      for (let p = 0; p < picked.length; p++) {
        const start = outer[o] + picked[p];
        for (let i = 0; i < inner.length; i++) places[k++] = start + inner[i];
      }
    }
    return places;
  }
  return { shape, find };
}

function index(out, x, indices) {
  const { find } = placesOf(x, indices);
  return () => {
    const places = find();
    for (let k = 0; k < places.length; k++) out.data[k] = x.data[places[k]];
  };
}

function indexPut(out, x, indices, values, adds) {
  const { shape, find } = placesOf(x, indices);
  const from = offsets(shape, broadcastSteps(values, shape));
  return () => {
    const places = find();
    out.data.set(x.data);
    for (let k = 0; k < places.length; k++) {
      const value = values.data[from[k]];
      out.data[places[k]] = adds ? out.data[places[k]] + value : value;
    }
  };
}

// A tensor in which the part that a view sees is another one's.
const put =
  (view) =>
  (out, x, part, ...how) => {
    const seen = view(part, x, ...how);
    const places = offsets(part.shape, seen.steps, seen.start);
    return () => {
      out.data.set(x.data);
      for (let k = 0; k < places.length; k++) out.data[places[k]] = part.data[k];
    };
  };

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
  indexPut,
  putSlice: put(VIEWS.slice),
  putDiagonal: put(VIEWS.diagonal),
  bucketize,
};
