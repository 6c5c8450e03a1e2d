// Runs a traced kernel: it is planned once, and then computes what a new state changes.

import { mayMakeCode, plan } from "./plan.js";

const plans = new WeakMap(); // program -> its plan

/**
 * The outputs of a program by name, for a list of input tensors.
 *
 * program: {inputs, constants, nodes: [[operation, arguments, dtype, shape], ...], outputs}.
 * Values are counted, inputs first, then constants and nodes: "$7" is the seventh after the
 * first. What depends on no input that has changed since the last run is not computed again:
 * moving the query of an attention map does not run the model.
 */
export function run(program, inputs) {
  const made = planned(program, inputs);
  let changed = 0;
  inputs.forEach(({ data }, i) => {
    const own = made.inputs[i].data;
    if (data.every((v, k) => Object.is(v, own[k]))) return;
    own.set(data);
    changed |= 1 << i;
  });
  made.run(changed);
  const copy = ({ dtype, shape, data }) => ({ dtype, shape, data: data.slice() });
  return Object.fromEntries(made.outputs.map(([name, value]) => [name, copy(value)]));
}

/**
 * The plan of a program, made for inputs of these dtypes and shapes: {inputs, outputs, run}.
 *
 * For a loop that feeds a program with its own answers: write into the data of `inputs`, call
 * run(), and read `outputs`, a list of [name, tensor]. Their data stay the same arrays, and no
 * output shares its memory with an input.
 */
export function planned(program, inputs, makesCode = mayMakeCode()) {
  if (!plans.has(program)) plans.set(program, plan(program, inputs, makesCode));
  return plans.get(program);
}
