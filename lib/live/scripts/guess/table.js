// What was guessed on a page, in a table; absent while there is nothing.

import { element, tool } from "../controls/elements.js";
import { reliability } from "./calibration.js";

const HEAD = ["Asked", "You said", "It is", "Off by"];
const SHOWN = { table, calibration: reliability };

/** Fill `place` with what its data-shows names, of the keeper's guesses, and follow them. */
export function fill(place, keeper, page) {
  const show = () => {
    const all = Object.entries(keeper.all());
    place.replaceChildren(...SHOWN[place.dataset.shows](all, { keeper, page }));
  };
  place.classList.add("live");
  keeper.watch(show);
  show();
}

function table(all, { keeper, page }) {
  const here = all.filter(([, entry]) => entry.page === page && !entry.waived);
  if (!here.length) return [];
  const row = (kind, cells) => element("tr", {}, ...cells.map((c) => element(kind, {}, c ?? "")));
  const rows = here.map(([asked, { said, so, off }]) => row("td", [asked, said, so, off]));
  const forget = () => keeper.forget(Object.keys(keeper.all()));
  return [
    element(
      "table",
      {},
      element("caption", {}, "Your guesses"),
      element("thead", {}, row("th", HEAD)),
      element("tbody", {}, ...rows),
    ),
    tool({ class: "live-tool" }, "Forget all guesses of the course", forget),
  ];
}
