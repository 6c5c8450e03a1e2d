// The notebook's kernel answers, in JupyterLab: the state goes up, bytes come down.

const ARRAYS = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array };
const BUSY =
  "The notebook's kernel is busy: this figure comes when it is idle. If the kernel is gone, " +
  "run this cell again.";
const SILENT =
  "The notebook's kernel does not answer: it is busy or gone. Run this cell again when it is " +
  "idle.";

/**
 * A line to the kernel behind a widget's model.
 *
 * hello(busy) gives the figure's html and spec; busy(sentence) is called where they are long in
 * coming. answer(controls) gives the values of the marks. hangUp() ends it.
 */
export function lineTo(model) {
  const { ask, hangUp } = questions(model);
  return {
    hangUp,
    // It stands behind the cells that still run, however long they do.
    async hello(busy) {
      const [figure] = await ask({ kind: "hello" }, [], 2000, () => busy(BUSY));
      return figure;
    },
    // A state ages, and one that is not answered is given up.
    async answer(controls) {
      const [choices, numbers] = stateOf(controls);
      const giveUp = () => new Error(SILENT);
      const [{ outputs }, buffers] = await ask(
        { kind: "state", choices },
        [numbers],
        20000,
        giveUp,
      );
      return valuesOf(outputs, buffers);
    },
  };
}

// ask(content, buffers, patience, late) gives a promise of [answer, buffers]. After `patience`
// ms late() is called; if it returns an error, the promise is rejected with it.
function questions(model) {
  const view = Math.random().toString(36).slice(2); // who of several views is asking
  const waiting = new Map(); // number of the question -> what its answer is given to
  let asked = 0;

  function receive(message, buffers) {
    if (message.view !== view) return;
    waiting.get(message.id)?.(message, buffers);
    waiting.delete(message.id);
  }

  function ask(content, buffers, patience, late) {
    asked += 1;
    const id = asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const problem = late();
        if (!problem) return;
        waiting.delete(id);
        reject(problem);
      }, patience);
      waiting.set(id, (message, data) => {
        clearTimeout(timer);
        if (message.error) reject(new Error(message.error));
        else resolve([message, data]);
      });
      model.send({ ...content, view, id }, undefined, buffers);
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
