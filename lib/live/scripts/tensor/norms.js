// Normalisation: of a layer, of groups of channels, and with the statistics of a batch.

import { squares, total } from "./rows.js";
import { size } from "./shapes.js";
import { zeros } from "./tensor.js";

// Each `length` numbers in turn get mean 0 and variance 1, then the weight and the bias, of
// which each belongs to `plane` neighbours. Returns all, the means and 1 / deviations.
function normalise([out, means, rates], x, length, eps, weight, bias, plane, channels) {
  const row = zeros(length);
  return () => {
    for (let r = 0; r < x.data.length / length; r++) {
      for (let j = 0; j < length; j++) row[j] = x.data[r * length + j];
      const mean = total(row) / length;
      const rate = 1 / Math.sqrt(squares(row, mean) / length + eps);
      for (let j = 0; j < length; j++) {
        const i = r * length + j;
        const p = Math.floor(i / plane) % channels;
        const scale = weight ? weight.data[p] : 1;
        const shift = bias ? bias.data[p] : 0;
        out.data[i] = (row[j] - mean) * rate * scale + shift;
      }
      means.data[r] = mean;
      rates.data[r] = rate;
    }
  };
}

function layerNorm(outs, x, shape, weight, bias, eps) {
  const n = size(shape);
  return normalise(outs, x, n, eps, weight, bias, 1, n);
}

function groupNorm(outs, x, weight, bias, _, channels, plane, groups, eps) {
  const length = (channels / groups) * plane;
  return normalise(outs, x, length, eps, weight, bias, plane, channels);
}

// With running statistics: a model at rest. The statistics of this batch, which torch would
// return beside it, are empty.
function batchNorm([out], x, weight, bias, mean, variance, _, eps) {
  const channels = x.shape[1];
  const plane = size(x.shape.slice(2));
  return () => {
    for (let i = 0, start = 0; start < x.data.length; i++, start += plane) {
      const c = i % channels;
      const centre = mean.data[c];
      const scale = (weight ? weight.data[c] : 1) / Math.sqrt(variance.data[c] + eps);
      const shift = bias ? bias.data[c] : 0;
      const end = start + plane;
      for (let j = start; j < end; j++) out.data[j] = (x.data[j] - centre) * scale + shift;
    }
  };
}

export const NORMS = { layerNorm, groupNorm, batchNorm };
