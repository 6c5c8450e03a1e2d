// Operations that need whole tensors, by name: functions (out, ...arguments) that return a
// function which computes the data of `out`, or of a list of them, from those of the arguments.

import { BUILDING } from "./building.js";
import { CONVOLUTION } from "./convolution.js";
import { INDEXING } from "./indexing.js";
import { NORMS } from "./norms.js";
import { POOLING } from "./pooling.js";
import { DISTANCES, PRODUCTS } from "./products.js";
import { REDUCTIONS } from "./reductions.js";
import { RESIZING } from "./resizing.js";
import { ROWWISE } from "./rowwise.js";

/** Those that read their arguments by any steps. */
export const BY_STEPS = { ...PRODUCTS, ...REDUCTIONS };

/** All; the others get their arguments with the elements side by side. */
export const OPERATIONS = {
  ...BY_STEPS,
  ...ROWWISE,
  ...DISTANCES,
  ...CONVOLUTION,
  ...POOLING,
  ...RESIZING,
  ...NORMS,
  ...BUILDING,
  ...INDEXING,
};
