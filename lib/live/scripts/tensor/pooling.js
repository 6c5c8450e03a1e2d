// Pooling: the largest or the mean of each window of an image.

import { largest, total } from "./rows.js";

const upTo = (n, f) => Array.from({ length: n }, (_, i) => f(i));

// The windows along an axis of n places: those that each holds, and their number with padding.
function windowsAlong(n, m, kernel, stride, padding, dilation) {
  return upTo(m, (i) => {
    const all = upTo(kernel, (t) => i * stride - padding + t * dilation);
    const places = all.filter((at) => at >= 0 && at < n);
    return { places, count: all.filter((at) => at >= -padding && at < n + padding).length };
  });
}

// Windows that the sizes of input and output alone determine.
function evenWindows(n, m) {
  return upTo(m, (i) => {
    const first = Math.floor((i * n) / m);
    const count = Math.ceil(((i + 1) * n) / m) - first;
    return { places: upTo(count, (t) => first + t), count };
  });
}

// Calls write(k, values, places, count) for the window k of all planes.
function pooled(out, x, [rows, columns], write) {
  const [H, W] = x.shape.slice(-2);
  const windows = rows.flatMap((r) =>
    columns.map((c) => ({
      places: r.places.flatMap((y) => c.places.map((z) => y * W + z)),
      count: r.count * c.count,
    })),
  );
  return () => {
    for (let k = 0; k < out.data.length; k++) {
      const { places, count } = windows[k % windows.length];
      const start = Math.floor(k / windows.length) * H * W;
      const values = places.map((place) => x.data[start + place]);
      write(k, values, places, count);
    }
  };
}

function sliding(out, x, ...settings) {
  return [-2, -1].map((axis, i) => {
    const along = settings.map((all) => (all.length === 2 ? all[i] : all[0]));
    return windowsAlong(x.shape.at(axis), out.shape.at(axis), ...along);
  });
}

function maxPool([most, where], x, kernel, stride, padding, dilation) {
  const windows = sliding(most, x, kernel, stride.length ? stride : kernel, padding, dilation);
  return pooled(most, x, windows, (k, values, places) => {
    most.data[k] = largest(values);
    where.data[k] = places[values.findIndex((v) => Object.is(v, most.data[k]))];
  });
}

function avgPool(out, x, kernel, stride, padding, _, countPadding, divisor) {
  const windows = sliding(out, x, kernel, stride.length ? stride : kernel, padding, [1]);
  return pooled(out, x, windows, (k, values, places, count) => {
    out.data[k] = total(values) / (divisor || (countPadding ? count : places.length));
  });
}

function adaptivePool(out, x) {
  const windows = [-2, -1].map((axis) => evenWindows(x.shape.at(axis), out.shape.at(axis)));
  return pooled(out, x, windows, (k, values, _, count) => {
    out.data[k] = total(values) / count;
  });
}

export const POOLING = { maxPool, avgPool, adaptivePool };
