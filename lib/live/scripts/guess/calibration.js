// The reader's own reliability diagram: how often choices were right, by how sure one was.

import { element } from "../controls/elements.js";
import { format } from "../marks/text.js";
import { grouped, means } from "./bets.js";

const FEW = 5; // choices with which nothing can be said
const SIDE = 200; // of the square
const LEFT = 34;
const BELOW = 34;
const NS = "http://www.w3.org/2000/svg";

/** Elements that show it for entries [question, what was guessed]. */
export function reliability(all) {
  const bets = all.map(([, entry]) => entry).filter(({ sure }) => sure > 0);
  if (bets.length < FEW) {
    const count = `${bets.length} of the ${FEW} choices that it takes`;
    return [element("p", {}, `Here your own reliability will stand; you have made ${count}.`)];
  }
  const groups = grouped(bets);
  return [drawn(groups), element("p", {}, ...sentences(bets, groups))];
}

function sentences(bets, groups) {
  const nats = (v) => format("{:.2f}", [v]);
  const percent = (p) => `${Math.round(100 * p)} %`;
  const share = (name) => groups.reduce((sum, g) => sum + g[name] * g.n, 0) / bets.length;
  const { cost, even, expected } = means(bets);
  return [
    `Of ${bets.length} choices ${percent(share("right"))} were right, and you were `,
    `${percent(share("sure"))} sure of them. They cost ${nats(cost)} nats each; even bets would `,
    `have cost ${nats(even)}, and had you been right as often as you were sure, ${nats(expected)}.`,
  ];
}

function drawn(groups) {
  const x = (p) => LEFT + p * SIDE;
  const y = (p) => 8 + (1 - p) * SIDE;
  const svg = made("svg", { viewBox: `0 0 ${LEFT + SIDE + 12} ${SIDE + 8 + BELOW}`, role: "img" });
  const said = groups.map(
    ({ sure, n, right }) =>
      `${Math.round(100 * sure)} % sure: ${Math.round(100 * right)} % of ${n} right`,
  );
  svg.setAttribute("aria-label", `How often you were right. ${said.join("; ")}`);
  svg.append(
    made("path", { class: "rule", d: `M${x(0)} ${y(1)}V${y(0)}H${x(1)}` }),
    made("path", { class: "ideal", d: `M${x(0)} ${y(0)}L${x(1)} ${y(1)}` }),
    ...[0, 0.5, 1].flatMap((p) => [
      made("text", { x: x(p), y: y(0) + 14, "text-anchor": "middle" }, `${100 * p} %`),
      made("text", { x: x(0) - 4, y: y(p) + 4, "text-anchor": "end" }, p ? `${100 * p}` : ""),
    ]),
    made("text", { x: x(0.5), y: y(0) + 28, "text-anchor": "middle" }, "how sure you were"),
    made("text", { x: x(0) + 6, y: y(1) + 6 }, "% right"),
    ...groups.flatMap(({ sure, n, right }) => [
      made("circle", { cx: x(sure), cy: y(right), r: 3 + 1.5 * Math.sqrt(n) }),
      made("text", { x: x(sure) + 6 + 1.5 * Math.sqrt(n), y: y(right) + 4 }, n),
    ]),
  );
  return svg;
}

function made(name, attributes, ...children) {
  const found = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  found.append(...children);
  return found;
}
