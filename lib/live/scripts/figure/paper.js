// On paper a figure says where its controls stand, for they are not printed.

import { brief, element } from "../controls/elements.js";

const SAID = {
  slider: (_, [v]) => brief(v),
  pad: (_, point) => [...point].map((v) => brief(Number(v.toPrecision(3)))).join(", "),
  choice: ({ options }, i) => options[i],
  bars: ({ labels }, numbers) =>
    [...numbers].map((v, i) => `${labels ? `${labels[i]} ` : ""}${brief(v)}`).join(", "),
  mask: (_, cells) => `${cells.filter(Boolean).length} of ${cells.length} on`,
  switches: ({ names }, on) => names.filter((_, i) => on[i]).join(", ") || "none",
};

/** Where controls stand, in words. */
export function standing(controls) {
  const parts = controls.map(({ spec, value }) => [spec.label, SAID[spec.kind](spec, value())]);
  return parts.map(([label, text]) => `${label}: ${text}`).join(" · ");
}

/** A line below the figure that is there on paper only. */
export function lineOnPaper(controls) {
  const line = element("p", { class: "live-paper", "aria-hidden": "true" });
  addEventListener("beforeprint", () => {
    line.textContent = standing(controls);
  });
  return line;
}
