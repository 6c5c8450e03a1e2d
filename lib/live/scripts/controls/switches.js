// Switches: a few named things, each on or off.

import { element, group, tool } from "./elements.js";

/** A row of switches for the spec; calls changed() when a hand flips one. */
export function switches(spec, changed) {
  const values = new Uint8Array(spec.names.length);
  const set = (i, on) => {
    values[i] = on ? 1 : 0;
    buttons[i].setAttribute("aria-checked", on ? "true" : "false");
  };
  const buttons = spec.names.map((name, i) => {
    const button = tool({ class: "live-switch", role: "switch" }, name, () => {
      set(i, !values[i]);
      changed();
    });
    button.prepend(element("i"));
    return button;
  });
  return {
    element: group(spec, element("div", { class: "live-row" }, ...buttons)),
    value: () => values,
    put(numbers) {
      for (const [i, on] of numbers.entries()) set(i, on);
    },
  };
}
