// Images in another size: each new pixel is a weighted sum of old ones.

// sources(i, n, m, scale) gives [place, weight] of each old pixel that the new pixel i is made
// of, along an axis of n old and m new ones.
function resize(out, x, scales, sources) {
  const [H, W] = x.shape.slice(-2);
  const [OH, OW] = out.shape.slice(-2);
  const rows = Array.from({ length: OH }, (_, i) => sources(i, H, OH, scales[0]));
  const columns = Array.from({ length: OW }, (_, i) => sources(i, W, OW, scales[1]));
  return () => {
    let k = 0;
    for (let start = 0; start < x.data.length; start += H * W) {
      for (const row of rows) {
        for (const column of columns) {
          let sum = 0;
          for (const [y, a] of row) {
            for (const [z, b] of column) sum += a * b * x.data[start + y * W + z];
          }
          out.data[k++] = sum;
        }
      }
    }
  };
}

const ratio = (scale, n, m) => (scale ? 1 / scale : n / m);

function nearest(out, x, ...scales) {
  return resize(out, x, scales, (i, n, m, scale) => {
    const place = Math.floor(Math.fround(i * Math.fround(ratio(scale, n, m))));
    return [[Math.min(place, n - 1), 1]];
  });
}

function bilinear(out, x, alignCorners, ...scales) {
  return resize(out, x, scales, (i, n, m, scale) => {
    const corner = m > 1 ? (i * (n - 1)) / (m - 1) : 0;
    const centre = (i + 0.5) * ratio(scale, n, m) - 0.5;
    const place = Math.max(alignCorners ? corner : centre, 0);
    const low = Math.min(Math.floor(place), n - 1);
    const part = Math.min(place - low, 1);
    return [
      [low, 1 - part],
      [Math.min(low + 1, n - 1), part],
    ];
  });
}

export const RESIZING = { nearest, bilinear };
