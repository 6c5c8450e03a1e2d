// Runs a traced kernel: its nodes in order, and of those only what a new state changes.

import { OPERATIONS } from "./operations.js";

const WORDS = { inf: Infinity, "-inf": -Infinity, nan: NaN }; // JSON has none of these
const memory = new WeakMap(); // program -> all values of its last run

/**
 * The outputs of a program by name, for a list of input tensors.
 *
 * program: {inputs, constants, nodes: [[operation, arguments, dtype, shape], ...], outputs}.
 * Values are counted, inputs first, then constants and nodes: "$7" is the seventh after the
 * first. A node whose arguments are those of the last run keeps its value: moving the query
 * of an attention map does not run the model again.
 */
export function run(program, inputs) {
  const last = memory.get(program);
  const values = inputs.map((x, i) => (last && sameData(x, last[i]) ? last[i] : x));
  values.push(...program.constants);
  for (const [operation, args, dtype, shape] of program.nodes) {
    const kept = last && args.every((arg) => isKept(arg, values, last));
    values.push(kept ? last[values.length] : answer(operation, args, dtype, shape, values));
  }
  memory.set(program, values);
  const outputs = Object.entries(program.outputs);
  return Object.fromEntries(outputs.map(([name, i]) => [name, values[i]]));
}

function answer(operation, args, dtype, shape, values) {
  const meta = Array.isArray(dtype)
    ? dtype.map((d, i) => ({ dtype: d, shape: shape[i] }))
    : { dtype, shape };
  return OPERATIONS[operation](meta, ...args.map((arg) => resolved(arg, values)));
}

const sameData = (a, b) => a.data.every((v, i) => Object.is(v, b.data[i]));
const isReference = (arg) => typeof arg === "string" && arg[0] === "$";
const placeOfValue = (reference) => Number(reference.slice(1));

function isKept(arg, values, last) {
  if (Array.isArray(arg)) return arg.every((part) => isKept(part, values, last));
  if (!isReference(arg)) return true;
  const i = placeOfValue(arg);
  return values[i] === last[i];
}

function resolved(arg, values) {
  if (Array.isArray(arg)) return arg.map((part) => resolved(part, values));
  if (isReference(arg)) return values[placeOfValue(arg)];
  return WORDS[arg] ?? arg;
}
