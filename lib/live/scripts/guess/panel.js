// The panel of a question, above its picture: what is asked, a hand, buttons, and a sentence.

import { element, tool } from "../controls/elements.js";

/**
 * The panel {element, show(parts), say(words)} of a figure's element.
 *
 * does: what the buttons do, by name: commit, waive, again, next.
 */
export function panelOf(root, does) {
  const question = element("legend", {});
  const hand = element("div", { class: "live-row live-hands" });
  const words = element("p", { role: "status" });
  const buttons = Object.fromEntries(
    Object.entries(does).map(([name, act]) => {
      const look = name === "commit" || name === "next" ? "live-tool live-play" : "live-tool";
      return [name, tool({ class: look, "data-does": name }, "", act)];
    }),
  );
  const row = element(
    "div",
    { class: "live-row live-ways" },
    ...Object.values(buttons),
    ...wide(root),
  );
  const panel = element("fieldset", { class: "live-guess", tabindex: -1 });
  panel.append(question, element("div", { class: "live-row" }, hand, words, row));
  root.prepend(panel);
  return {
    element: panel,
    say(text) {
      words.textContent = text;
    },
    /** parts: the question, elements of its hand, and the names of the buttons to be seen. */
    show(text, hands, named) {
      question.textContent = text;
      hand.replaceChildren(...hands);
      for (const [name, button] of Object.entries(buttons)) {
        button.hidden = !named[name];
        button.textContent = named[name] ?? "";
      }
    },
  };
}

// A button that gives question and figure the whole screen, where the browser lets it.
function wide(root) {
  if (!document.fullscreenEnabled) return [];
  const button = tool({ class: "live-tool live-wide" }, "Full screen", () =>
    document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen(),
  );
  root.addEventListener("fullscreenchange", () => {
    button.textContent = document.fullscreenElement === root ? "Leave full screen" : "Full screen";
  });
  return [button];
}
