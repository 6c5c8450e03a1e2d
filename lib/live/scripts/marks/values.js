// The values that a kernel gave for a mark: whether their shape fits, and their rows.

/** Throws unless the value fits its mark; `expected` says what would. */
export function expect(fits, mark, value, expected) {
  if (fits) return;
  throw new Error(`${mark.name}: the kernel gave shape (${value.shape.join(", ")}), ${expected}`);
}

/** f(...row) for each row of a value of shape (n, width). */
export function eachRow(value, f) {
  const [n, width] = value.shape;
  return Array.from({ length: n }, (_, i) => f(...value.data.slice(i * width, (i + 1) * width)));
}

/** Whether two values are the same numbers in the same shape. */
export function alike(a, b) {
  const shapes = a.shape.join() === b.shape.join();
  return shapes && a.data.every((v, i) => Object.is(v, b.data[i]));
}
