// Moves what is in the picture: puts what draw.js says of a mark into its SVG elements.

/** A function that shows what was drawn of a mark, whose elements are in `home`. */
export function mover(home, mark) {
  return MOVERS[mark.kind](home, mark);
}

const MOVERS = {
  line: lineMover,
  area: pathMover,
  box: pathMover,
  bars: barsMover,
  image: imageMover,
  points: pointsMover,
  text: textMover,
};

function pathMover(home, mark) {
  const path = addedPath(home, { style: mark.stroke ?? mark.fill });
  return ({ d }) => setAttributes(path, { d });
}

function lineMover(home, mark) {
  const showLine = pathMover(home, mark);
  if (!mark.marker) return showLine;
  const showMarkers = markers(home, mark.marker);
  return (line) => {
    showLine(line);
    showMarkers(line.points.map(([x, y]) => ({ x, y, scale: 1, style: mark.point })));
  };
}

function barsMover(home, mark) {
  const paths = mark.fills.map((style) => addedPath(home, { style }));
  return (bars) => {
    for (const [i, d] of bars.entries()) setAttributes(paths[i], { d });
  };
}

function pointsMover(home, mark) {
  return markers(home, mark.marker);
}

function textMover(home) {
  const label = home.querySelector("text") ?? home;
  return (text) => {
    label.textContent = text;
  };
}

function imageMover(home) {
  const canvas = document.createElement("canvas");
  return ({ pixels, columns, rows, ...place }) => {
    canvas.width = columns;
    canvas.height = rows;
    canvas.getContext("2d").putImageData(new ImageData(pixels, columns, rows), 0, 0);
    setAttributes(home, { href: canvas.toDataURL(), ...place, preserveAspectRatio: "none" });
  };
}

// A function that shows a marker for each point that it is given, however many they are.
function markers(home, shape) {
  const shown = [];
  return (points) => {
    while (shown.length < points.length) shown.push(addedPath(home, { d: shape }));
    while (shown.length > points.length) shown.pop().remove();
    points.forEach(({ x, y, scale, style, rgb }, i) => {
      setAttributes(shown[i], {
        style: rgb ? `${style};fill:rgb(${rgb.join(",")})` : style,
        transform: `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${scale})`,
      });
    });
  };
}

function addedPath(home, attributes) {
  const path = document.createElementNS(home.namespaceURI, "path");
  setAttributes(path, attributes);
  home.append(path);
  return path;
}

// What is there already stays: setting it again would have its style worked out again.
function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }
}
