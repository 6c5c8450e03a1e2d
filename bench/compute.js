// What a page's figures themselves compute for a hand: their programs, without a picture.

import { tabulated } from "../lib/live/scripts/answers/frames.js";
import { constant, store } from "../lib/live/scripts/answers/store.js";
import { traced } from "../lib/live/scripts/answers/traced.js";

const TIMES = 12; // moves of a control; the first ones plan a program

/** Know the numbers that the page carries. */
export function prepare() {
  for (const { textContent } of document.querySelectorAll("script.live-store")) {
    store(JSON.parse(textContent));
  }
}

/** Milliseconds of the answer to a move, by control; none where a figure learns. */
export function spent(root) {
  const spec = JSON.parse(root.querySelector("script.live-spec").textContent);
  if (spec.run) return {};
  const answer = spec.frames ? tabulated(spec) : traced(spec, constant);
  const timed = (moved) => {
    const times = Array.from({ length: TIMES }, (_, i) => {
      const controls = spec.controls.map((c) => at(c, i % 2 === 1 && c === moved));
      const start = performance.now();
      answer(controls);
      return performance.now() - start;
    });
    return times.slice(2).sort((a, b) => a - b)[TIMES / 2 - 1];
  };
  return Object.fromEntries(spec.controls.map((c) => [c.name, timed(c)]));
}

// A control at its start, or moved from there: what the figure asks of it.
function at(spec, moved) {
  const [first, ...others] = spec.start;
  const start = [moved ? other(spec, first) : first, ...others];
  if (spec.kind === "choice") return { spec, value: () => start[0] };
  return { spec, value: () => start, position: () => Number(moved) };
}

function other({ kind, options }, value) {
  if (kind === "choice") return (value + 1) % options.length;
  return kind === "mask" || kind === "switches" ? 1 - value : 0.99 * value + 0.001;
}
