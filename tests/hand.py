"""A reader's hand on a live figure in a real browser: keys, pointer, reset."""

from typing import NamedTuple

# One question each: asking costs as long as a figure takes to answer. Pictures may be
# large and stay in the page; what crosses is a picture's number among those seen.
TOOLS = """const which = (f) => {
  const picture = f.querySelector(".live-picture svg").innerHTML;
  const seen = (f.seen ??= []);
  return seen.includes(picture) ? seen.indexOf(picture) : seen.push(picture) - 1;
};
const settled = (f, before) => new Promise((answer) => {
  const look = (_, __, late) => {
    const pictures = Number(f.dataset.pictures || 0);
    if (!late && (!(pictures > before) || "busy" in f.dataset)) return;
    watch.disconnect();
    answer([which(f), pictures]);  // late: what is shown, and so no change
  };
  const watch = new MutationObserver(look);
  watch.observe(f, { attributes: true });
  setTimeout(look, 15_000, null, null, true);
  look();
});"""
SETTLED = f"(f, before) => {{ {TOOLS} return settled(f, before); }}"
RESET = f"""f => {{ {TOOLS}
  const before = Number(f.dataset.pictures);
  f.querySelector(".live-reset").click();
  return settled(f, before);
}}"""
# Where a control is dragged (a knob on its pad), once the page has stopped scrolling.
PLACE = """async e => {
  const area = e.closest(".live-pad") ?? e;
  await document.fonts.ready;
  const frame = () => new Promise(requestAnimationFrame);
  area.scrollIntoView({ block: "center", behavior: "instant" });
  for (let before = NaN; before !== area.getBoundingClientRect().y; await frame())
    before = area.getBoundingClientRect().y;
  const { x, y, width, height } = area.getBoundingClientRect();
  return { x, y, width, height };
}"""


class Control(NamedTuple):
    kind: str
    name: str
    handles: list  # the elements that take keys and pointer


def hold_everything(page, figure):
    """Each control changes the picture by key, then by mouse; reset restores it."""
    hand = Hand(page, figure)
    start, controls = hand.picture, hand.controls()
    assert controls, "a live figure without controls"
    for control in controls:
        for way in (hand.by_keyboard, hand.by_mouse):
            moved = hand.moves(way, control, controls)
            assert moved, f"{control.name} {way.__name__} changes nothing"
        assert hand.reset() == start, f"reset after {control.name}"
    hand.by_mouse(controls[-1], 1)
    assert hand.after(figure.locator(".live-reset").click) == start  # with the pointer


class Hand:
    """A reader's hand on one live figure."""

    def __init__(self, page, figure):
        self.page, self.figure = page, figure
        self.element = figure.element_handle()
        self.element.scroll_into_view_if_needed()
        self.pictures = 0  # so many were shown
        self.picture = self.after(lambda: None)  # equal pictures have one number

    def after(self, act):
        """The picture that `act` leads to."""
        act()
        self.picture, self.pictures = self.element.evaluate(SETTLED, self.pictures)
        return self.picture

    def changes(self, act):
        """Whether `act` changed the picture."""
        return self.picture != self.after(act)

    def moves(self, way, control, controls):
        """Whether this control changes the picture, at the start or after another one.

        A control may rightly do nothing at first: what a hidden patch is replaced by
        shows only once a patch is hidden. So where neither of two positions changes
        anything, each other control is moved first, and this one has to answer then.
        """
        others = [(c, end) for c in controls if c is not control for end in (0, 1)]
        for other, end in [(None, 0), *others]:
            if other:
                self.reset()
                self.changes(lambda other=other, end=end: self.by_mouse(other, end))
            for place in (0, 1):
                if self.changes(lambda place=place: way(control, place)):
                    return True
        return False

    def reset(self):
        """Press the button; the picture after it."""
        self.picture, self.pictures = self.element.evaluate(RESET)
        return self.picture

    def controls(self):
        """The controls, and what of each takes keys and the pointer."""
        found = self.element.query_selector_all("[data-control]")
        return [self._control(element) for element in found]

    def _control(self, element):
        kind = element.get_attribute("class").split()[1]
        inside = {
            "slider": "input",
            "choice": "select, input",
            "bars": ".live-bar",
            "mask": ".live-cells button",
            "switches": ".live-switch",
            "pad": ".live-knob",
        }[kind]
        handles = element.query_selector_all(inside)
        if not handles:  # it lies over the picture
            label = element.query_selector(".live-label").evaluate(
                "e => e.firstChild.textContent"
            )
            handles = self.element.query_selector_all(
                f'.over[aria-label="{label}"] button, .over [aria-label="{label}"]'
            )
        return Control(kind, element.get_attribute("data-control"), handles)

    def by_keyboard(self, control, place):
        """Move the control with keys alone, to one of two places."""
        kind, _, handles = control
        held = handles[self._checked(handles) if is_radio(control) else 0]
        held.focus()
        if is_radio(control):
            keys = "ArrowRight"
        elif kind == "choice":
            last = held.evaluate("e => e.selectedIndex === e.options.length - 1")
            keys = "ArrowUp" if last else "ArrowDown"
        elif kind == "slider":
            keys = "End" if float(held.input_value()) == 0 else "Home"
        else:
            keys = {
                "bars": ("Home", "ArrowRight End"),
                "mask": ("ArrowRight Space", "ArrowDown Space"),
                "switches": ("Space", "Tab Space"),
                "pad": ("ArrowRight ArrowUp", "ArrowLeft ArrowLeft ArrowDown"),
            }[kind][place]
        for key in keys.split():
            self.page.keyboard.press(key)

    def by_mouse(self, control, place):
        """Move the control with the pointer alone, to one of two places."""
        kind, _, handles = control
        if kind == "choice":
            self._choose(control, place)
            return
        start, end = {
            "slider": ((0.5, 0.5), ((0.98, 0.5), (0.1, 0.5))),
            "bars": ((0.5, 0.5), ((0.5, 0.05), (0.5, 0.9))),
            "mask": ((0.5, 0.5), ((0.6, 0.5), (0.6, 0.6))),
            "switches": ((0.5, 0.5), ((0.6, 0.5), (0.6, 0.6))),
            "pad": ((0.5, 0.5), ((0.9, 0.15), (0.2, 0.7))),
        }[kind]
        box = handles[0].evaluate(PLACE)
        at = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"])
            for x, y in (start, end[place])
        ]
        self.page.mouse.move(*at[0])
        self.page.mouse.down()
        self.page.mouse.move(*at[1])
        self.page.mouse.up()

    def _choose(self, control, place):
        _, _, handles = control
        if is_radio(control):
            handles[(self._checked(handles) + 1) % len(handles)].click(force=True)
            return
        now, there = handles[0].evaluate("e => [e.selectedIndex, e.options.length]")
        # the list of a select is drawn outside the page, out of the pointer's reach
        handles[0].select_option(index=(now + 1 + place) % there)

    def _checked(self, radios):
        return self.page.evaluate("all => all.findIndex(e => e.checked)", radios)


def is_radio(control):
    """Whether a choice is made among buttons, and not from a list."""
    return control.kind == "choice" and len(control.handles) > 1
