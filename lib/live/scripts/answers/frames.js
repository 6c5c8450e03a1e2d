// A table of all answers, for a kernel that cannot be traced and has few states.

import { size } from "../tensor/shapes.js";
import { constant } from "./store.js";

/** A function from a figure's controls to the values of its marks. */
export function tabulated(spec) {
  return (controls) => {
    const row = controls.reduce(rowBelow, 0);
    const outputs = Object.entries(spec.frames);
    return Object.fromEntries(outputs.map(([name, table]) => [name, rowOf(table, row)]));
  };
}

// The states are counted with the last control the fastest, as frames.py counts them.
function rowBelow(row, control) {
  const { kind, positions, options } = control.spec;
  if (kind === "slider") return row * (positions + 1) + control.position();
  if (kind === "choice") return row * options.length + control.value();
  return control.value().reduce((found, cell) => found * 2 + cell, row);
}

function rowOf({ hash, shape, dtype }, row) {
  const n = size(shape);
  return { dtype, shape, data: constant(hash).data.slice(row * n, (row + 1) * n) };
}
