// What the tests ask of the scripts in V8: JSON comes in and goes out.

import { learning } from "../lib/live/scripts/answers/learning.js";
import { grouped, means } from "../lib/live/scripts/guess/bets.js";
import { judged } from "../lib/live/scripts/guess/score.js";
import { veilOver } from "../lib/live/scripts/guess/veil.js";
import { draw } from "../lib/live/scripts/marks/draw.js";
import { format } from "../lib/live/scripts/marks/text.js";
import { decode } from "../lib/live/scripts/tensor/constants.js";
import { planned, run } from "../lib/live/scripts/tensor/run.js";
import { tensor } from "../lib/live/scripts/tensor/tensor.js";

const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity }; // JSON has none of these
const fromWord = (v) => (typeof v === "string" ? WORDS[v] : v); // no look-up of numbers
const toWord = (v) => (Number.isFinite(v) ? v : String(v).replace("Infinity", "inf").toLowerCase());

const given = (t) => tensor(t, t.data.map(fromWord));
const unpacked = ({ bytes, dtype, shape, stored }) =>
  decode(Uint8Array.fromBase64(bytes), dtype, shape, stored);
const withConstants = ({ constants, ...program }) => ({
  ...program,
  constants: constants.map(unpacked),
});
const plain = (values) =>
  Object.fromEntries(
    Object.entries(values).map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, data: Array.from(data, toWord) },
    ]),
  );

const withTable = (mark) => (mark.lut ? { ...mark, table: Uint8Array.fromBase64(mark.lut) } : mark);

const programs = [];

/** Keep a program with its packed constants and the marks it moves; returns its number. */
export function load(json) {
  const { program, constants, marks } = JSON.parse(json);
  const whole = withConstants({ ...program, constants });
  return programs.push({ whole, marks: marks.map(withTable) }) - 1;
}

/** The outputs of a program that was loaded; its marks are drawn of them, or throw. */
export function answer(number, json) {
  const { whole, marks } = programs[number];
  const found = run(whole, JSON.parse(json).map(given));
  for (const mark of marks) draw(mark, found[mark.name]);
  return plain(found);
}

const runs = [];

/** Keep a figure that learns, with its packed constants by hash; returns its number. */
export function begin(json) {
  const { spec, constants } = JSON.parse(json);
  const known = {};
  const constant = (hash) => {
    known[hash] ??= unpacked(constants[hash]);
    return known[hash];
  };
  return runs.push({ spec, answer: learning(spec, constant) }) - 1;
}

/** The values after a move, with the controls where a state has them, and how the run stands. */
export function play(number, json) {
  const { state, move } = JSON.parse(json);
  const { spec, answer: answered } = runs[number];
  const controls = spec.controls.map((control) => ({
    spec: control,
    value: () => state[control.name],
  }));
  const { values, run: told } = answered(controls, move);
  return { values: values && plain(values), run: told };
}

/** What is drawn of a mark for a value. */
export function drawn(json) {
  const { mark, value } = JSON.parse(json);
  const found = draw(withTable(mark), { ...value, data: value.data.map(fromWord) });
  if (found.pixels) found.pixels = Array.from(found.pixels);
  return found;
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

/** The outputs of a program that is fed n times with those that are named as its inputs. */
export function fed(json, n) {
  const { program, inputs } = JSON.parse(json);
  const made = planned(withConstants(program), inputs);
  made.inputs.forEach(({ data }, i) => {
    data.set(inputs[i].data.map(fromWord));
  });
  const back = made.outputs.flatMap(([name, value]) => {
    const i = program.inputs.indexOf(name);
    return i < 0 ? [] : [[made.inputs[i].data, value.data]];
  });
  for (let k = 0; k < n; k++) {
    if (k) for (const [to, from] of back) to.set(from);
    made.run();
  }
  return plain(Object.fromEntries(made.outputs));
}

export const printed = format;

/** What is said and kept of a guess. */
export function judge(json) {
  const { spec, value, truth, places } = JSON.parse(json);
  return judged(spec, value, truth.map(fromWord), places);
}

/** What is drawn, seen and read of marks while some are hidden. */
export function veil(json) {
  const { marks, values, hidden } = JSON.parse(json);
  return JSON.stringify(veilOver(marks)(values, hidden));
}

/** Of which marks the second picture has the drawings of the first. */
export function drawnOnce(json) {
  const { marks, values, others, hidden } = JSON.parse(json);
  const veiled = veilOver(marks);
  const { drawn } = veiled(values);
  const again = veiled(others, hidden).drawn;
  return marks.filter((_, i) => again[i] === drawn[i]).map(({ name }) => name);
}

/** The groups and the means of some bets. */
export function bets(json) {
  const all = JSON.parse(json);
  return JSON.stringify([grouped(all), means(all)]);
}
