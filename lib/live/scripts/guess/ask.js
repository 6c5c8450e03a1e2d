// A figure that asks before it shows: what is hidden until then, and what is said after.

import { element } from "../controls/elements.js";
import { written } from "../figure/address.js";
import { layOver } from "../figure/overlays.js";
import { standing } from "../figure/paper.js";
import { boxIn } from "../marks/places.js";
import { HANDS } from "./hands.js";
import { layerOver } from "./layer.js";
import { panelOf } from "./panel.js";
import { judged } from "./score.js";

const APART = {
  words: "There is nothing to compare: the run came apart before that step.",
  so: "the run came apart",
};

/**
 * The questions of a figure: {turn(), hidden(), seen(values, run, turn)}; undefined where it has
 * none, or nobody keeps what is said.
 *
 * figure: {root, spec, controls, player, request}; keeper: as in keep.js. hidden() names the
 * marks that are not to be seen now; seen() is told each picture's values, how a run stood, and
 * what turn() was when it was asked for. The event "live-show" shows without a guess.
 */
export function asking({ root, spec, controls, player, request }, keeper) {
  if (!keeper || !spec.guesses) return undefined;
  const questions = spec.guesses.map(({ question }) => question);
  const picture = root.querySelector(".live-picture");
  const why = element("p", { class: "live-held" });
  let phase = ""; // asks, waits for the truth, or free
  let turn = 0; // grows where an earlier picture would say nothing of the present state
  let number = 0; // of the question
  let guess;
  let hand;
  let layer;
  let over; // what the hand lies on
  let value; // that was given
  let stood; // where the controls are while it asks
  let pictures = 0;

  const panel = panelOf(root, { commit, waive, again, next });
  root.querySelector(".live-controls").before(why);
  root.addEventListener("live-laid", () => {
    if (hand?.overlay) layOver(hand.overlay, over.box, over.home);
  });
  root.addEventListener("live-show", waive);
  keeper.watch(() => {
    if (phase === "free" && !keeper.all()[guess.question]) ask(0);
  });

  function turnTo(i) {
    hand?.overlay?.remove();
    layer?.group.remove();
    [number, guess, hand, layer] = [i, spec.guesses[i]];
    const mark = guess.on && spec.marks.find(({ name, sx }) => name === guess.on && sx);
    const home = mark && root.querySelector(`[id="${spec.prefix}-${mark.id}"]`);
    over = mark && { mark, home, box: boxIn(mark, ...guess.limits) };
  }

  function put(at) {
    for (const { spec: control, put: move } of controls) move(at[control.name] ?? control.start);
  }

  function hold(held) {
    for (const { element: made, overlay } of controls) {
      made.inert = held;
      if (overlay) overlay.inert = held;
    }
    root.querySelector(".live-reset").inert = held;
    if (player) player.element.inert = held && phase === "asks";
    why.hidden = !held;
    why.textContent = `The controls wait for your guess: ${standing(controls)}`;
    root.classList.toggle("asks", held);
  }

  function ask(i) {
    phase = "asks";
    turn += 1;
    turnTo(i);
    keeper.forget([guess.question]);
    put(guess.at);
    stood = written(controls);
    for (const told of root.querySelectorAll(".live-note, .live-spot")) told.textContent = "";
    root.querySelector(".live-walk").setAttribute("aria-valuetext", "");
    drawLayer();
    hand = HANDS[guess.kind](guess, over?.mark, over?.box, moved);
    if (hand.overlay) {
      picture.append(hand.overlay);
      layOver(hand.overlay, over.box, over.home);
    }
    moved();
    const after = guess.steps ? `, and ${spec.run.named.toLowerCase()}` : "";
    panel.show(titled(), hand.elements, { commit: `Commit${after}`, waive: "Show me anyway" });
    panel.say("");
    hold(true);
    player?.restart();
    request();
  }

  const titled = () => {
    const count = questions.length > 1 ? ` (${number + 1} of ${questions.length})` : "";
    return guess.question + count;
  };
  const drawLayer = () => {
    layer = over && layerOver(guess, over.mark, over.home, over.box);
  };
  function moved() {
    if (layer && hand && guess.kind !== "point") layer.show(hand.value());
  }

  function commit() {
    const lacks = hand.lacks();
    if (lacks) return panel.say(lacks);
    value = hand.value();
    phase = "waits";
    turn += 1;
    layer?.show(value);
    hand.overlay?.remove();
    panel.show(titled(), [], {});
    const steps = (guess.steps || "").toLocaleString("en");
    panel.say(steps ? `It will be said after ${steps} steps.` : "");
    panel.element.focus({ preventScroll: true });
    hold(true);
    if (player) player.restart(guess.steps);
    request();
  }

  function compare(truth) {
    const log = guess.log ?? over?.mark.sy[2];
    const found = truth ? judged({ ...guess, log }, value, truth, over?.mark.x) : APART;
    keeper.put(guess.question, { kind: guess.kind, unit: guess.unit, value, ...found });
    free();
  }

  function waive() {
    if (phase !== "asks") return;
    keeper.put(guess.question, { kind: guess.kind, waived: true });
    panel.element.focus({ preventScroll: true });
    free();
    request();
  }

  function free() {
    phase = "free";
    hand?.overlay?.remove();
    hand = undefined;
    const { waived, words } = keeper.all()[guess.question];
    if (waived) layer?.group.remove();
    const more = number + 1 < questions.length;
    panel.show(titled(), [], {
      again: waived ? "Guess after all" : "Guess again",
      next: more ? "Next question" : undefined,
    });
    panel.say(waived ? "Shown without a guess." : words);
    hold(false);
  }

  function again() {
    ask(number);
    panel.element.focus({ preventScroll: true });
  }

  function next() {
    ask(number + 1);
    panel.element.focus({ preventScroll: true });
  }

  // As it was left: at the last question that was answered, or at the first.
  const last = questions.findLastIndex((question) => question in keeper.all());
  if (last < 0) {
    ask(0);
  } else {
    turnTo(last);
    put(guess.at);
    stood = written(controls);
    put({});
    ({ value } = keeper.all()[guess.question]);
    if (value !== undefined) drawLayer();
    layer?.show(value);
    free();
  }

  return {
    turn: () => turn,
    hidden: () => (phase === "asks" ? guess.hides : []),
    seen(values, run, then) {
      if (!values) return;
      layer?.group.classList.toggle("away", written(controls) !== stood);
      const reached = !player || run?.steps === guess.steps;
      if (phase === "waits" && then === turn && (reached || run?.lost))
        compare(reached && values[guess.of].data);
      pictures += 1;
      if (pictures === 1) request(); // the first may be of another state
    },
  };
}
