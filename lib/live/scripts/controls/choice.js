// A choice: one of a few options, side by side, or in a list where they are many or long.

import { element, group, single } from "./elements.js";

/** Options for the spec; calls changed() when another is chosen. Its value is its number. */
export function choice(spec, changed) {
  const long = spec.options.length > 5 || spec.options.join("").length > 44;
  return long ? list(spec, changed) : switches(spec, changed);
}

function list(spec, changed) {
  const options = spec.options.map((name, i) => element("option", { value: i }, name));
  const select = element("select", { "aria-label": spec.label }, ...options);
  select.addEventListener("change", changed);
  const label = element("div", { class: "live-label" }, spec.label);
  return {
    element: single(spec, label, select),
    value: () => Number(select.value),
    put([i]) {
      select.value = i;
    },
  };
}

function switches(spec, changed) {
  const name = `live-radio-${Math.random().toString(36).slice(2)}`; // theirs alone on the page
  const inputs = spec.options.map((_, i) => element("input", { type: "radio", name, value: i }));
  for (const input of inputs) input.addEventListener("change", changed);
  const labels = spec.options.map((option, i) =>
    element("label", {}, inputs[i], element("span", {}, option)),
  );
  return {
    element: group(spec, element("div", { class: "live-options" }, ...labels)),
    value: () => inputs.findIndex((input) => input.checked),
    put([i]) {
      inputs[i].checked = true;
    },
  };
}
