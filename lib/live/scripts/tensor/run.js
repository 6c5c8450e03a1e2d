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
  const isFirst = !made.hasRun;
  let changed = 0;
  inputs.forEach(({ data }, i) => {
    const own = made.inputs[i].data;
    if (data.every((v, k) => Object.is(v, own[k]))) return;
    own.set(data);
    changed |= 1 << i;
  });
  for (const step of made.steps) if (isFirst || step.mask & changed) step.run();
  made.hasRun = true;
  const copy = ({ dtype, shape, data }) => ({ dtype, shape, data: data.slice() });
  return Object.fromEntries(made.outputs.map(([name, value]) => [name, copy(value)]));
}

/** The plan of a program, made for the inputs of its first run. */
export function planned(program, inputs, makesCode = mayMakeCode()) {
  if (!plans.has(program)) plans.set(program, plan(program, inputs, makesCode));
  return plans.get(program);
}
