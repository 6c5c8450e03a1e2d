// A run of element-wise operations in one shape, in one loop.

import { rounding } from "./dtypes.js";
import { offsets, size } from "./shapes.js";
import { zeros } from "./tensor.js";

/**
 * A function that computes the nodes of a group: [{f, dtype, data, operands}, ...].
 *
 * An operand is a number, an earlier node of the group, or {data, steps, start}, where steps
 * has a number for each axis of the group's shape. A node whose data no one needs has none.
 */
export function loop(group) {
  const { names, body } = written(group);
  const made = new Function(...names.values(), body);
  const values = [...names.keys()];
  return () => made(...values);
}

function written({ shape, nodes }) {
  const names = new Map(); // function or array -> its name in the text
  const named = (value) => {
    if (!names.has(value)) names.set(value, `a${names.size}`);
    return names.get(value);
  };
  const texts = new Map(nodes.map((node, i) => [node, `v${i}`]));
  const sources = new Map(); // the same numbers by the same steps are loaded once
  for (const o of nodes.flatMap((node) => node.operands.filter((o) => o.steps))) {
    const key = `${named(o.data)} ${o.start} ${o.steps}`;
    if (!sources.has(key)) sources.set(key, { ...o, text: `x${sources.size}` });
    texts.set(o, sources.get(key).text);
  }
  const axes = merged(shape, [...sources.values()]);
  const loads = axes.sizes.map(() => []);
  const first = []; // numbers that are the same for all elements
  [...sources.values()].forEach(({ data, start, text }, i) => {
    const steps = axes.steps.map((all) => all[i + 1]);
    const at = steps.map(Boolean).lastIndexOf(true);
    (loads[at] ?? first).push(`const ${text} = ${named(data)}[${index(steps, start)}];`);
  });
  const own = axes.steps.map((all) => all[0]);
  const lines = nodes.flatMap(({ f, dtype, data, operands }, i) => {
    const given = operands.map((o) => texts.get(o) ?? `(${Object.is(o, -0) ? "-0" : o})`);
    const value = called(rounding(dtype), [called(f, given, named)], named);
    const kept = data ? [`${named(data)}[${index(own, 0)}] = v${i};`] : [];
    return [`const v${i} = ${value};`, ...kept];
  });
  const heads = axes.sizes.flatMap((n, d) => [
    `for (let i${d} = 0; i${d} < ${n}; i${d}++) {`,
    ...loads[d],
  ]);
  const body = [...first, ...heads, ...lines, ...axes.sizes.map(() => "}")].join("\n");
  return { names, body };
}

// A call of f as text: what it returns is written out if that is one expression of its own.
function called(f, given, named) {
  if (Math[f.name] === f) return `Math.${f.name}(${given})`;
  const [, parameters, body] = ARROW.exec(f) ?? [];
  const free = body?.replace(/\b(Math|Number)\.\w+|\b(NaN|Infinity)\b/g, "").match(/[a-z]\w*/gi);
  const names = parameters?.split(/,\s*/);
  if (!names || free?.some((name) => !names.includes(name))) return `${named(f)}(${given})`;
  return `(${body.replace(/(?<![.\w])[a-z]\w*/gi, (name) => given[names.indexOf(name)] ?? name)})`;
}

const ARROW = /^\(?([\w, ]+)\)?\s*=>\s*([^{].*)$/s; // whose body is an expression

// The sum of i0 * steps[0], i1 * steps[1], ... and the start, as text.
function index(steps, start) {
  const terms = steps.map((step, d) => (step ? `i${d} * ${step} + ` : ""));
  return terms.join("").replaceAll(" * 1 +", " +") + start;
}

// The shape with as few axes as may be: neighbours that all can cross in one go become one.
// Returns the sizes, and for each axis the steps of the results and of all sources.
function merged(shape, sources) {
  const sizes = [];
  const steps = [];
  let step = size(shape);
  shape.forEach((n, axis) => {
    step /= n || 1;
    if (n === 1) return;
    const next = [step, ...sources.map((source) => source.steps[axis])];
    const last = steps.at(-1);
    if (last?.every((s, i) => s === next[i] * n)) {
      sizes[sizes.length - 1] *= n;
      steps[steps.length - 1] = next;
    } else {
      sizes.push(n);
      steps.push(next);
    }
  });
  return { sizes, steps };
}

/** The same without making code, for pages whose policy forbids it: one node after another. */
export function slowLoop({ shape, nodes }) {
  const n = size(shape);
  const calls = nodes.map((node) => {
    node.data ??= zeros(n);
    const readers = node.operands.map((o) => reader(o, shape, n));
    return () => fill(node, rounding(node.dtype), ...readers.map((read) => read()));
  });
  return () => {
    for (const call of calls) call();
  };
}

// A function that returns the operand's numbers for all elements, side by side.
function reader(o, shape, n) {
  if (!o.steps) return () => o.data ?? zeros(n).fill(o);
  const places = offsets(shape, o.steps, o.start);
  const found = zeros(n);
  return () => {
    for (let i = 0; i < n; i++) found[i] = o.data[places[i]];
    return found;
  };
}

function fill({ f, data }, round, a, b = a, c = a, d = a) {
  for (let i = 0; i < data.length; i++) data[i] = round(f(a[i], b[i], c[i], d[i]));
}
