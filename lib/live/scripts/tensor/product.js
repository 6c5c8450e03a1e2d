// Products of matrices, which lie in memory by any steps: float32 in WebAssembly, where it may
// run, and everything in a plain loop elsewhere.

import { bytesOf } from "../answers/bytes.js";
import { zeros } from "./tensor.js";

// product.wat, by tools/wat.py
const BYTES = `
AGFzbQEAAAABLQVgC39/f39/f39/f39/AGACf38Bf2AHf39/f39/fwBgBX9/f39/AGADf3t7AAMGBQABAgMEBQMBAAEHFQIG
bWVtb3J5AgAIbXVsdGlwbHkAAAq1BQXMAQEIfyAAQQNqQXxxIQsgAkEHakF4cUECdCEMIAkgCyABbEECdGohDSADIAAgASAE
IAVBBCAJEAIgBiACIAEgCCAHQQggDRACIApBACALIAxs/AsAA0BBgAIgASARaxABIRJBACEQA0BBACEPA0AgCSAPIAFsIBFB
AnRqQQJ0aiANIBAgAWwgEUEDdGpBAnRqIBIgCiAPIAxsIBBBAnRqaiAMEAMgD0EEaiIPIABIDQALIBBBCGoiECACSA0ACyAR
QYACaiIRIAFIDQALCwwAIAAgASAAIAFIGwu9AQEFfyAFQQJ0IQsDQCAAIAMgByABQQFrEAFsaiEIIAYgAkECdCAHQQAgBWtx
bGogByAFQQFrcUECdGohCSAJIAsgAmxqIQogA0EERiAHQQRqIAFMcQRAA0AgCSAI/QACAP0LAgAgCCAEaiEIIAkgC2oiCSAK
SQ0ACyAHQQRqIQcFA0AgCSAIKgIAOAIAIAggBGohCCAJIAtqIgkgCkkNAAsgB0EBaiEHCyAHIAEgBUEBa2pBACAFa3FIDQAL
C/MBAgF/C3sgASACQQV0aiEFA0AgAf0AAgAhByAB/QACECEIIAD9CQIAIQYgCSAGIAf95gH95AEhCSANIAYgCP3mAf3kASEN
IAD9CQIEIQYgCiAGIAf95gH95AEhCiAOIAYgCP3mAf3kASEOIAD9CQIIIQYgCyAGIAf95gH95AEhCyAPIAYgCP3mAf3kASEP
IAD9CQIMIQYgDCAGIAf95gH95AEhDCAQIAYgCP3mAf3kASEQIABBEGohACABQSBqIgEgBUkNAAsgAyAJIA0QBCADIARqIgMg
CiAOEAQgAyAEaiIDIAsgDxAEIAMgBGogDCAQEAQLJAAgACAA/QACACAB/eQB/QsCACAAIAD9AAIQIAL95AH9CwIQCw==
`;

const wasm = loaded();
const memory = wasm?.memory;
let floats = memory && new Float32Array(memory.buffer);

function loaded() {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytesOf(BYTES))).exports;
  } catch {
    return null; // a policy can forbid it
  }
}

/**
 * A function that sets `out`, which is packed, to the products of two batches of matrices.
 *
 * sizes: [batch, n, k, m]; a and b: {data, start, steps}, with the steps of the axes (batch, n, k)
 * and (batch, k, m).
 */
export function product(out, sizes, a, b) {
  const isFloat = [out, a, b].every(({ data }) => data instanceof Float32Array);
  const isEmpty = sizes.includes(0);
  return (wasm && isFloat && !isEmpty ? fast : plain)(out.data, sizes, a, b);
}

// The operands are copied into the memory of the WebAssembly, with what lies between their
// numbers; behind them is room for the panels and for one product.
function fast(out, [batch, n, k, m], a, b) {
  const width = roundUp(m, 8);
  const [left, right] = [span(a, [batch, n, k]), span(b, [batch, k, m])];
  const rightPlace = left.data.length;
  const panels = rightPlace + right.data.length;
  const result = panels + (roundUp(n, 4) + width) * k;
  const end = result + roundUp(n, 4) * width;
  if (end > floats.length) {
    memory.grow(Math.ceil((4 * end - memory.buffer.byteLength) / 65536));
    floats = new Float32Array(memory.buffer);
  }
  const [aNext, aRow, aTerm] = a.steps.map((step) => 4 * step);
  const [bNext, bTerm, bColumn] = b.steps.map((step) => 4 * step);
  const from = 4 * left.start;
  const by = 4 * (rightPlace + right.start);
  let found = floats.subarray(result, result + n * m);
  return () => {
    if (found.buffer !== floats.buffer) found = floats.subarray(result, result + n * m);
    floats.set(left.data, 0);
    floats.set(right.data, rightPlace);
    for (let s = 0; s < batch; s++) {
      const x = from + s * aNext;
      const y = by + s * bNext;
      wasm.multiply(n, k, m, x, aRow, aTerm, y, bTerm, bColumn, 4 * panels, 4 * result);
      const to = s * n * m;
      if (width === m) out.set(found, to);
      else {
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < m; j++) out[to + i * m + j] = floats[result + i * width + j];
        }
      }
    }
  };
}

const roundUp = (n, unit) => Math.ceil(n / unit) * unit;

// The part of the data in which the elements of x lie, and where the first lies in it.
function span({ data, start, steps }, sizes) {
  let [first, last] = [start, start];
  steps.forEach((step, i) => {
    if (step < 0) first += (sizes[i] - 1) * step;
    else last += (sizes[i] - 1) * step;
  });
  return { data: data.subarray(first, last + 1), start: start - first };
}

function plain(out, [batch, n, k, m], a, b) {
  const sums = zeros(m);
  const [aRow, aTerm] = a.steps.slice(1);
  const [bTerm, bColumn] = b.steps.slice(1);
  return () => {
    for (let r = 0; r < batch * n; r++) {
      const s = Math.floor(r / n);
      const from = a.start + s * a.steps[0] + (r % n) * aRow;
      const by = b.start + s * b.steps[0];
      sums.fill(0);
      for (let p = 0; p < k; p++) {
        const x = a.data[from + p * aTerm];
        for (let j = 0, at = by + p * bTerm; j < m; j++, at += bColumn) sums[j] += x * b.data[at];
      }
      out.set(sums, r * m);
    }
  };
}
