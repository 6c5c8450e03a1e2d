// Shapes: how many numbers, how far apart in memory, and what broadcasts to what.

/** How many elements a shape has. */
export function size(shape) {
  return shape.reduce((a, b) => a * b, 1);
}

/** An axis counted from the front, for one that may count from the back. */
export function axisOf(dim, rank) {
  return dim < 0 ? dim + Math.max(rank, 1) : dim;
}

/** How far apart in memory the neighbours along each axis of a contiguous tensor lie. */
export function strides(shape) {
  const found = new Array(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    found[i] = step;
    step *= shape[i];
  }
  return found;
}

/** Where the elements of `shape` lie in memory, in order, if an axis goes by its own step. */
export function offsets(shape, steps, start = 0) {
  let found = Int32Array.of(start);
  for (let i = 0; i < shape.length; i++) {
    const next = new Int32Array(found.length * shape[i]);
    let k = 0;
    for (let a = 0; a < found.length; a++) {
      for (let j = 0, at = found[a]; j < shape[i]; j++, at += steps[i]) next[k++] = at;
    }
    found = next;
  }
  return found;
}

/** For each element of `shape`, where tensor x has the one that is broadcast to it. */
export function broadcastOffsets(x, shape) {
  const own = strides(x.shape);
  const lead = shape.length - x.shape.length;
  const steps = shape.map((_, i) => (i < lead || x.shape[i - lead] === 1 ? 0 : own[i - lead]));
  return offsets(shape, steps);
}

/** The values of tensor x broadcast to `shape`; x's own array where nothing is to be done. */
export function spread(x, shape) {
  const n = size(shape);
  if (x.data.length === n && x.shape.length === shape.length) return x.data;
  if (x.data.length === 1) return new Float64Array(n).fill(x.data[0]);
  const found = new Float64Array(n);
  const lead = shape.length - x.shape.length;
  if (x.shape.every((d, i) => d === shape[lead + i])) {
    for (let at = 0; at < n; at += x.data.length) found.set(x.data, at); // whole copies
  } else {
    const from = broadcastOffsets(x, shape);
    for (let i = 0; i < n; i++) found[i] = x.data[from[i]];
  }
  return found;
}

/** The shape to which two shapes are broadcast together. */
export function commonShape(a, b) {
  const rank = Math.max(a.length, b.length);
  const at = (shape, i) => shape[shape.length - rank + i] ?? 1;
  return Array.from({ length: rank }, (_, i) => (at(a, i) === 1 ? at(b, i) : at(a, i)));
}
