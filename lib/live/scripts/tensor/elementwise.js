// Operations on each element by itself, of one tensor or of several broadcast together.

import { roundHalfToEven } from "./dtypes.js";
import { erf } from "./erf.js";
import { spread } from "./shapes.js";
import { lifted, tensor, zeros } from "./tensor.js";

const unary = (f) => (meta, x) => {
  const n = x.data.length;
  const out = zeros(n);
  for (let i = 0; i < n; i++) out[i] = f(x.data[i]);
  return tensor(meta, out);
};

const binary = (f) => (meta, a, b) => {
  const x = spread(lifted(a), meta.shape);
  const y = spread(lifted(b), meta.shape);
  const out = zeros(x.length);
  for (let i = 0; i < out.length; i++) out[i] = f(x[i], y[i]);
  return tensor(meta, out);
};

// The commonest have loops of their own: a call for each element costs more than it does.
const looped = (loop) => (meta, a, b, scale) => {
  const x = spread(lifted(a), meta.shape);
  const y = spread(lifted(b), meta.shape);
  const out = zeros(x.length);
  loop(out, x, y, scale);
  return tensor(meta, out);
};

const addScaled = looped((out, x, y, scale) => {
  for (let i = 0; i < out.length; i++) out[i] = x[i] + scale * y[i];
});
const multiply = looped((out, x, y) => {
  for (let i = 0; i < out.length; i++) out[i] = x[i] * y[i];
});
const quotient = looped((out, x, y) => {
  for (let i = 0; i < out.length; i++) out[i] = x[i] / y[i];
});

function divide(meta, a, b, mode) {
  if (!mode) return quotient(meta, a, b);
  const round = mode === "floor" ? Math.floor : Math.trunc;
  return binary((x, y) => round(x / y))(meta, a, b);
}

const nanOr = (f) => (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : f(a, b));

function gelu(meta, x, approximate) {
  if (approximate !== "tanh") return unary((v) => 0.5 * v * (1 + erf(v / Math.SQRT2)))(meta, x);
  const c = Math.sqrt(2 / Math.PI);
  return unary((v) => 0.5 * v * (1 + Math.tanh(c * (v + 0.044715 * v ** 3))))(meta, x);
}

function elu(meta, x, alpha, scale, inputScale) {
  const below = (v) => scale * alpha * Math.expm1(v * inputScale);
  return unary((v) => (v > 0 ? scale * v : below(v)))(meta, x);
}

function where(meta, condition, a, b) {
  const chosen = spread(condition, meta.shape);
  const x = spread(lifted(a), meta.shape);
  const y = spread(lifted(b), meta.shape);
  const out = zeros(chosen.length);
  for (let i = 0; i < out.length; i++) out[i] = chosen[i] ? x[i] : y[i];
  return tensor(meta, out);
}

function clamp(meta, x, low, high) {
  const bound = (b) => (b === null ? null : spread(lifted(b), meta.shape));
  const least = bound(low);
  const most = bound(high);
  const out = Float64Array.from(spread(x, meta.shape), (v, i) => {
    const raised = least && v < least[i] ? least[i] : v;
    return most && raised > most[i] ? most[i] : raised;
  });
  return tensor(meta, out);
}

export const ELEMENTWISE = {
  abs: unary(Math.abs),
  neg: unary((v) => -v),
  exp: unary(Math.exp),
  expm1: unary(Math.expm1),
  log: unary(Math.log),
  log1p: unary(Math.log1p),
  log2: unary(Math.log2),
  log10: unary(Math.log10),
  sqrt: unary(Math.sqrt),
  rsqrt: unary((v) => 1 / Math.sqrt(v)),
  reciprocal: unary((v) => 1 / v),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tan: unary(Math.tan),
  asin: unary(Math.asin),
  acos: unary(Math.acos),
  atan: unary(Math.atan),
  sinh: unary(Math.sinh),
  cosh: unary(Math.cosh),
  tanh: unary(Math.tanh),
  asinh: unary(Math.asinh),
  acosh: unary(Math.acosh),
  atanh: unary(Math.atanh),
  sigmoid: unary((v) => 1 / (1 + Math.exp(-v))),
  erf: unary(erf),
  gelu,
  relu: unary((v) => (v < 0 ? 0 : v)),
  leakyRelu: (meta, x, slope) => unary((v) => (v > 0 ? v : v * slope))(meta, x),
  elu,
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  round: unary(roundHalfToEven),
  trunc: unary(Math.trunc),
  sign: unary((v) => (Number.isNaN(v) ? 0 : Math.sign(v))),
  isnan: unary(Number.isNaN),
  isinf: unary((v) => Math.abs(v) === Infinity),
  not: unary((v) => !v),
  bitwiseNot: (meta, x) => unary(meta.dtype === "bool" ? (v) => !v : (v) => -v - 1)(meta, x),
  add: addScaled,
  sub: (meta, a, b, alpha) => addScaled(meta, a, b, -alpha),
  mul: multiply,
  div: divide,
  pow: binary((a, b) => (a === 1 ? 1 : a ** b)),
  maximum: binary(nanOr(Math.max)),
  minimum: binary(nanOr(Math.min)),
  atan2: binary(Math.atan2),
  fmod: binary((a, b) => a % b),
  remainder: binary((a, b) => a - b * Math.floor(a / b)),
  eq: binary((a, b) => a === b),
  ne: binary((a, b) => a !== b),
  lt: binary((a, b) => a < b),
  le: binary((a, b) => a <= b),
  gt: binary((a, b) => a > b),
  ge: binary((a, b) => a >= b),
  and: binary((a, b) => !!a && !!b),
  or: binary((a, b) => !!a || !!b),
  xor: binary((a, b) => !!a !== !!b),
  where,
  clamp,
};
