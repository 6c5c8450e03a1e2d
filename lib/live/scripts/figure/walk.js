// One tab stop on a picture, from which arrow keys walk from number to number.

import { element } from "../controls/elements.js";
import { ARROWS } from "../controls/hands.js";

const NAME = "numbers in the picture: arrows walk, page up and down change what is read";

/**
 * An element that lies on the picture and takes the keys.
 *
 * listsOf() gives {name, columns, spots} for each mark that has numbers, and told(spot) shows one
 * of its spots and returns its words; told() shows none.
 */
export function walkOver(listsOf, told) {
  const stop = element("div", {
    class: "live-walk",
    role: "slider", // whose text is read aloud when it changes
    tabindex: 0,
    hidden: true, // until there is a number
    "aria-label": NAME,
    "aria-valuenow": 0,
    "aria-valuetext": "",
  });
  let [list, at] = [0, 0];
  const tell = () => {
    const lists = listsOf();
    list = (list + lists.length) % lists.length || 0;
    if (!lists.length) return;
    const { name, columns, spots } = lists[list];
    at = Math.max(Math.min(at, spots.length - 1), 0);
    const cell = `row ${Math.floor(at / columns) + 1}, column ${(at % columns) + 1}: `;
    const words = `${name}, ${columns > 1 ? cell : ""}${told(spots[at])}`;
    stop.setAttribute("aria-valuenow", at);
    stop.setAttribute("aria-valuemax", spots.length - 1);
    stop.setAttribute("aria-valuetext", words);
  };
  stop.addEventListener("focus", tell);
  stop.addEventListener("blur", () => told());
  stop.addEventListener("keydown", (event) => {
    const { columns, spots } = listsOf()[list] ?? { columns: 1, spots: [] };
    const [right, down] = ARROWS[event.key] ?? [0, 0];
    const other = { PageDown: 1, PageUp: -1 }[event.key] ?? 0;
    const to = { Home: 0, End: spots.length - 1 }[event.key] ?? at + right + down * columns;
    if (!other && to === at) return;
    if (spots[to]) at = to;
    if (other) [list, at] = [list + other, 0];
    event.preventDefault();
    tell();
  });
  return stop;
}
