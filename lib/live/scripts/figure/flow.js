// A picture in a narrow place: its panels go one under another, and what is still too wide
// scrolls. Nothing moves where the picture is legible as it was drawn.

import { panelsIn, smallestText } from "./panels.js";

const LEGIBLE = 9; // px, of the smallest text
const NATURAL = 768 / 504; // px a unit, of a picture that has all the room it wants
const PHONE = 600; // px, below which fingers are likely
const GAP = 8; // units between panels
const EDGE = 2; // and around them

/**
 * Keep an SVG legible in the box around `frame`, the element that has the picture's size.
 *
 * `least` is a scale, in px a unit, that fingers need; moved() is called when the panels have
 * moved.
 */
export function flow(svg, frame, least = 0, moved = () => {}) {
  const box = frame.parentElement;
  const drawn = { view: svg.getAttribute("viewBox"), width: frame.style.maxWidth };
  const units = svg.viewBox.baseVal.width;
  let panels = null; // measured once, when they first have to move
  let before = 0;

  const lay = () => {
    const width = box.clientWidth;
    if (!width || width === before) return;
    before = width;
    const scale = Math.max(LEGIBLE / smallestText(svg), width < PHONE ? least : 0);
    if (width / units >= Math.min(scale, NATURAL)) {
      if (panels) arrange(panels.flat(), null);
      show(drawn.view, "0", drawn.width);
    } else {
      panels ??= panelsIn(svg);
      const [across, down] = stack(panels, width / scale - 2 * EDGE);
      const view = [-EDGE, -EDGE, across + 2 * EDGE, down + 2 * EDGE];
      show(view.join(" "), `${view[2] * scale}px`, `${view[2] * NATURAL}px`);
    }
    moved();
    tell();
  };
  const show = (view, minWidth, maxWidth) => {
    svg.setAttribute("viewBox", view);
    Object.assign(frame.style, { minWidth, maxWidth });
  };
  const tell = () => {
    const hidden = box.scrollWidth - box.clientWidth;
    const more = [box.scrollLeft > 1 && "left", box.scrollLeft < hidden - 1 && "right"];
    box.dataset.more = more.filter(Boolean).join(" ");
    if (hidden > 0) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  box.addEventListener("scroll", tell);
  new ResizeObserver(lay).observe(box);
}

// Put the rows of panels where `room` units are; returns the width and height that they take.
function stack(bands, room) {
  let across = 0;
  let down = 0;
  for (const row of bands.flatMap((band) => rowsOf(band, room))) {
    const top = Math.min(...row.map((panel) => panel.top));
    let x = 0;
    row.forEach((panel, i) => {
      const left = i ? panel.left : panel.namedLeft;
      arrange([panel], [x - left, down - top], !i);
      x += panel.right - left + GAP;
    });
    across = Math.max(across, x - GAP);
    down += Math.max(...row.map((panel) => panel.bottom)) - top + GAP;
  }
  return [across, down - GAP];
}

function rowsOf(band, room) {
  const rows = [];
  let used = 0;
  for (const panel of band) {
    if (rows.length && used + panel.right - panel.left <= room) {
      rows.at(-1).push(panel);
      used += panel.right - panel.left + GAP;
    } else {
      rows.push([panel]);
      used = panel.right - panel.namedLeft + GAP;
    }
  }
  return rows;
}

function arrange(panels, shift, named = false) {
  for (const { name, group } of panels.flatMap((panel) => panel.names)) {
    if (named) group.append(name);
    else name.remove();
  }
  for (const group of panels.flatMap((panel) => panel.groups)) {
    if (shift) {
      group.setAttribute("transform", `translate(${shift})`);
      group.dataset.shift = shift;
    } else {
      group.removeAttribute("transform");
      delete group.dataset.shift;
    }
  }
}
