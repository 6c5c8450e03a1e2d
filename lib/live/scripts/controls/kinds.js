// All controls by kind: functions (spec, changed, over) that build one.

import { bars } from "./bars.js";
import { choice } from "./choice.js";
import { mask } from "./mask.js";
import { pad } from "./pad.js";
import { slider } from "./slider.js";
import { switches } from "./switches.js";

/**
 * A control is {element, value(), put(numbers)}.
 *
 * value() gives its numbers, a choice the number of its option; put() moves it there without a
 * word. One that lies over the picture has an `overlay`, and one that knows only a few
 * positions says which by position().
 */
export const CONTROLS = { slider, choice, bars, mask, switches, pad };

/** The shape and dtype of the tensor that the kernel gets; null for a choice, which has none. */
export function inputMeta({ kind, n, height, width, names }) {
  switch (kind) {
    case "slider":
      return { dtype: "float32", shape: [] };
    case "bars":
      return { dtype: "float32", shape: [n] };
    case "mask":
      return { dtype: "bool", shape: [height, width] };
    case "switches":
      return { dtype: "bool", shape: [names.length] };
    case "pad":
      return { dtype: "float32", shape: [2] };
    default:
      return null;
  }
}
