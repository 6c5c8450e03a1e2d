// What a kernel gets of a control.

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
