// What each dtype of torch can hold, and how a number is rounded to fit into it.

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: Float64Array, // exact up to 2^53
};

// Floats for which JavaScript has no array: bits of the fraction, the smallest exponent of a
// normal number, the largest number, and whether what is beyond it becomes that number.
const SMALL_FLOATS = {
  float16: { bits: 10, exponent: -14, largest: 65504 },
  bfloat16: { bits: 7, exponent: -126, largest: 3.3895313892515355e38 },
  float8_e4m3fn: { bits: 3, exponent: -6, largest: 448, saturates: true },
  float8_e5m2: { bits: 2, exponent: -14, largest: 57344 },
};

const ROUNDINGS = {
  float32: Math.fround,
  float64: (v) => v,
  bool: (v) => (v ? 1 : 0),
  uint8: (v) => v & 255,
  int8: (v) => (v << 24) >> 24,
  int16: (v) => (v << 16) >> 16,
  int32: (v) => v | 0,
  int64: Math.trunc,
};
for (const [dtype, small] of Object.entries(SMALL_FLOATS)) {
  ROUNDINGS[dtype] = (v) => roundToSmall(v, small);
}

/** An array for n numbers of the dtype; small floats lie in a Float32Array. */
export function allocate(dtype, n) {
  return new (ARRAYS[dtype] ?? Float32Array)(n);
}

/** The function that makes of a number what the dtype can hold of it, as torch does. */
export function rounding(dtype) {
  return ROUNDINGS[dtype];
}

/** Whether an array of the dtype does not round by itself what is put into it. */
export function roundsLate(dtype) {
  return dtype in SMALL_FLOATS;
}

/** The nearest integer; a half goes to the even one. */
export function roundHalfToEven(x) {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

function roundToSmall(x, { bits, exponent, largest, saturates }) {
  if (x === 0 || Number.isNaN(x)) return x;
  const beyond = Math.sign(x) * (saturates ? largest : Infinity);
  if (!Number.isFinite(x)) return beyond;
  const unit = 2 ** (Math.max(exponentOf(Math.abs(x)), exponent) - bits);
  const rounded = roundHalfToEven(x / unit) * unit;
  return Math.abs(rounded) <= largest ? rounded : beyond;
}

function exponentOf(x) {
  const exponent = Math.floor(Math.log2(x));
  return 2 ** exponent > x ? exponent - 1 : exponent; // the logarithm may round up
}
