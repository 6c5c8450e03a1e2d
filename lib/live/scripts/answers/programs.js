// The traced programs of a figure, by the choices that stand.

import { inputMeta } from "../controls/inputs.js";
import { tensor } from "../tensor/tensor.js";

/** A program with the numbers that it needs; constant(hash) gives each. */
export function whole(program, constant) {
  return { ...program, constants: program.constants.map(constant) };
}

/** A function from a figure's controls to the one of its programs that their choices name. */
export function chooser(programs, constant) {
  const keys = Object.keys(programs).map((key) => [key, key.split(",")]);
  const found = {};
  return (controls) => {
    const choices = controls.filter(isChoice).map(({ value }) => String(value()));
    const isMeant = ([, parts]) => choices.every((choice, i) => ["", choice].includes(parts[i]));
    const [key] = keys.find(isMeant);
    found[key] ??= whole(programs[key], constant);
    return found[key];
  };
}

/** What a program gets of the controls that are no choices: tensors by name. */
export function givenBy(controls) {
  const others = controls.filter((control) => !isChoice(control));
  return Object.fromEntries(
    others.map(({ spec, value }) => [spec.name, tensor(inputMeta(spec), value())]),
  );
}

const isChoice = ({ spec }) => spec.kind === "choice";
