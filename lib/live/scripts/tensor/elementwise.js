// Operations on each element by itself: functions of numbers. A word among the arguments of
// an operation is part of its name; one that is missing is nan.

import { roundHalfToEven } from "./dtypes.js";
import { erf } from "./erf.js";

function tanhGelu(v) {
  const c = Math.sqrt(2 / Math.PI);
  return 0.5 * v * (1 + Math.tanh(c * (v + 0.044715 * v * v * v)));
}

export const ELEMENTWISE = {
  cast: (v) => v,
  abs: Math.abs,
  neg: (v) => -v,
  exp: Math.exp,
  exp2: (v) => 2 ** v,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  log2: Math.log2,
  log10: Math.log10,
  sqrt: Math.sqrt,
  rsqrt: (v) => 1 / Math.sqrt(v),
  reciprocal: (v) => 1 / v,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  erf,
  "gelu none": (v) => 0.5 * v * (1 + erf(v / Math.SQRT2)),
  "gelu tanh": tanhGelu,
  relu: (v) => (v < 0 ? 0 : v),
  leakyRelu: (v, slope) => (v > 0 ? v : v * slope),
  elu: (v, alpha, scale, inputScale) =>
    v > 0 ? scale * v : scale * alpha * Math.expm1(v * inputScale),
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfToEven,
  trunc: Math.trunc,
  sign: (v) => (Number.isNaN(v) ? 0 : Math.sign(v)),
  isnan: Number.isNaN,
  isinf: (v) => Math.abs(v) === Infinity,
  not: (v) => !v,
  bitwiseNot: (v) => !v, // trace.py refuses integers
  add: (a, b, scale) => a + scale * b,
  sub: (a, b, scale) => a - scale * b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  "div floor": (a, b) => Math.floor(a / b),
  "div trunc": (a, b) => Math.trunc(a / b),
  pow: (a, b) => (a === 1 ? 1 : a ** b),
  maximum: Math.max,
  minimum: Math.min,
  atan2: Math.atan2,
  fmod: (a, b) => a % b,
  remainder: (a, b) => a - b * Math.floor(a / b),
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  and: (a, b) => a !== 0 && b !== 0,
  or: (a, b) => a !== 0 || b !== 0,
  xor: (a, b) => (a !== 0) !== (b !== 0),
  where: (condition, a, b) => (condition ? a : b),
  clamp: (v, low, high) => ((v < low ? low : v) > high ? high : v < low ? low : v),
};
