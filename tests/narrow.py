"""What a figure loses in a narrow place: text, targets, what is out of reach."""

# Of a formula its largest letters count. A label is the target of the input inside it,
# and the knob of a pad is hit by a ring around it.
LOST = """() => {
  const faults = [];
  const size = (e) => parseFloat(getComputedStyle(e).fontSize);
  const say = ({ id, className }, words) => faults.push(`${id || className}: ${words}`);
  for (const svg of document.querySelectorAll(".live-picture svg, .live-still svg")) {
    const figure = svg.closest("figure"), frame = svg.getBoundingClientRect();
    if (!frame.width) continue;
    const scale = frame.width / svg.viewBox.baseVal.width;
    for (const text of svg.querySelectorAll("text")) {
      if (!text.textContent.trim()) continue;
      const spans = [...text.querySelectorAll("tspan")];
      const px = scale * Math.max(...(spans.length ? spans : [text]).map(size));
      if (px < 8.95) say(figure, `${text.textContent}: ${px.toFixed(1)} px`);
    }
    const box = svg.closest(".live-scroll, .live-still");
    if (frame.width > box.clientWidth + 1 && !(box.tabIndex === 0 && box.dataset.more))
      say(figure, "the picture goes on, and nothing says so");
    if (box.getBoundingClientRect().right > innerWidth + 1) say(figure, "sticks out");
  }
  const targets = "button, select, input[type=range], .live-bar, .live-options label";
  for (const target of document.querySelectorAll(targets)) {
    const figure = target.closest("figure.live");
    const { width, height } = target.getBoundingClientRect();
    if (figure && width && Math.min(width, height) < 23.95)
      say(figure, `${width} x ${height}: ${target.outerHTML.slice(0, 90)}`);
  }
  return faults.slice(0, 9);  // of a hundred alike
}"""


EVERYTHING = "main section > * { content-visibility: visible !important }"


def settle(page):
    """Lay out the whole page until figures found their sizes; returns the style."""
    style = page.add_style_tag(content=EVERYTHING)
    two_frames(page)
    return style


def two_frames(page):
    """Wait until what has changed is laid out, and figures have answered to it."""
    page.evaluate(
        "() => new Promise((done) => "
        "requestAnimationFrame(() => requestAnimationFrame(() => done())))"
    )
