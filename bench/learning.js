// The step of learning.py in a page: the traced program, and the same in tensorflow.js.

import { bytesOf } from "../lib/live/scripts/answers/bytes.js";
import { decode } from "../lib/live/scripts/tensor/constants.js";
import { planned } from "../lib/live/scripts/tensor/run.js";

const steps = {}; // kind -> a function that makes one step

/** Make all steps ready for the program and the inputs of the first. */
export async function prepare(json) {
  const { program, inputs, players } = JSON.parse(json);
  const constants = program.constants.map(({ bytes, dtype, shape, stored }) =>
    decode(bytesOf(bytes), dtype, shape, stored),
  );
  const made = planned({ ...program, constants }, inputs);
  made.inputs.forEach(({ data }, i) => {
    data.set(inputs[i].data);
  });
  const back = made.outputs.map(([name, { data }]) => [
    made.inputs[program.inputs.indexOf(name)].data,
    data,
  ]);
  steps.page = () => {
    made.run();
    for (const [to, from] of back) to.set(from);
  };
  const { tf } = window;
  const files = ["", "-simd", "-threaded-simd"].map((kind) => `tfjs-backend-wasm${kind}.wasm`);
  tf.wasm.setWasmPaths(Object.fromEntries(files.map((file) => [file, window.simd])));
  const named = Object.fromEntries(program.inputs.map((name, i) => [name, inputs[i]]));
  for (const kind of ["wasm", "cpu"]) {
    await tf.setBackend(kind);
    await tf.ready();
    steps[kind] = peer(tf, kind, named, players);
  }
}

/** Milliseconds of one step of this kind, of so many. */
export async function turn(kind, times) {
  const { tf } = window;
  if (kind !== "page") await tf.setBackend(kind);
  const start = performance.now();
  for (let i = 0; i < times; i++) steps[kind]();
  return (performance.now() - start) / times;
}

function peer(tf, kind, named, players) {
  const tensorOf = ({ data, shape }) => tf.tensor(data, shape);
  const [real, noise, again] = ["real", "noise", "again"].map((name) => tensorOf(named[name]));
  const variables = {};
  const rules = {};
  for (const [player, names] of Object.entries(players)) {
    variables[player] = names.map((name) => tf.variable(tensorOf(named[name]), true));
    rules[player] = tf.train.adam(1e-3, 0.5, 0.9, 1e-8);
  }
  const play = (player, x) => {
    const all = variables[player];
    let y = x;
    for (let i = 0; i < all.length; i += 2) {
      y = tf.add(tf.matMul(y, all[i], false, true), all[i + 1]);
      if (i + 2 < all.length) y = tf.leakyRelu(y, 0.2);
    }
    return y;
  };
  const cost = (logits) => tf.mean(tf.softplus(logits));
  const learn = (player, loss) => {
    rules[player].minimize(loss, true, variables[player]).dataSync(); // until it is there
  };
  return () =>
    tf.tidy(() => {
      const fake = play("generator", noise);
      learn("critic", () =>
        tf.add(cost(tf.neg(play("critic", real))), cost(play("critic", fake))),
      );
      learn("generator", () => cost(tf.neg(play("critic", play("generator", again)))));
    });
}
