// Brings a figure to life: its controls, and a new picture whenever one of them moves.

import { element, tool } from "../controls/elements.js";
import { CONTROLS } from "../controls/kinds.js";
import { asking } from "../guess/ask.js";
import { read, written } from "./address.js";
import { flow } from "./flow.js";
import { newestOnly } from "./newest.js";
import { boxUnder, layOver, markUnder } from "./overlays.js";
import { lineOnPaper } from "./paper.js";
import { pictureOf } from "./picture.js";
import { playerOf } from "./player.js";

const TARGET = 24; // px, the least that a finger hits

/**
 * Mount a figure in its element `root`.
 *
 * spec: {prefix, controls, marks, run}; answer(controls, move) gives {values, run}, or a promise
 * of it: values by name, and how a run stands after a move (player.js). A control is as in
 * kinds.js and has its own spec; rested() is awaited after each picture, before the next is asked
 * for. The questions of the spec are asked where there is a keeper of guesses (keep.js).
 * Returns a function that says where the controls stand, as address.js writes it; the event
 * "live-show" puts them where its detail says.
 */
export function mount(root, spec, answer, rested = () => {}, keeper = undefined) {
  const picture = pictureOf(root, spec);
  const request = newestOnly(root, async () => {
    const turn = ask?.turn();
    try {
      const { values, run } = await answer(controls, player?.move());
      if (values) picture.show(values, ask?.hidden());
      player?.moved(run);
      ask?.seen(values, run, turn);
    } catch (problem) {
      player?.stop();
      picture.complain(problem);
    }
    await rested();
  });
  const player = spec.run && playerOf(root, spec.run, request);
  const controls = spec.controls.map((control) => ({
    spec: control,
    ...CONTROLS[control.kind](control, request, markUnder(spec, control)),
  }));
  place(root, spec, controls, request, [player?.element ?? "", picture.numbers]);
  root.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab takes arrows
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  const ask = asking({ root, spec, controls, player, request }, keeper);
  root.addEventListener("live-show", ({ detail }) => {
    read(detail, controls);
    request();
  });
  request();
  return () => written(controls);
}

function place(root, spec, controls, request, [player, numbers]) {
  const reset = () => {
    for (const { spec: control, put } of controls) put(control.start);
  };
  const button = tool({ class: "live-tool live-reset" }, "Reset", () => {
    reset();
    request();
  });
  reset();
  for (const { element: made, spec: control } of controls) {
    if (spec.run?.only.includes(control.name)) made.dataset.acts = "run"; // at its next step
  }
  const shown = controls.map((control) => control.element);
  const tools = element("div", { class: "live-row live-tools" }, button);
  root
    .querySelector(".live-controls")
    .replaceChildren(player, ...shown, ...(controls.length ? [tools] : []), numbers);
  root.querySelector(".live-controls").after(lineOnPaper(controls));
  layAll(root, spec, controls);
}

// Controls that lie over the picture go where their marks go.
function layAll(root, spec, controls) {
  const picture = root.querySelector(".live-picture");
  const laid = controls.flatMap(({ overlay, spec: control }) => {
    if (!overlay) return [];
    const mark = markUnder(spec, control);
    const home = root.querySelector(`[id="${spec.prefix}-${mark.id}"]`);
    return [{ overlay, control, home, box: boxUnder(control, mark) }];
  });
  picture.append(...laid.map(({ overlay }) => overlay));
  const lay = () => {
    for (const { overlay, box, home } of laid) layOver(overlay, box, home);
    root.dispatchEvent(new Event("live-laid"));
  };
  const cells = laid.filter(({ control }) => control.kind === "mask");
  const scales = cells.map(({ control: { width, height }, box }) =>
    Math.max((TARGET * width) / box.width, (TARGET * height) / box.height),
  );
  lay();
  flow(picture.querySelector("svg"), picture, Math.max(0, ...scales), lay);
}
