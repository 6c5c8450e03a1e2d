// A tensor is {dtype, shape, data}, contiguous; its dtype and shape alone are its meta. In a
// plan it has steps and start as well: how far apart in data its elements lie, and the first.

import { allocate, rounding } from "./dtypes.js";

/** A tensor of the values, rounded to the dtype of `meta`. */
export function tensor({ dtype, shape }, values) {
  const data = allocate(dtype, values.length);
  const round = rounding(dtype);
  for (let i = 0; i < data.length; i++) data[i] = round(values[i]);
  return { dtype, shape, data };
}

/** n zeros in double precision, in which sums are taken before they are rounded. */
export function zeros(n) {
  return new Float64Array(n);
}
