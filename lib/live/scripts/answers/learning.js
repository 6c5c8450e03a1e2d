// A run is played in this page: its step's program makes the next state of the one before.

import { planned } from "../tensor/run.js";
import { tensor } from "../tensor/tensor.js";
import { chooser, givenBy, whole } from "./programs.js";
import { traced } from "./traced.js";

/**
 * A function (controls, move) to {values, run: {steps, lost}}.
 *
 * move: {seed, steps, ms, quiet}: begin again with a seed, if there is one; then make so many
 * steps, or fewer if the milliseconds are over; quiet leaves the values out. A step that leaves
 * the finite numbers is not taken, and the run is lost until the next restart. constant(hash)
 * gives the numbers that the programs need.
 */
export function learning(spec, constant) {
  const look = traced(spec, constant);
  const { restart, advance, state, told } = course(spec.run, constant);
  restart(1);
  return (controls, { seed, steps, ms, quiet } = {}) => {
    if (seed) restart(seed);
    if (steps) advance(controls, steps, ms);
    return { values: quiet ? undefined : look(controls, state), run: told() };
  };
}

// The run itself: {restart(seed), advance(controls, steps, ms), state, told()}.
function course({ start, programs, steps: last }, constant) {
  const begin = whole(start, constant);
  const chosen = chooser(programs, constant);
  const state = {}; // name -> tensor
  let watched = []; // names of what is finite from the start
  let steps = 0;
  let lost = false;

  function restart(seed) {
    const made = planned(begin, [tensor({ dtype: "float32", shape: [] }, [seed])]);
    made.inputs[0].data[0] = seed;
    made.run();
    for (const [name, { dtype, shape, data }] of made.outputs) {
      state[name] ??= { dtype, shape, data: data.slice() };
      state[name].data.set(data);
    }
    watched = Object.keys(state).filter((name) => isWhole(state[name]));
    steps = 0;
    lost = false;
  }

  function advance(controls, most, ms = Infinity) {
    const end = Date.now() + ms;
    const given = { ...givenBy(controls), ...state };
    const program = chosen(controls);
    const inputs = program.inputs.map((name) => given[name]);
    const made = planned(program, inputs);
    for (let i = 0; i < most && steps < last && !lost; i++) {
      for (const [k, { data }] of inputs.entries()) made.inputs[k].data.set(data);
      made.run();
      lost = made.outputs.some(([name, value]) => watched.includes(name) && !isWhole(value));
      if (lost) return;
      for (const [name, { data }] of made.outputs) state[name].data.set(data);
      steps += 1;
      if (Date.now() >= end) return;
    }
  }

  return { restart, advance, state, told: () => ({ steps, lost }) };
}

function isWhole({ data }) {
  let sum = 0; // 0 times what is not finite is nan
  for (let i = 0; i < data.length; i++) sum += 0 * data[i];
  return sum === 0;
}
