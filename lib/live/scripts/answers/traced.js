// The traced kernel answers, in this page: one program for each combination of choices.

import { run } from "../tensor/run.js";
import { chooser, givenBy } from "./programs.js";

/**
 * A function from a figure's controls, and the state of its run, to the values of its marks.
 *
 * constant(hash) gives the numbers that its programs need.
 */
export function traced(spec, constant) {
  const chosen = chooser(spec.programs, constant);
  return (controls, state = {}) => {
    const given = { ...givenBy(controls), ...state };
    const program = chosen(controls);
    return run(
      program,
      program.inputs.map((name) => given[name]),
    );
  };
}
