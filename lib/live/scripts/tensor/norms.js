// Normalisation: of a layer, of groups of channels, and with the statistics of a batch.

import { squares, total } from "./rows.js";
import { size } from "./shapes.js";
import { tensor, tensors, zeros } from "./tensor.js";

// Each `length` numbers in turn get mean 0 and variance 1, then the weight and the bias at
// parameter(i), the place of element i in both. Returns all, the means and 1 / deviations.
function normalise(x, length, eps, weight, bias, parameter) {
  const out = zeros(x.data.length);
  const means = zeros(out.length / length);
  const rates = zeros(means.length);
  for (let r = 0; r < means.length; r++) {
    const row = x.data.subarray(r * length, (r + 1) * length);
    means[r] = total(row) / length;
    rates[r] = 1 / Math.sqrt(squares(row, means[r]) / length + eps);
    for (let j = 0; j < length; j++) {
      const i = r * length + j;
      const p = parameter(i);
      const scale = weight ? weight.data[p] : 1;
      const shift = bias ? bias.data[p] : 0;
      out[i] = (row[j] - means[r]) * rates[r] * scale + shift;
    }
  }
  return [out, means, rates];
}

function layerNorm(metas, x, shape, weight, bias, eps) {
  const n = size(shape);
  return tensors(
    metas,
    normalise(x, n, eps, weight, bias, (i) => i % n),
  );
}

function groupNorm(metas, x, weight, bias, _, channels, plane, groups, eps) {
  const length = (channels / groups) * plane;
  const channelOf = (i) => Math.floor(i / plane) % channels;
  return tensors(metas, normalise(x, length, eps, weight, bias, channelOf));
}

// With running statistics: a model at rest. The statistics of this batch, which torch would
// return beside it, are empty.
function batchNorm(metas, x, weight, bias, mean, variance, _, eps) {
  const channels = x.shape[1];
  const plane = size(x.shape.slice(2));
  const out = Float64Array.from(x.data, (v, i) => {
    const c = Math.floor(i / plane) % channels;
    const z = (v - mean.data[c]) / Math.sqrt(variance.data[c] + eps);
    return z * (weight ? weight.data[c] : 1) + (bias ? bias.data[c] : 0);
  });
  return [tensor(metas[0], out), tensor(metas[1], []), tensor(metas[2], [])];
}

export const NORMS = { layerNorm, groupNorm, batchNorm };
