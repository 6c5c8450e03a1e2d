// All operations by name: functions (meta, ...arguments) that return a tensor of that dtype
// and shape. One with several results gets a list of metas and returns a list of tensors.

import { BUILDING } from "./building.js";
import { CONVOLUTION } from "./convolution.js";
import { ELEMENTWISE } from "./elementwise.js";
import { INDEXING } from "./indexing.js";
import { NORMS } from "./norms.js";
import { POOLING } from "./pooling.js";
import { PRODUCTS } from "./products.js";
import { REDUCTIONS } from "./reductions.js";
import { RESIZING } from "./resizing.js";
import { ROWWISE } from "./rowwise.js";
import { VIEWS } from "./views.js";

export const OPERATIONS = {
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...ROWWISE,
  ...PRODUCTS,
  ...CONVOLUTION,
  ...POOLING,
  ...RESIZING,
  ...NORMS,
  ...VIEWS,
  ...BUILDING,
  ...INDEXING,
  getitem: (_, results, i) => results[i],
};
