// A tensor is {dtype, shape, data}, contiguous; its dtype and shape alone are its meta.

import { allocate, stored } from "./dtypes.js";

/** A tensor of the values, rounded to the dtype of `meta`. */
export function tensor(meta, values) {
  return { dtype: meta.dtype, shape: meta.shape, data: stored(meta.dtype, values) };
}

/** One tensor for each result of an operation that has several. */
export function tensors(metas, results) {
  return results.map((values, i) => tensor(metas[i], values));
}

/** n zeros in double precision, in which everything is computed before it is rounded. */
export function zeros(n) {
  return new Float64Array(n);
}

/** A number as a tensor; a tensor as it is. */
export function lifted(x) {
  return typeof x === "object" ? x : { dtype: "float64", shape: [], data: [Number(x)] };
}

/** The elements of x at these places in memory, in the shape of `meta`. */
export function taken(meta, x, places) {
  const data = allocate(x.dtype, places.length);
  for (let i = 0; i < places.length; i++) data[i] = x.data[places[i]];
  return { dtype: x.dtype, shape: meta.shape, data };
}
