// A mask: cells switched on and off, by themselves or over an image.

import { clamped, element, group, tool } from "./elements.js";
import { ARROWS, dragged, focusOne } from "./hands.js";

/** Cells for the spec, over the mark `over` if there is one; calls changed() for a switch. */
export function mask(spec, changed, over) {
  const { height, width } = spec;
  const values = new Uint8Array(height * width);
  const cells = Array.from(values, (_, i) => cellAt(spec, i));
  const grid = gridOf(spec, cells, over);
  const at = (row, column) => clamped(row, 0, height - 1) * width + clamped(column, 0, width - 1);
  const focus = (i) => focusOne(cells, i, { preventScroll: true });
  const set = (i, on) => {
    values[i] = on ? 1 : 0;
    cells[i].setAttribute("aria-pressed", on ? "true" : "false");
  };

  let brush; // what a drag paints: the opposite of the cell on which it begins
  dragged(grid, (event, first) => {
    const i = cells.indexOf(document.elementFromPoint(event.clientX, event.clientY));
    if (first) brush = i < 0 ? undefined : 1 - values[i];
    if (i < 0 || brush === undefined) return; // beyond the grid, or between two cells
    if (first) focus(i);
    if (values[i] === brush) return;
    set(i, brush);
    changed();
  });
  cells.forEach((cell, i) => {
    cell.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (step) {
        focus(at(Math.floor(i / width) + step[1], (i % width) + step[0]));
      } else if (event.key === " " || event.key === "Enter") {
        set(i, !values[i]);
        changed();
      } else {
        return;
      }
      event.preventDefault();
    });
  });

  const button = (name, on) =>
    tool({ class: "live-tool", "aria-label": `${spec.label}: ${name}` }, name, () => {
      for (const i of cells.keys()) set(i, on);
      changed();
    });
  const tools = element("div", { class: "live-row" }, button("all", true), button("none", false));
  return {
    element: group(spec, ...(over ? [] : [grid]), tools),
    overlay: over ? grid : null,
    value: () => values,
    put(numbers) {
      for (const [i, on] of numbers.entries()) set(i, on);
    },
  };
}

function cellAt({ label, width, rows, columns }, i) {
  const row = Math.floor(i / width);
  const column = i % width;
  const names = [rows?.[row], columns?.[column]].filter(Boolean);
  const place = names.join(", ") || `row ${row + 1}, column ${column + 1}`;
  const name = `${label}: ${place}`;
  return element("button", { type: "button", tabindex: i ? -1 : 0, "aria-label": name });
}

function gridOf({ label, height, width }, cells, over) {
  const look = over ? "live-cells over" : "live-cells";
  const grid = element("div", { class: look, role: "group", "aria-label": label }, ...cells);
  if (height === 1 && !over) grid.classList.add("line"); // which may break
  grid.style.gridTemplateColumns = `repeat(${width}, ${over ? "1fr" : "auto"})`;
  if (over) grid.style.gridTemplateRows = `repeat(${height}, 1fr)`;
  else grid.style.setProperty("--cell", `${clamped(18 / width, 1.5, 1.6)}rem`);
  return grid;
}
