// The panels of a picture: what can be moved apart without cutting through anything.

const NARROW = 60; // units: what is narrower belongs to its neighbour, as a key of colours does

/**
 * Rows of panels {left, right, top, bottom, groups, names}, in units of the picture as drawn.
 *
 * Where a panel's axes share what stands at the side of axes before them, `names` are elements
 * that say it again, for when the panels stand apart, and reach as far as `namedLeft`.
 */
export function panelsIn(svg) {
  const parts = [...svg.querySelector("g").children].slice(1).map((group) => partOf(group, svg));
  const seen = parts.filter(({ left, right }) => left < right);
  const bands = cut(seen, "top", "bottom").map((band) => cut(band, "left", "right").map(joined));
  for (const band of bands) {
    for (const [i, panel] of band.entries()) lend(panel, band.slice(0, i), svg);
  }
  return bands;
}

function lend(panel, before, svg) {
  panel.names = [];
  panel.namedLeft = panel.left;
  const lenders = before.flatMap(({ groups }) => groups.map(sideOf)).filter((side) => side.named);
  for (const group of panel.groups) {
    const side = sideOf(group);
    const lender = lenders.find((one) => one.heights === side.heights);
    if (side.named || !side.heights || !lender) continue;
    const shift = side.x - lender.x;
    const name = document.createElementNS(svg.namespaceURI, "use");
    name.setAttribute("href", `#${lender.axis.id}`);
    name.setAttribute("x", shift);
    panel.names.push({ name, group });
    panel.namedLeft = Math.min(panel.namedLeft, partOf(lender.axis, svg).left + shift);
  }
}

// The axis at the side of a group of axes: where its ticks are, and whether they have names.
function sideOf(group) {
  const axis = group.querySelectorAll(':scope > [id*="matplotlib.axis"]')[1];
  const ticks = axis ? [...axis.querySelectorAll('[id*="ytick"] use')] : [];
  return {
    axis,
    named: Boolean(axis?.querySelector("text")),
    x: Number(ticks[0]?.getAttribute("x")),
    heights: ticks.map((tick) => tick.getAttribute("y")).join(),
  };
}

/** The size in units of the smallest text; of a formula that of its largest letters. */
export function smallestText(svg) {
  const size = (e) => Number.parseFloat(getComputedStyle(e).fontSize);
  const sizes = [...svg.querySelectorAll("text")].map((text) => {
    const spans = [...text.querySelectorAll("tspan")];
    return Math.max(...(spans.length ? spans : [text]).map(size));
  });
  return Math.min(...sizes, 9);
}

/** The box {left, right, top, bottom} to which an element is clipped; undefined if to none. */
export function clipOf(element) {
  const id = element.closest("[clip-path]")?.getAttribute("clip-path").slice(5, -1);
  const rect = id && element.ownerSVGElement.querySelector(`[id="${id}"] rect`);
  if (!rect) return undefined;
  const [x, y, w, h] = ["x", "y", "width", "height"].map((name) => +rect.getAttribute(name));
  return { left: x, right: x + w, top: y, bottom: y + h };
}

// What a group reaches in sight: clipped parts reach as far as their clip.
function partOf(group, svg) {
  const view = svg.viewBox.baseVal;
  const frame = svg.getBoundingClientRect();
  const unit = frame.width / view.width;
  const boxes = [...group.querySelectorAll("text, path, use, image")]
    .filter((leaf) => !leaf.closest("defs"))
    .map((leaf) => {
      const clip = clipOf(leaf);
      if (clip) return clip;
      const { left, right, top, bottom } = leaf.getBoundingClientRect();
      const [x, y] = [(v) => (v - frame.left) / unit, (v) => (v - frame.top) / unit];
      return { left: x(left), right: x(right), top: y(top), bottom: y(bottom) };
    })
    .filter(({ left, right, top, bottom }) => right > left || bottom > top);
  return { ...around(boxes), groups: [group] };
}

// Parts that overlap in one direction stay together.
function cut(parts, low, high) {
  const found = [];
  let end = -Infinity;
  for (const part of parts.toSorted((a, b) => a[low] - b[low])) {
    const narrow = low === "left" && part[high] - part[low] < NARROW;
    if (found.length && (part[low] < end || narrow)) found.at(-1).push(part);
    else found.push([part]);
    end = Math.max(end, part[high]);
  }
  return found;
}

function joined(parts) {
  return { ...around(parts), groups: parts.flatMap((part) => part.groups) };
}

function around(boxes) {
  return {
    left: Math.min(...boxes.map((box) => box.left)),
    right: Math.max(...boxes.map((box) => box.right)),
    top: Math.min(...boxes.map((box) => box.top)),
    bottom: Math.max(...boxes.map((box) => box.bottom)),
  };
}
