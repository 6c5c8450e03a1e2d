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

/** A line below the figure that is there on paper only. */
export function lineOnPaper(controls) {
  const line = element("p", { class: "live-paper", "aria-hidden": "true" });
  addEventListener("beforeprint", () => {
    const parts = controls.map(({ spec, value }) => [spec.label, SAID[spec.kind](spec, value())]);
    line.textContent = parts.map(([label, text]) => `${label}: ${text}`).join(" · ");
  });
  return line;
}
