// What the tests ask of the scripts in V8: JSON comes in and goes out.

import { draw } from "../lib/live/scripts/marks/draw.js";
import { format } from "../lib/live/scripts/marks/text.js";
import { decode } from "../lib/live/scripts/tensor/constants.js";
import { planned, run } from "../lib/live/scripts/tensor/run.js";
import { tensor } from "../lib/live/scripts/tensor/tensor.js";

const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity }; // JSON has none of these
const fromWord = (v) => WORDS[v] ?? v;
const toWord = (v) => (Number.isFinite(v) ? v : String(v).replace("Infinity", "inf").toLowerCase());

const given = (t) => tensor(t, t.data.map(fromWord));
const withConstants = ({ constants, ...program }) => ({
  ...program,
  constants: constants.map(({ bytes, dtype, shape, stored }) =>
    decode(Uint8Array.from(bytes), dtype, shape, stored),
  ),
});
const plain = (values) =>
  Object.fromEntries(
    Object.entries(values).map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, data: Array.from(data, toWord) },
    ]),
  );

const programs = [];

/** Keep a program with its packed constants; returns its number. */
export function load(json) {
  const { program, constants } = JSON.parse(json);
  return programs.push(withConstants({ ...program, constants })) - 1;
}

/** The outputs of a program that was loaded. */
export function answer(number, json) {
  return JSON.stringify(plain(run(programs[number], JSON.parse(json).map(given))));
}

/** What is drawn of a mark for a value. */
export function drawn(json) {
  const { mark, value } = JSON.parse(json);
  if (mark.lut) mark.table = mark.bytes;
  const found = draw(mark, { ...value, data: value.data.map(fromWord) });
  if (found.pixels) found.pixels = Array.from(found.pixels);
  return JSON.stringify(found);
}

/** For each state in turn: whether a run that keeps values and a fresh one agree, their work. */
export function walk(json) {
  const { program, states } = JSON.parse(json);
  const keeping = withConstants(program);
  return JSON.stringify(
    states.map((inputs) => {
      const [kept, few] = counted(keeping, inputs.map(given));
      const [fresh, all] = counted({ ...keeping }, inputs.map(given));
      return { same: JSON.stringify(kept) === JSON.stringify(fresh), few, all };
    }),
  );
}

// The outputs of a program, and how many operations were computed for them.
function counted(program, inputs) {
  const { steps } = planned(program, inputs);
  const runs = steps.map((step) => step.run);
  let count = 0;
  steps.forEach((step, i) => {
    step.run = () => {
      count += step.nodes.length;
      runs[i]();
    };
  });
  const found = run(program, inputs);
  steps.forEach((step, i) => {
    step.run = runs[i];
  });
  return [found, count];
}

/** The outputs of a program for each list of inputs, by loops and element by element. */
export function bothWays(json) {
  const { program, states } = JSON.parse(json);
  const fast = withConstants(program);
  const slow = { ...fast };
  planned(slow, states[0].map(given), false);
  const answers = (made) => states.map((inputs) => run(made, inputs.map(given)));
  return JSON.stringify([fast, slow].map((made) => answers(made).map(plain)));
}

export const printed = format;
