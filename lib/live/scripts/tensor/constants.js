// The constants of a program: from the bytes in which a page stores them to tensors.

import { size } from "./shapes.js";
import { tensor, zeros } from "./tensor.js";

const READERS = {
  float16: [2, (view, at) => float16(view.getUint16(at, true))],
  float32: [4, (view, at) => view.getFloat32(at, true)],
  float64: [8, (view, at) => view.getFloat64(at, true)],
  int32: [4, (view, at) => view.getInt32(at, true)],
  uint8: [1, (view, at) => view.getUint8(at)],
};

/**
 * A tensor of the dtype and shape from its bytes, which hold numbers of the kind `stored`:
 * one for each element, or a single one for all.
 */
export function decode(bytes, dtype, shape, stored) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, read] = READERS[stored];
  const step = bytes.length === width ? 0 : width;
  const values = zeros(size(shape));
  for (let i = 0; i < values.length; i++) values[i] = read(view, i * step);
  return tensor({ dtype, shape }, values);
}

function float16(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
}
