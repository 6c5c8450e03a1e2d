// The constants of a program: from the bytes in which a page stores them to tensors.

import { size } from "./shapes.js";
import { tensor, zeros } from "./tensor.js";

const READERS = {
  float16: (view, i) => float16(view.getUint16(2 * i, true)),
  float32: (view, i) => view.getFloat32(4 * i, true),
  float64: (view, i) => view.getFloat64(8 * i, true),
  int32: (view, i) => view.getInt32(4 * i, true),
  uint8: (view, i) => view.getUint8(i),
};

/** A tensor of the dtype and shape from its bytes, which hold numbers of the kind `stored`. */
export function decode(bytes, dtype, shape, stored) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = READERS[stored];
  const values = zeros(size(shape));
  for (let i = 0; i < values.length; i++) values[i] = read(view, i);
  return tensor({ dtype, shape }, values);
}

function float16(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
}
