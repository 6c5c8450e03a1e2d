// The traced kernel answers, in this page: one program for each combination of choices.

import { inputMeta } from "../controls/kinds.js";
import { run } from "../tensor/run.js";
import { tensor } from "../tensor/tensor.js";
import { constant } from "./store.js";

/** A function from a figure's controls to the values of its marks. */
export function traced(spec) {
  const loaded = {};
  return (controls) => {
    const choices = controls.filter((control) => control.spec.kind === "choice");
    const others = controls.filter((control) => control.spec.kind !== "choice");
    const key = choices.map((control) => control.value()).join(",");
    loaded[key] ??= withConstants(spec.programs[key]);
    const inputs = others.map((control) => tensor(inputMeta(control.spec), control.value()));
    return run(loaded[key], inputs);
  };
}

function withConstants(program) {
  return { ...program, constants: program.constants.map(constant) };
}
