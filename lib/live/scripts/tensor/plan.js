// A program made ready once: its arrays, its loops, and on which inputs each step depends.

import { allocate, roundsLate } from "./dtypes.js";
import { ELEMENTWISE } from "./elementwise.js";
import { loop, slowLoop } from "./loops.js";
import { BY_STEPS, OPERATIONS } from "./operations.js";
import { broadcastSteps, isPacked, size, strides } from "./shapes.js";
import { VIEWS } from "./views.js";

const WORDS = { inf: Infinity, "-inf": -Infinity, nan: NaN }; // JSON has none of these
const isTensor = (x) => Boolean(x?.dtype);

/** Whether this page may make code; a policy of its server can forbid it. */
export function mayMakeCode() {
  try {
    return new Function("return true")();
  } catch {
    return false;
  }
}

/**
 * What `run` needs of a program for inputs of these dtypes and shapes.
 *
 * Returns {inputs, outputs, steps, run}: tensors whose data stay the same arrays, and in order
 * {mask, nodes, run}: bit i of the mask says whether the step depends on input i, and nodes
 * are the operations that it computes. run(changed) computes the steps that depend on one of
 * these inputs, by default on any, and the first time all.
 */
export function plan(program, metas, makesCode) {
  const steps = [];
  const groups = new Map(); // the latest by the shape and the mask
  const values = metas.map((meta, i) => made(meta, 1 << i, -1));
  values.push(...program.constants.map((c) => ({ ...laidOut(c), data: c.data })));
  for (const [operation, args, dtype, shape] of program.nodes) {
    const meta = Array.isArray(dtype)
      ? dtype.map((d, i) => ({ dtype: d, shape: shape[i] }))
      : { dtype, shape };
    values.push(answer(operation, args.map(resolved), meta));
  }
  const inputs = values.slice(0, metas.length);
  const outputs = Object.entries(program.outputs).map(([name, i]) => [name, own(values[i])]);
  const make = makesCode ? loop : slowLoop;
  for (const step of steps) step.run ??= make(step);
  let hasRun = false;
  return { inputs, outputs, steps, run };

  function run(changed = -1) {
    for (const step of steps) if (!hasRun || step.mask & changed) step.run();
    hasRun = true;
  }

  // An output, in memory that is not an input's.
  function own(x) {
    const found = packed(x);
    const isInput = inputs.some(({ data }) => data.buffer === found.data.buffer);
    return isInput ? kept(elementwise("cast", [found], found)) : found;
  }

  function resolved(arg) {
    if (Array.isArray(arg)) return arg.map(resolved);
    if (typeof arg === "string" && arg[0] === "$") return values[Number(arg.slice(1))];
    return WORDS[arg] ?? arg;
  }

  function answer(operation, args, meta) {
    if (operation === "getitem") return args[0][args[1]];
    const name = [operation, ...args.filter((arg) => typeof arg === "string")].join(" ");
    if (name in ELEMENTWISE) return elementwise(name, args, meta);
    if (!(operation in VIEWS)) return whole(operation, args, meta);
    const [x, ...others] = args;
    const seen = VIEWS[operation];
    const found = seen(meta, kept(x), ...others) ?? seen(meta, packed(x)); // a view may need it
    return Array.isArray(found) ? found.map((part) => like(x, part)) : like(x, found);
  }

  // A step of its own, for all elements at once.
  function whole(operation, given, meta) {
    const bySteps = operation in BY_STEPS;
    const args = given.map((arg) => (bySteps && isTensor(arg) ? kept(arg) : packed(arg)));
    const mask = args.flat().reduce((m, arg) => m | (isTensor(arg) ? arg.mask : 0), 0);
    const out = [meta].flat().map((m) => made(m, mask, steps.length));
    const run = OPERATIONS[operation](Array.isArray(meta) ? out : out[0], ...args);
    steps.push({ mask, nodes: [operation], run });
    const rounded = out.map((x) => (roundsLate(x.dtype) ? elementwise("cast", [x], x) : x));
    return Array.isArray(meta) ? rounded : rounded[0];
  }

  // Joins the latest step of the same shape and mask if all that it reads is there by then.
  function elementwise(name, args, { dtype, shape }) {
    const sources = args.filter(isTensor);
    const mask = sources.reduce((m, x) => m | x.mask, 0);
    const key = `${mask} ${shape}`;
    let step = groups.get(key);
    if (!step || sources.some((x) => x.at >= step.at && x.step !== step)) {
      step = { mask, shape, at: steps.length, nodes: [] };
      steps.push(step);
      groups.set(key, step);
    }
    const operands = args.map((arg) => {
      if (!isTensor(arg)) return Number(arg ?? NaN); // nan for a word, too
      if (arg.step === step) return arg.node;
      const { data, start } = kept(arg);
      return { data, steps: broadcastSteps(arg, shape), start };
    });
    const node = { f: ELEMENTWISE[name], dtype, operands };
    step.nodes.push(node);
    return { ...laidOut({ dtype, shape }), mask, at: step.at, step, node };
  }

  // Only what someone reads outside of its loop lies in memory.
  function kept(x) {
    if (!x.data) x.data = x.node.data = allocate(x.dtype, size(x.shape));
    return x;
  }

  // The tensor, or each of a list, with its elements side by side.
  function packed(x) {
    if (Array.isArray(x)) return x.map(packed);
    if (!isTensor(x)) return x;
    const n = size(x.shape);
    const { data, start } = kept(x);
    if (!isPacked(x)) x.copy ??= kept(elementwise("cast", [x], x));
    if (x.copy) return x.copy;
    if (data.length === n) return x;
    return like(x, { ...laidOut(x), data: data.subarray(start, start + n) });
  }
}

const laidOut = ({ dtype, shape }) => ({
  dtype,
  shape,
  steps: strides(shape),
  start: 0,
  mask: 0,
  at: -1,
});
const like = ({ mask, at }, x) => ({ ...x, mask, at });
const made = ({ dtype, shape }, mask, at) => ({
  ...laidOut({ dtype, shape }),
  data: allocate(dtype, size(shape)),
  mask,
  at,
});
