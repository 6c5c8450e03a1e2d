// A small tensor interpreter: runs a traced kernel (core ATen operations) on typed
// arrays. No DOM, no atob, no dependency; a tensor is {dtype, shape, data}, contiguous.
"use strict";
var LiveTensor = (() => {
  const ROUNDED = { float16: [10, -14, 65504], bfloat16: [7, -126, 3.3895313892515355e38],
    float8_e4m3fn: [3, -6, 448], float8_e5m2: [2, -14, 57344] };
  const STORE = { float32: Float32Array, float64: Float64Array, bool: Uint8Array,
    uint8: Uint8Array, int8: Int8Array, int16: Int16Array, int32: Int32Array,
    int64: Float64Array };
  const INTEGER = new Set(["uint8", "int8", "int16", "int32", "int64"]);
  const size = (shape) => shape.reduce((a, b) => a * b, 1);
  const axis = (dim, rank) => (dim < 0 ? dim + Math.max(rank, 1) : dim);

  function halfEven(x) {
    const floor = Math.floor(x), rest = x - floor;
    if (rest !== 0.5) return Math.round(x);
    return floor % 2 === 0 ? floor : floor + 1;
  }
  function lowPrecision(x, dtype) {
    const [bits, smallest, largest] = ROUNDED[dtype];
    if (x === 0 || Number.isNaN(x)) return x;
    const saturates = dtype === "float8_e4m3fn";
    if (!Number.isFinite(x)) return saturates ? Math.sign(x) * largest : x;
    let exponent = Math.floor(Math.log2(Math.abs(x)));
    if (2 ** exponent > Math.abs(x)) exponent -= 1;
    const unit = 2 ** (Math.max(exponent, smallest) - bits);
    const y = halfEven(x / unit) * unit;
    if (Math.abs(y) <= largest) return y;
    return saturates ? Math.sign(y) * largest : Math.sign(y) * Infinity;
  }
  const store = (dtype, n) => new (STORE[dtype] || Float32Array)(n);
  function make(meta, values) {
    const data = store(meta.dtype, values.length), low = ROUNDED[meta.dtype];
    if (low) for (let i = 0; i < data.length; i++) data[i] = lowPrecision(values[i], meta.dtype);
    else if (INTEGER.has(meta.dtype)) for (let i = 0; i < data.length; i++) data[i] = Math.trunc(values[i]);
    else if (meta.dtype === "bool") for (let i = 0; i < data.length; i++) data[i] = values[i] ? 1 : 0;
    else data.set(values);
    return { dtype: meta.dtype, shape: meta.shape, data };
  }
  const wide = (n) => new Float64Array(n);
  const view = (meta, x) => ({ dtype: x.dtype, shape: meta.shape, data: x.data });
  const lift = (x) => (typeof x === "object" ? x : { dtype: "float64", shape: [], data: [Number(x)] });

  function strides(shape) {
    const out = new Array(shape.length);
    for (let i = shape.length - 1, step = 1; i >= 0; step *= shape[i--]) out[i] = step;
    return out;
  }
  // offsets of the elements of `shape` in a tensor whose strides per axis are `steps`
  function offsets(shape, steps, start = 0) {
    let out = Int32Array.of(start);
    shape.forEach((n, i) => {
      const next = new Int32Array(out.length * n), step = steps[i];
      for (let a = 0, k = 0; a < out.length; a++)
        for (let j = 0, at = out[a]; j < n; j++, at += step) next[k++] = at;
      out = next;
    });
    return out;
  }
  function broadcast(x, shape) {
    const own = strides(x.shape), lead = shape.length - x.shape.length;
    return offsets(shape, shape.map((_, i) => (i < lead || x.shape[i - lead] === 1 ? 0 : own[i - lead])));
  }
  function spread(x, shape) {                       // values of x broadcast to shape
    const n = size(shape);
    if (x.data.length === n && x.shape.length === shape.length) return x.data;
    if (x.data.length === 1) return wide(n).fill(x.data[0]);
    const out = wide(n), lead = shape.length - x.shape.length;
    if (x.shape.every((d, i) => d === shape[lead + i])) {       // whole copies, one after another
      for (let at = 0; at < n; at += x.data.length) out.set(x.data, at);
      return out;
    }
    const from = broadcast(x, shape);
    for (let i = 0; i < n; i++) out[i] = x.data[from[i]];
    return out;
  }
  const unary = (f) => (meta, x) => {
    const n = x.data.length, out = wide(n);
    for (let i = 0; i < n; i++) out[i] = f(x.data[i]);
    return make(meta, out);
  };
  const binary = (f) => (meta, a, b) => {
    const x = spread(lift(a), meta.shape), y = spread(lift(b), meta.shape), out = wide(x.length);
    for (let i = 0; i < out.length; i++) out[i] = f(x[i], y[i]);
    return make(meta, out);
  };
  const floored = (a, b) => a - b * Math.floor(a / b);
  const either = (f) => (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : f(a, b));

  function erf(x) {                                 // series, then continued fraction
    const a = Math.abs(x);
    if (Number.isNaN(x)) return NaN;
    if (a > 6) return Math.sign(x);
    if (a < 2.5) {
      let term = a, sum = a;
      for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
        term *= (-a * a) / n;
        sum += term / (2 * n + 1);
        if (n > 200) break;
      }
      return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
    }
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = (k / 2) / (a + fraction);
    return Math.sign(x) * (1 - Math.exp(-a * a) / ((a + fraction) * Math.sqrt(Math.PI)));
  }
  function gelu(meta, x, approximate) {
    const c = Math.sqrt(2 / Math.PI);
    return approximate === "tanh"
      ? unary((v) => 0.5 * v * (1 + Math.tanh(c * (v + 0.044715 * v ** 3))))(meta, x)
      : unary((v) => 0.5 * v * (1 + erf(v / Math.SQRT2)))(meta, x);
  }

  // [outer, length, inner] around the reduced axes, which are moved together first
  function grouped(x, dims) {
    const rank = x.shape.length;
    const chosen = new Set((dims === null || dims.length === 0 ? x.shape.map((_, i) => i) : dims).map((d) => axis(d, rank)));
    const own = strides(x.shape), all = x.shape.map((_, i) => i);
    const kept = all.filter((i) => !chosen.has(i)), gone = all.filter((i) => chosen.has(i));
    return {
      starts: offsets(kept.map((i) => x.shape[i]), kept.map((i) => own[i])),
      steps: offsets(gone.map((i) => x.shape[i]), gone.map((i) => own[i])),
    };
  }
  function reduce(meta, x, dims, f) {
    const { starts, steps } = grouped(x, dims), out = wide(starts.length);
    const row = wide(steps.length);
    for (let i = 0; i < out.length; i++) {
      for (let j = 0; j < row.length; j++) row[j] = x.data[starts[i] + steps[j]];
      out[i] = f(row);
    }
    return make(meta, out);
  }
  function along(meta, x, dim, f) {                 // f maps one row to one row
    const { starts, steps } = grouped(x, [dim]), out = wide(x.data.length), row = wide(steps.length);
    for (const start of starts) {
      for (let j = 0; j < row.length; j++) row[j] = x.data[start + steps[j]];
      const result = f(row);
      for (let j = 0; j < row.length; j++) out[start + steps[j]] = result[j];
    }
    return make(meta, out);
  }
  const total = (row) => { let s = 0; for (let i = 0; i < row.length; i++) s += row[i]; return s; };
  function largest(row) {                           // nan, once met, stays
    let m = -Infinity;
    for (let i = 0; i < row.length; i++) if (row[i] > m || Number.isNaN(row[i])) m = row[i];
    return m;
  }
  const smallest = (row) => -largest(row.map((v) => -v));
  const squares = (row, mean) => { let s = 0; for (let i = 0; i < row.length; i++) s += (row[i] - mean) ** 2; return s; };
  const first = (row, best) => row.findIndex((v) => Object.is(v, best) || v === best);
  const flat = (dim) => (dim === null ? null : [dim]);
  const extreme = (pick) => (metas, x, dim) => [
    reduce(metas[0], x, [dim], pick), reduce(metas[1], x, [dim], (row) => first(row, pick(row)))];
  const argExtreme = (pick) => (meta, x, dim) => reduce(meta, x, flat(dim), (row) => first(row, pick(row)));
  function softmax(meta, x, dim) {
    return along(meta, x, dim, (row) => {
      const top = largest(row);
      let sum = 0;
      for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp(row[i] - top);
      for (let i = 0; i < row.length; i++) row[i] /= sum;
      return row;
    });
  }
  function logSoftmax(meta, x, dim) {
    return along(meta, x, dim, (row) => {
      const top = largest(row), log = top + Math.log(total(row.map((v) => Math.exp(v - top))));
      return row.map((v) => v - log);
    });
  }
  function ranking(row, descending) {               // stable, nan counts as largest
    const key = (v) => (Number.isNaN(v) ? Infinity : v), order = Array.from(row, (_, i) => i);
    return order.sort((a, b) => (key(row[a]) === key(row[b]) ? a - b
      : (key(row[a]) < key(row[b]) ? -1 : 1) * (descending ? -1 : 1)));
  }
  function sort(metas, x, dim, descending) {
    const values = along(metas[0], x, dim, (row) => ranking(row, descending).map((i) => row[i]));
    return [values, along(metas[1], x, dim, (row) => ranking(row, descending))];
  }
  function topk(metas, x, k, dim, best) {
    const sorted = sort([{ dtype: x.dtype, shape: x.shape }, { dtype: "int64", shape: x.shape }], x, dim, best);
    return sorted.map((t, i) => slice(metas[i], t, dim, 0, k, 1));
  }

  function matmul(out, a, b, n, k, m, a0 = 0, b0 = 0, out0 = 0) {
    const row = wide(m), whole = k - (k % 4);       // four rows of b to one visit of the sums
    for (let i = 0; i < n; i++) {
      const from = a0 + i * k;
      row.fill(0);
      for (let p = 0; p < whole; p += 4) {
        const b1 = b0 + p * m, b2 = b1 + m, b3 = b2 + m, b4 = b3 + m;
        const v1 = a[from + p], v2 = a[from + p + 1], v3 = a[from + p + 2], v4 = a[from + p + 3];
        for (let j = 0; j < m; j++) row[j] += v1 * b[b1 + j] + v2 * b[b2 + j] + v3 * b[b3 + j] + v4 * b[b4 + j];
      }
      for (let p = whole; p < k; p++)
        for (let j = 0, v = a[from + p], at = b0 + p * m; j < m; j++) row[j] += v * b[at + j];
      out.set(row, out0 + i * m);
    }
  }
  function product(a, b) {
    const out = wide(a.shape[0] * b.shape[1]);
    matmul(out, a.data, b.data, a.shape[0], a.shape[1], b.shape[1]);
    return out;
  }
  const mm = (meta, a, b) => make(meta, product(a, b));
  function bmm(meta, a, b) {
    const [batch, n, k] = a.shape, m = b.shape[2], out = wide(size(meta.shape));
    for (let i = 0; i < batch; i++) matmul(out, a.data, b.data, n, k, m, i * n * k, i * k * m, i * n * m);
    return make(meta, out);
  }
  function addmm(meta, bias, a, b, beta, alpha) {
    const out = product(a, b), start = spread(bias, meta.shape);
    for (let i = 0; i < out.length; i++) out[i] = alpha * out[i] + beta * start[i];
    return make(meta, out);
  }
  function cdist(meta, a, b, p) {
    const n = a.shape.at(-2), m = b.shape.at(-2), d = a.shape.at(-1), batch = size(a.shape) / (n * d);
    const out = wide(size(meta.shape));
    for (let q = 0, k = 0; q < batch; q++) for (let i = 0; i < n; i++) for (let j = 0; j < m; j++, k++) {
      let s = 0;
      for (let c = 0; c < d; c++) s += Math.abs(a.data[(q * n + i) * d + c] - b.data[(q * m + j) * d + c]) ** p;
      out[k] = s ** (1 / p);
    }
    return make(meta, out);
  }

  function convolution(meta, x, weight, bias, stride, padding, dilation, transposed, outputPadding, groups) {
    const [B, Cin, ...inner] = x.shape, [, Cout, ...outer] = meta.shape, kernel = weight.shape.slice(2);
    const flat2 = (a, fill) => (a.length === 2 ? a : a.length === 1 && inner.length === 2 ? [a[0], a[0]] : [fill, a[0]]);
    const [H, W] = flat2(inner, 1), [OH, OW] = flat2(outer, 1), [KH, KW] = flat2(kernel, 1);
    const [SH, SW] = flat2(stride, 1), [PH, PW] = flat2(padding, 0), [DH, DW] = flat2(dilation, 1);
    const gin = Cin / groups, gout = Cout / groups, out = wide(size(meta.shape));
    for (let b = 0; b < B; b++) for (let o = 0; o < Cout; o++) {
      const g = Math.floor(o / gout), to = (b * Cout + o) * OH * OW;
      if (bias) out.fill(bias.data[o], to, to + OH * OW);
      for (let c = 0; c < gin; c++) {
        const from = (b * Cin + g * gin + c) * H * W;
        const w0 = (transposed ? (g * gin + c) * gout + (o - g * gout) : o * gin + c) * KH * KW;
        for (let i = 0; i < KH; i++) for (let j = 0; j < KW; j++) {
          const w = weight.data[w0 + i * KW + j];
          if (transposed) {
            for (let y = 0; y < H; y++) for (let z = 0; z < W; z++) {
              const r = y * SH - PH + i * DH, s = z * SW - PW + j * DW;
              if (r >= 0 && r < OH && s >= 0 && s < OW) out[to + r * OW + s] += w * x.data[from + y * W + z];
            }
          } else {
            for (let r = 0; r < OH; r++) {
              const y = r * SH - PH + i * DH;
              if (y < 0 || y >= H) continue;
              for (let s = 0; s < OW; s++) {
                const z = s * SW - PW + j * DW;
                if (z >= 0 && z < W) out[to + r * OW + s] += w * x.data[from + y * W + z];
              }
            }
          }
        }
      }
    }
    return make(meta, out);
  }
  const pair = (a) => (a.length === 2 ? a : [a[0], a[0]]);
  function windows(meta, x, kernel, stride, padding, dilation, visit) {
    const [H, W] = x.shape.slice(-2), [OH, OW] = meta.shape.slice(-2), planes = size(x.shape) / (H * W);
    const [KH, KW] = pair(kernel), [SH, SW] = pair(stride.length ? stride : kernel), [PH, PW] = pair(padding), [DH, DW] = pair(dilation);
    for (let p = 0, k = 0; p < planes; p++) for (let r = 0; r < OH; r++) for (let s = 0; s < OW; s++, k++)
      for (let i = 0; i < KH; i++) for (let j = 0; j < KW; j++) {
        const y = r * SH - PH + i * DH, z = s * SW - PW + j * DW;
        const inside = y >= 0 && y < H && z >= 0 && z < W;
        const padded = y >= -PH && y < H + PH && z >= -PW && z < W + PW;
        visit(k, inside ? x.data[p * H * W + y * W + z] : null, y * W + z, padded);
      }
  }
  function maxPool(metas, x, kernel, stride, padding, dilation) {
    const best = wide(size(metas[0].shape)).fill(-Infinity), where = wide(best.length);
    windows(metas[0], x, kernel, stride, padding, dilation, (k, v, i) => {
      if (v !== null && (v > best[k] || Number.isNaN(v))) { best[k] = v; where[k] = i; }
    });
    return [make(metas[0], best), make(metas[1], where)];
  }
  function avgPool(meta, x, kernel, stride, padding, ceil, countPad, divisor) {
    const sum = wide(size(meta.shape)), count = wide(sum.length);
    windows(meta, x, kernel, stride, padding, [1, 1], (k, v, _, padded) => {
      if (v !== null) sum[k] += v;
      if (v !== null || (countPad && padded)) count[k] += 1;
    });
    return make(meta, sum.map((v, k) => v / (divisor || count[k])));
  }
  function adaptivePool(meta, x) {
    const [H, W] = x.shape.slice(-2), [OH, OW] = meta.shape.slice(-2), planes = size(x.shape) / (H * W);
    const out = [], cut = (i, n, m) => [Math.floor((i * n) / m), Math.ceil(((i + 1) * n) / m)];
    for (let p = 0; p < planes; p++) for (let r = 0; r < OH; r++) for (let s = 0; s < OW; s++) {
      const [a, b] = cut(r, H, OH), [c, d] = cut(s, W, OW);
      let sum = 0;
      for (let y = a; y < b; y++) for (let z = c; z < d; z++) sum += x.data[(p * H + y) * W + z];
      out.push(sum / ((b - a) * (d - c)));
    }
    return make(meta, out);
  }
  function resize(meta, x, source) {                // source(axis, i) -> [[index, weight], ...]
    const [H, W] = x.shape.slice(-2), [OH, OW] = meta.shape.slice(-2), planes = size(x.shape) / (H * W);
    const rows = Array.from({ length: OH }, (_, i) => source(0, i, H, OH));
    const columns = Array.from({ length: OW }, (_, i) => source(1, i, W, OW)), out = [];
    for (let p = 0; p < planes; p++) for (const row of rows) for (const column of columns) {
      let sum = 0;
      for (const [y, a] of row) for (const [z, b] of column) sum += a * b * x.data[(p * H + y) * W + z];
      out.push(sum);
    }
    return make(meta, out);
  }
  const ratio = (scale, n, m) => (scale ? 1 / scale : n / m);
  function nearest(meta, x, ...scales) {
    return resize(meta, x, (a, i, n, m) => [[Math.min(Math.floor(Math.fround(i * Math.fround(ratio(scales[a], n, m)))), n - 1), 1]]);
  }
  function position(align, scale, i, n, m) {
    return align ? (m > 1 ? (i * (n - 1)) / (m - 1) : 0) : (i + 0.5) * ratio(scale, n, m) - 0.5;
  }
  function bilinear(meta, x, align, ...scales) {
    return resize(meta, x, (a, i, n, m) => {
      const at = Math.max(position(align, scales[a], i, n, m), 0), low = Math.min(Math.floor(at), n - 1);
      const part = Math.min(at - low, 1);
      return [[low, 1 - part], [Math.min(low + 1, n - 1), part]];
    });
  }

  function normalise(x, group, scale, shift, eps) { // rows of `group` elements
    const out = wide(x.data.length), rows = out.length / group, mean = wide(rows), rstd = wide(rows);
    for (let r = 0; r < rows; r++) {
      const row = x.data.subarray(r * group, (r + 1) * group);
      mean[r] = total(row) / group;
      rstd[r] = 1 / Math.sqrt(squares(row, mean[r]) / group + eps);
      for (let j = 0; j < group; j++) {
        const i = r * group + j;
        out[i] = (row[j] - mean[r]) * rstd[r] * scale(i) + shift(i);
      }
    }
    return [out, mean, rstd];
  }
  const many = (metas, results) => results.map((r, i) => make(metas[i], r));
  function layerNorm(metas, x, shape, weight, bias, eps) {
    const n = size(shape);
    return many(metas, normalise(x, n, (i) => (weight ? weight.data[i % n] : 1), (i) => (bias ? bias.data[i % n] : 0), eps));
  }
  function groupNorm(metas, x, weight, bias, N, C, HW, groups, eps) {
    const channel = (i) => Math.floor(i / HW) % C;
    return many(metas, normalise(x, (C / groups) * HW, (i) => (weight ? weight.data[channel(i)] : 1), (i) => (bias ? bias.data[channel(i)] : 0), eps));
  }
  function batchNorm(metas, x, weight, bias, mean, variance, momentum, eps) {
    const C = x.shape[1], inner = size(x.shape.slice(2));
    const out = Float64Array.from(x.data, (v, i) => {
      const c = Math.floor(i / inner) % C, z = (v - mean.data[c]) / Math.sqrt(variance.data[c] + eps);
      return z * (weight ? weight.data[c] : 1) + (bias ? bias.data[c] : 0);
    });
    return [make(metas[0], out), make(metas[1], []), make(metas[2], [])];
  }

  function take(meta, x, from) {
    const out = store(x.dtype, from.length);
    for (let i = 0; i < from.length; i++) out[i] = x.data[from[i]];
    return { dtype: x.dtype, shape: meta.shape, data: out };
  }
  function slice(meta, x, dim, start, end, step) {
    const d = axis(dim, x.shape.length), n = x.shape[d], own = strides(x.shape);
    const begin = Math.min(start === null ? 0 : start < 0 ? Math.max(start + n, 0) : start, n);
    return take(meta, x, offsets(meta.shape, own.map((s, i) => (i === d ? s * step : s)), begin * own[d]));
  }
  function select(meta, x, dim, index) {
    const d = axis(dim, x.shape.length), own = strides(x.shape), at = index < 0 ? index + x.shape[d] : index;
    return take(meta, x, offsets(meta.shape, own.filter((_, i) => i !== d), at * own[d]));
  }
  function permute(meta, x, dims) {
    const own = strides(x.shape);
    return take(meta, x, offsets(meta.shape, dims.map((d) => own[axis(d, dims.length)])));
  }
  function cat(meta, tensors, dim) {
    const d = axis(dim, meta.shape.length), out = wide(size(meta.shape)), own = strides(meta.shape);
    let start = 0;
    for (const t of tensors) {
      if (t.shape.length !== meta.shape.length) continue;   // torch lets an empty (0,) through
      const to = offsets(t.shape, own, start * own[d]);
      for (let i = 0; i < to.length; i++) out[to[i]] = t.data[i];
      start += t.shape[d];
    }
    return make(meta, out);
  }
  function split(metas, x, sizes, dim) {
    const d = axis(dim, x.shape.length);
    let start = 0;
    return metas.map((meta) => {
      const part = slice(meta, x, dim, start, null, 1);
      start += meta.shape[d];
      return part;
    });
  }
  function flip(meta, x, dims) {
    const own = strides(x.shape), chosen = new Set(dims.map((d) => axis(d, x.shape.length)));
    const start = own.reduce((s, step, i) => s + (chosen.has(i) ? (x.shape[i] - 1) * step : 0), 0);
    return take(meta, x, offsets(x.shape, own.map((s, i) => (chosen.has(i) ? -s : s)), start));
  }
  function padNd(meta, x, pad, value) {
    const rank = x.shape.length, own = strides(x.shape), out = wide(size(meta.shape)).fill(value);
    const before = x.shape.map((_, i) => pad[2 * (rank - 1 - i)] || 0);
    const index = offsets(meta.shape, strides(meta.shape));
    for (const k of index) {
      let rest = k, from = 0, inside = true;
      for (let i = rank - 1; i >= 0; i--) {
        const at = (rest % meta.shape[i]) - before[i];
        rest = Math.floor(rest / meta.shape[i]);
        inside = inside && at >= 0 && at < x.shape[i];
        from += at * own[i];
      }
      if (inside) out[k] = x.data[from];
    }
    return make(meta, out);
  }
  const wrap = (i, n) => (i < 0 ? i + n : i);
  function indexSelect(meta, x, dim, index) {
    const d = axis(dim, x.shape.length), own = strides(x.shape), inner = own[d] || 1, n = x.shape[d];
    const outer = size(x.shape.slice(0, d)), from = [];
    for (let o = 0; o < outer; o++) for (const i of index.data) for (let k = 0; k < inner; k++)
      from.push((o * n + wrap(i, n)) * inner + k);
    return take(meta, x, from);
  }
  function lines(x, index, dim) {                   // where gather and scatter meet x
    const d = axis(dim, x.shape.length), own = strides(x.shape);
    const base = offsets(index.shape, own.map((s, i) => (i === d ? 0 : s)));
    return base.map((b, i) => b + wrap(index.data[i], x.shape[d]) * (own[d] || 1));
  }
  const gather = (meta, x, dim, index) => take(meta, x, lines(x, index, dim));
  function scatter(meta, x, dim, index, source, add) {
    const out = Float64Array.from(x.data), at = lines(x, index, dim), own = typeof source === "object" ? offsets(index.shape, strides(source.shape)) : null;
    at.forEach((to, i) => {
      const v = own ? source.data[own[i]] : Number(source);
      out[to] = add ? out[to] + v : v;
    });
    return make(meta, out);
  }
  function indexTensors(meta, x, indices) {         // x[i, j, :] with leading or None entries
    const own = strides(x.shape), used = indices.map((t, d) => [t, d]).filter(([t]) => t);
    const together = used.every(([, d], i) => i === 0 || d === used[i - 1][1] + 1);
    const shape = used.reduce((s, [t]) => joint(s, t.shape), []), n = size(shape);
    const part = used.map(([t, d]) => spread(t, shape).map((i) => wrap(i, x.shape[d]) * own[d]));
    const picked = Array.from({ length: n }, (_, i) => part.reduce((s, p) => s + p[i], 0));
    const free = x.shape.map((_, d) => d).filter((d) => !indices[d]);
    const split0 = together ? free.filter((d) => d < used[0][1]) : [];
    const rest = free.filter((d) => !split0.includes(d));
    const outer = offsets(split0.map((d) => x.shape[d]), split0.map((d) => own[d]));
    const inner = offsets(rest.map((d) => x.shape[d]), rest.map((d) => own[d])), from = [];
    for (const o of outer) for (const p of picked) for (const i of inner) from.push(o + p + i);
    return take(meta, x, from);
  }
  function joint(a, b) {
    const rank = Math.max(a.length, b.length), at = (s, i) => s[s.length - rank + i] ?? 1;
    return Array.from({ length: rank }, (_, i) => (at(a, i) === 1 ? at(b, i) : at(a, i)));
  }
  function diagonal(meta, x, offset, dim1, dim2) {
    const own = strides(x.shape), a = axis(dim1, x.shape.length), b = axis(dim2, x.shape.length);
    const start = offset < 0 ? -offset * own[a] : offset * own[b], rest = own.filter((_, i) => i !== a && i !== b);
    return take(meta, x, offsets(meta.shape, [...rest, own[a] + own[b]], start));
  }
  function unfold(meta, x, dim, length, step) {
    const d = axis(dim, x.shape.length), own = strides(x.shape);
    return take(meta, x, offsets(meta.shape, [...own.map((s, i) => (i === d ? s * step : s)), own[d]]));
  }
  function bucketize(meta, x, edges, int32, right) {
    return make(meta, Float64Array.from(x.data, (v) => {
      let k = 0;
      while (k < edges.data.length && (right ? edges.data[k] <= v : edges.data[k] < v)) k++;
      return k;
    }));
  }
  function where(meta, condition, a, b) {
    const c = spread(condition, meta.shape), x = spread(lift(a), meta.shape), y = spread(lift(b), meta.shape), out = wide(c.length);
    for (let i = 0; i < out.length; i++) out[i] = c[i] ? x[i] : y[i];
    return make(meta, out);
  }
  function clamp(meta, x, low, high) {
    const a = low === null ? null : spread(lift(low), meta.shape), b = high === null ? null : spread(lift(high), meta.shape);
    const values = spread(x, meta.shape);
    return make(meta, Float64Array.from(values, (v, i) => {
      const up = a && v < a[i] ? a[i] : v;
      return b && up > b[i] ? b[i] : up;
    }));
  }
  function divide(meta, a, b, mode) {
    const round = mode === "floor" ? Math.floor : Math.trunc;
    return mode ? binary((x, y) => round(x / y))(meta, a, b) : quotient(meta, a, b);
  }
  // The commonest have loops of their own: a call for each element costs more than it does.
  const looped = (loop) => (meta, a, b, scale) => {
    const x = spread(lift(a), meta.shape), y = spread(lift(b), meta.shape), out = wide(x.length);
    loop(out, x, y, scale);
    return make(meta, out);
  };
  const scaledSum = looped((out, x, y, scale) => { for (let i = 0; i < out.length; i++) out[i] = x[i] + scale * y[i]; });
  const times = looped((out, x, y) => { for (let i = 0; i < out.length; i++) out[i] = x[i] * y[i]; });
  const quotient = looped((out, x, y) => { for (let i = 0; i < out.length; i++) out[i] = x[i] / y[i]; });
  const cumulative = (f) => (meta, x, dim) => along(meta, x, dim, (row) => { let s; return row.map((v, i) => (s = i ? f(s, v) : v)); });

  const OPS = {
    abs: unary(Math.abs), neg: unary((v) => -v), exp: unary(Math.exp), expm1: unary(Math.expm1),
    log: unary(Math.log), log1p: unary(Math.log1p), log2: unary(Math.log2), log10: unary(Math.log10),
    sqrt: unary(Math.sqrt), rsqrt: unary((v) => 1 / Math.sqrt(v)), reciprocal: unary((v) => 1 / v),
    sin: unary(Math.sin), cos: unary(Math.cos), tan: unary(Math.tan), asin: unary(Math.asin),
    acos: unary(Math.acos), atan: unary(Math.atan), sinh: unary(Math.sinh), cosh: unary(Math.cosh),
    tanh: unary(Math.tanh), asinh: unary(Math.asinh), acosh: unary(Math.acosh), atanh: unary(Math.atanh),
    sigmoid: unary((v) => 1 / (1 + Math.exp(-v))), erf: unary(erf), gelu,
    relu: unary((v) => (v < 0 ? 0 : v)), floor: unary(Math.floor), ceil: unary(Math.ceil),
    round: unary(halfEven), trunc: unary(Math.trunc), sign: unary((v) => (Number.isNaN(v) ? 0 : Math.sign(v))),
    isnan: unary(Number.isNaN), isinf: unary((v) => Math.abs(v) === Infinity), not: unary((v) => !v),
    bitwiseNot: (meta, x) => unary(meta.dtype === "bool" ? (v) => !v : (v) => -v - 1)(meta, x),
    leakyRelu: (meta, x, slope) => unary((v) => (v > 0 ? v : v * slope))(meta, x),
    elu: (meta, x, alpha, scale, inputScale) => unary((v) => (v > 0 ? scale * v : scale * alpha * Math.expm1(v * inputScale)))(meta, x),
    add: scaledSum, sub: (meta, a, b, alpha) => scaledSum(meta, a, b, -alpha),
    mul: times, div: divide, pow: binary((a, b) => (a === 1 ? 1 : a ** b)),
    maximum: binary(either(Math.max)), minimum: binary(either(Math.min)), atan2: binary(Math.atan2),
    fmod: binary((a, b) => a % b), remainder: binary(floored),
    eq: binary((a, b) => a === b), ne: binary((a, b) => a !== b), lt: binary((a, b) => a < b),
    le: binary((a, b) => a <= b), gt: binary((a, b) => a > b), ge: binary((a, b) => a >= b),
    and: binary((a, b) => !!a && !!b), or: binary((a, b) => !!a || !!b), xor: binary((a, b) => !!a !== !!b),
    where, clamp,
    sum: (meta, x, dims) => reduce(meta, x, dims, total),
    mean: (meta, x, dims) => reduce(meta, x, dims, (row) => total(row) / row.length),
    prod: (meta, x, dim) => reduce(meta, x, flat(dim), (row) => row.reduce((a, b) => a * b, 1)),
    amax: (meta, x, dims) => reduce(meta, x, dims, largest), amin: (meta, x, dims) => reduce(meta, x, dims, smallest),
    any: (meta, x, dims) => reduce(meta, x, typeof dims === "number" ? [dims] : dims, (row) => row.some((v) => v)),
    variance: (meta, x, dims, correction) => reduce(meta, x, dims, (row) => squares(row, total(row) / row.length) / Math.max(row.length - (correction ?? 1), 0)),
    vectorNorm: (meta, x, p, dims) => reduce(meta, x, dims, (row) => (p === Infinity ? largest(row.map(Math.abs)) : total(row.map((v) => Math.abs(v) ** p)) ** (1 / p))),
    max: extreme(largest), min: extreme(smallest), argmax: argExtreme(largest), argmin: argExtreme(smallest),
    cumsum: cumulative((a, b) => a + b), cumprod: cumulative((a, b) => a * b), softmax, logSoftmax, sort, topk,
    mm, bmm, addmm, cdist, convolution, maxPool, avgPool, adaptivePool, nearest, bilinear,
    layerNorm, groupNorm, batchNorm,
    view, expand: (meta, x) => take(meta, x, broadcast(x, meta.shape)), permute, slice, select, cat, split, flip, unfold,
    cast: (meta, x) => make(meta, x.data), pad: padNd, indexSelect, gather, index: indexTensors,
    embedding: (meta, weight, index) => indexSelect(meta, weight, 0, index),
    scatter: (meta, x, dim, index, source) => scatter(meta, x, dim, index, source, false),
    scatterAdd: (meta, x, dim, index, source) => scatter(meta, x, dim, index, source, true),
    diagonal, bucketize,
    fill: (meta, x, value) => make(meta, wide(size(meta.shape)).fill(Number(value))),
    repeat: (meta, x) => {
      const lead = meta.shape.length - x.shape.length, shape = [...Array(lead).fill(1), ...x.shape], own = strides(shape);
      const index = offsets(meta.shape, strides(meta.shape));
      return take(meta, x, index.map((k) => {
        let from = 0;
        for (let i = meta.shape.length - 1, rest = k; i >= 0; rest = Math.floor(rest / meta.shape[i--])) from += ((rest % meta.shape[i]) % shape[i]) * own[i];
        return from;
      }));
    },
    getitem: (meta, values, i) => values[i],
  };

  const SPECIAL = { inf: Infinity, "-inf": -Infinity, nan: NaN };
  const memory = new WeakMap();                     // program -> all values of its last run
  const same = (a, b) => a.data.every((v, i) => Object.is(v, b.data[i]));
  // program: {inputs, constants, nodes: [[op, args, dtype, shape], ...], outputs: {name: value}}
  // A node whose arguments are those of the last run keeps its value: moving the query of
  // an attention map does not run the model again.
  function run(program, inputs) {
    const last = memory.get(program), kept = (i) => last !== undefined && values[i] === last[i];
    const values = inputs.map((x, i) => (last && same(x, last[i]) ? last[i] : x));
    values.push(...program.constants);
    const steady = (a) => (Array.isArray(a) ? a.every(steady)
      : typeof a !== "string" || a[0] !== "$" || kept(Number(a.slice(1))));
    const read = (a) => {
      if (Array.isArray(a)) return a.map(read);
      if (typeof a !== "string") return a;
      return a[0] === "$" ? values[Number(a.slice(1))] : a in SPECIAL ? SPECIAL[a] : a;
    };
    for (const [op, args, dtype, shape] of program.nodes) {
      const meta = Array.isArray(dtype) ? dtype.map((d, i) => ({ dtype: d, shape: shape[i] })) : { dtype, shape };
      values.push(last && args.every(steady) ? last[values.length] : OPS[op](meta, ...args.map(read)));
    }
    memory.set(program, values);
    const out = {};
    for (const name in program.outputs) out[name] = values[program.outputs[name]];
    return out;
  }
  // bytes of a stored constant -> tensor; float16 is widened
  function decode(bytes, dtype, shape, stored) {
    const n = size(shape), at = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), out = wide(n);
    const read = { float16: (i) => half(at.getUint16(2 * i, true)), float32: (i) => at.getFloat32(4 * i, true),
      float64: (i) => at.getFloat64(8 * i, true), int32: (i) => at.getInt32(4 * i, true),
      uint8: (i) => at.getUint8(i) }[stored];
    for (let i = 0; i < n; i++) out[i] = read(i);
    return make({ dtype, shape }, out);
  }
  function half(bits) {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : (2 ** -14 * fraction) / 1024);
  }
  return { run, decode, make, OPS };
})();
if (typeof module !== "undefined") module.exports = LiveTensor;
