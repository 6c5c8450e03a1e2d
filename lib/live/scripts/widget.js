// A figure in JupyterLab, as anywidget shows it: the notebook's kernel answers.

import { lineTo } from "./answers/kernel.js";
import { mount } from "./figure/mount.js";

/** Show the figure of a widget's model in the element; returns what ends it. */
export function render({ model, el }) {
  const line = lineTo(model);
  const say = (sentence) => {
    el.textContent = sentence;
  };
  line
    .hello(say)
    .then(({ html, spec }) => {
      el.innerHTML = html;
      mount(el.querySelector("figure.live"), spec, line.answer);
    })
    .catch((problem) => say(problem.message));
  return line.hangUp;
}
