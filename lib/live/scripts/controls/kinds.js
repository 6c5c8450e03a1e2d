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
