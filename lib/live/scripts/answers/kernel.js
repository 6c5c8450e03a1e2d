// The notebook's kernel answers, in JupyterLab: the state goes up, bytes come down.

const ARRAYS = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array };
const GONE = "The kernel behind this figure is gone. Run its cell again, and it moves.";
const SILENT =
  "The notebook's kernel does not answer: it is busy or gone. Move a control again when it is " +
  "idle, or run this cell again.";
const AGAIN = 500; // ms after which a question is asked once more: another cell may hold it up
const PATIENCE = 40; // how often, before it is given up

/**
 * A line to the kernel behind a widget's model.
 *
 * answer(controls, move) gives {values, run} as learning.js does, the first time the values
 * that came with the model. hangUp() ends it.
 */
export function lineTo(model) {
  const { ask, hangUp } = questions(model);
  const { outputs, data } = model.get("opening");
  let opening = { values: valuesOf(outputs, data) };
  async function answer(controls, move) {
    const first = opening;
    opening = undefined;
    if (first && !move?.seed) return first;
    const [choices, numbers] = stateOf(controls);
    const [found, buffers] = await ask({ choices, move }, numbers);
    return { values: found.outputs && valuesOf(found.outputs, buffers), run: found.run };
  }
  return { answer, hangUp };
}

// ask(content, numbers) gives a promise of [the answer's content, its buffers].
function questions(model) {
  const view = Math.random().toString(36).slice(2); // who of several views is asking
  const waiting = new Map(); // number of the question -> what its answer is given to
  let asked = 0;

  function receive(message, buffers) {
    if (message.view === view) waiting.get(message.id)?.(message, buffers);
  }

  function ask(content, numbers) {
    asked += 1;
    const id = asked;
    return new Promise((resolve, reject) => {
      let times = 0;
      const timer = setInterval(send, AGAIN);
      function end(settle, result) {
        clearInterval(timer);
        waiting.delete(id);
        settle(result);
      }
      function send() {
        times += 1;
        if (times > PATIENCE) return end(reject, new Error(SILENT));
        try {
          model.send({ ...content, view, id }, undefined, [numbers]);
        } catch {
          end(reject, new Error(GONE));
        }
      }
      waiting.set(id, (found, buffers) => {
        if (found.error) end(reject, new Error(found.error));
        else end(resolve, [found, buffers]);
      });
      send();
    });
  }

  model.on("msg:custom", receive);
  return { ask, hangUp: () => model.off("msg:custom", receive) };
}

// Which option of each choice, and the numbers of all other controls, one after another.
function stateOf(controls) {
  const choices = {};
  const numbers = [];
  for (const { spec, value } of controls) {
    if (spec.kind === "choice") choices[spec.name] = value();
    else numbers.push(...value());
  }
  return [choices, new Float32Array(numbers).buffer];
}

function valuesOf(outputs, buffers) {
  const value = ([name, dtype, shape], i) => {
    const data = new ARRAYS[dtype](alone(buffers[i]));
    return [name, { dtype, shape, data }];
  };
  return Object.fromEntries(outputs.map(value));
}

// A buffer of its own: a view into a longer message may begin where no float can.
function alone(view) {
  if (!view.buffer) return view;
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}
