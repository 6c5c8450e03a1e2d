// From numbers to SVG attributes: what each kind of moving artist looks like for the
// values that a kernel gave. No DOM here, so that tests can compare it with matplotlib.
"use strict";
var LiveMarks = (() => {
  const at = ([a, b, log], v) => a * (log ? Math.log10(v) : v) + b;
  const short = (v) => (Math.round(v * 100) / 100).toString();
  const shown = (...values) => values.every(Number.isFinite);

  class Misfit extends Error {}
  function expect(fits, mark, value, what) {
    if (!fits) throw new Misfit(`${mark.name}: the kernel gave shape (${value.shape.join(", ")}), ${what}`);
  }

  function path(points) {                           // nan lifts the pen
    let d = "", down = false;
    for (const [x, y] of points) {
      const seen = shown(x, y);
      if (seen) d += `${down ? "L" : "M"}${short(x)} ${short(y)}`;
      down = seen;
    }
    return d;
  }
  function box(x1, y1, x2, y2) {
    if (!shown(x1, y1, x2, y2)) return "";
    const [a, b, c, d] = [x1, y1, x2, y2].map(short);
    return `M${a} ${b}L${c} ${b}L${c} ${d}L${a} ${d}Z`;
  }
  const pairs = (value, width, f) => Array.from({ length: value.shape[0] }, (_, i) => f(...value.data.slice(i * width, i * width + width)));

  const KINDS = {
    line(mark, value) {
      const free = value.shape.length === 2, n = mark.x.length;
      expect(free ? value.shape[1] === 2 : value.shape.length === 1 && value.shape[0] === n, mark, value, `a line takes (${n},) heights or (m, 2) points`);
      const points = free ? pairs(value, 2, (x, y) => [at(mark.sx, x), at(mark.sy, y)])
        : mark.x.map((x, i) => [at(mark.sx, x), at(mark.sy, value.data[i])]);
      return { d: path(points), points: mark.marker ? points.filter((p) => shown(...p)) : [] };
    },
    area(mark, value) {
      const n = mark.x.length, both = value.shape.length === 2;
      expect(value.shape[0] === n, mark, value, `an area takes (${n},) or (${n}, 2)`);
      const low = (i) => (both ? value.data[2 * i] : mark.base[i]), high = (i) => value.data[both ? 2 * i + 1 : i];
      const pen = (i, v) => [at(mark.sx, mark.x[i]), at(mark.sy, v)];
      let d = "", run = [];
      for (let i = 0; i <= n; i++) {                // nan parts the area
        if (i < n && shown(low(i), high(i))) run.push(i);
        else if (run.length) {
          d += `${path([...run.map((j) => pen(j, high(j))), ...run.reverse().map((j) => pen(j, low(j)))])}Z`;
          run = [];
        }
      }
      return { d };
    },
    bars(mark, value) {
      expect(value.shape.length === 1 && value.shape[0] === mark.spans.length, mark, value, `the bars take (${mark.spans.length},)`);
      return mark.spans.map(([a, b, base], i) => {
        const end = base + value.data[i];
        return mark.upright ? box(at(mark.sx, a), at(mark.sy, base), at(mark.sx, b), at(mark.sy, end))
          : box(at(mark.sx, base), at(mark.sy, a), at(mark.sx, end), at(mark.sy, b));
      });
    },
    image(mark, value) {
      const [height, width, depth] = value.shape;
      expect(value.shape.length === 2 || depth === 3, mark, value, "an image takes (h, w) or (h, w, 3)");
      const pixels = new Uint8ClampedArray(4 * height * width);
      for (let i = 0; i < height * width; i++) {
        const row = Math.floor(i / width), to = 4 * ((mark.flip ? height - 1 - row : row) * width + (i % width));
        if (depth === 3) {
          const rgb = [0, 1, 2].map((c) => value.data[3 * i + c]);
          if (shown(...rgb)) pixels.set([...rgb.map((v) => v * 255), 255], to);
        } else pixels.set(colour(mark, value.data[i]), to);
      }
      const [x1, x2, y1, y2] = mark.extent;
      const xs = [at(mark.sx, x1), at(mark.sx, x2)], ys = [at(mark.sy, y1), at(mark.sy, y2)];
      return { pixels, width, height, x: Math.min(...xs), y: Math.min(...ys), w: Math.abs(xs[1] - xs[0]), h: Math.abs(ys[1] - ys[0]) };
    },
    points(mark, value) {
      const width = value.shape[1];
      expect(value.shape.length === 2 && (width === 2 || width === 3), mark, value, "a scatter takes (n, 2) or (n, 3)");
      return pairs(value, width, (x, y, c) => ({ x: at(mark.sx, x), y: at(mark.sy, y), c }))
        .map((p, i) => ({ ...p, scale: mark.sizes[i % mark.sizes.length], style: mark.fills[i % mark.fills.length], rgb: mark.lut && p.c !== undefined ? colour(mark, p.c).slice(0, 3) : null }))
        .filter((p) => shown(p.x, p.y));
    },
    box(mark, value) {
      expect(value.data.length === 4, mark, value, "a rectangle takes (4,): x1, y1, x2, y2");
      const [x1, y1, x2, y2] = value.data;
      return { d: box(at(mark.sx, x1), at(mark.sy, y1), at(mark.sx, x2), at(mark.sy, y2)) };
    },
    text: (mark, value) => format(mark.template, value.data),
  };

  function colour(mark, v) {                        // as matplotlib: 256 steps, the last for nan
    const table = mark.table;
    if (Number.isNaN(v)) return table.slice(1024, 1028).length ? table.slice(1024, 1028) : [0, 0, 0, 0];
    const [f, low, high] = mark.lognorm ? [Math.log, Math.log(mark.low), Math.log(mark.high)] : [(u) => u, mark.low, mark.high];
    const part = (f(v) - low) / (high - low);
    const i = Math.min(Math.max(Math.floor(part * 256), 0), 255);
    return table.slice(4 * i, 4 * i + 4);
  }

  // Python's str.format for the fields that live texts may use
  function format(template, values) {
    let i = 0;
    return template.replace(/\{(?::([^}]*))?\}/g, (_, spec) => number(values[i++], spec || "d"));
  }
  function number(v, spec) {
    const [, plus, comma, precision, kind] = /^(\+?)(,?)(?:\.(\d+))?([fge%d])$/.exec(spec);
    const digits = precision === undefined ? 6 : Number(precision);
    if (!Number.isFinite(v)) return (plus && !(v < 0) ? "+" : "") + (Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf") + (kind === "%" ? "%" : "");
    const sign = v < 0 || Object.is(v, -0) && kind !== "d" ? "-" : plus, size = Math.abs(v);
    if (kind === "d") return sign + grouped(String(Math.round(size)), comma);
    if (kind === "f") return sign + grouped(fixed(size, digits), comma);
    if (kind === "%") return `${sign}${grouped(fixed(size * 100, digits), comma)}%`;
    if (kind === "e") return sign + exponential(size, digits);
    return sign + grouped(general(size, Math.max(digits, 1)), comma);
  }
  function fixed(v, digits) {                       // halves go to the even digit
    const exact = v.toFixed(Math.min(digits + 40, 100)), text = v.toFixed(digits);
    const rest = exact.slice(exact.indexOf(".") + 1 + digits);
    if (!/^50*$/.test(rest)) return text;
    const cut = exact.slice(0, exact.length - rest.length).replace(/\.$/, "");
    return Number(cut.at(-1)) % 2 === 0 ? cut : text;
  }
  function exponential(v, digits) {
    return v.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
  }
  function general(v, digits) {
    if (v === 0) return "0";
    const power = Number(v.toExponential(digits - 1).split("e")[1]);
    const trim = (s) => (s.includes(".") ? s.replace(/\.?0+$/, "") : s);
    if (power >= -4 && power < digits) return trim(fixed(v, digits - 1 - power));
    const [mantissa, exponent] = exponential(v, digits - 1).split("e");
    return `${trim(mantissa)}e${exponent}`;
  }
  const grouped = (text, comma) => (comma ? text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ",")) : text);

  const draw = (mark, value) => KINDS[mark.kind](mark, value);
  return { draw, format };
})();
if (typeof module !== "undefined") module.exports = LiveMarks;
