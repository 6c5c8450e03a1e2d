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

/** How far apart the elements of tensor x lie along each axis of a shape it is broadcast to. */
export function broadcastSteps(x, shape) {
  const lead = shape.length - x.shape.length;
  return shape.map((_, i) => (i < lead || x.shape[i - lead] === 1 ? 0 : x.steps[i - lead]));
}

/** Whether the elements of x lie side by side, in order. */
export function isPacked(x) {
  const own = strides(x.shape);
  return x.shape.every((n, i) => n === 1 || x.steps[i] === own[i]) || size(x.shape) === 0;
}

/** The shape to which two shapes are broadcast together. */
export function commonShape(a, b) {
  const rank = Math.max(a.length, b.length);
  const at = (shape, i) => shape[shape.length - rank + i] ?? 1;
  return Array.from({ length: rank }, (_, i) => (at(a, i) === 1 ? at(b, i) : at(a, i)));
}
