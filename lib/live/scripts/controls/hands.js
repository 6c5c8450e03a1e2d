// How a hand moves a control: by pointer, and by the arrow keys.

import { clamped } from "./elements.js";

/** The arrow keys, as steps to the right and down. */
export const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Calls moved(event, first) as the pointer goes down on an area, and while it moves. */
export function dragged(area, moved) {
  area.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    area.setPointerCapture(event.pointerId);
    moved(event, true);
    event.preventDefault();
  });
  area.addEventListener("pointermove", (event) => {
    if (area.hasPointerCapture(event.pointerId)) moved(event, false);
  });
}

/** Where in an element an event is: parts of its width and height, 0 to 1. */
export function partsWithin(area, event) {
  const box = area.getBoundingClientRect();
  return [
    clamped((event.clientX - box.left) / box.width, 0, 1),
    clamped((event.clientY - box.top) / box.height, 0, 1),
  ];
}

/** Focus the i-th of several cells, of which the tab key reaches one at a time. */
export function focusOne(cells, i, options) {
  cells.forEach((cell, j) => {
    cell.tabIndex = i === j ? 0 : -1;
  });
  cells[i].focus(options);
}
