"""A reader's hand on a live figure in a real browser: keys, pointer, reset."""

from typing import NamedTuple

# One question each: asking costs as long as a figure takes to answer.
LOOK = """f => [f.querySelector(".live-picture svg").innerHTML,
  Number(f.dataset.pictures || 0)]"""
SETTLED = """(f, before) => new Promise((answer, refuse) => {
  const late = performance.now() + 30_000;
  const look = () => {
    if (Number(f.dataset.pictures || 0) > before && !("busy" in f.dataset))
      answer(f.querySelector(".live-picture svg").innerHTML);
    else if (performance.now() > late) refuse(new Error("no picture in 30 s"));
    else requestAnimationFrame(look);
  };
  look();
})"""


class Control(NamedTuple):
    kind: str
    name: str
    handle: object  # the elements that take keys and pointer


def hold_everything(page, figure):
    """Each control changes the picture by keyboard and by mouse; reset restores it."""
    hand = Hand(page, figure)
    start, controls = hand.picture(), hand.controls()
    assert controls, "a live figure without controls"
    for control in controls:
        for way in (hand.by_keyboard, hand.by_mouse):
            label = f"{control.name} by {way.__name__}"
            assert hand.moves(way, control, controls), f"{label} changes nothing"
            assert hand.reset() == start, f"reset after {label}"


class Hand:
    """A reader's hand on one live figure."""

    def __init__(self, page, figure):
        self.page, self.figure = page, figure
        figure.scroll_into_view_if_needed()
        self._settled(0)

    def picture(self):
        return self.figure.evaluate(LOOK)[0]

    def pictures(self):
        return self.figure.evaluate(LOOK)[1]

    def _settled(self, before):
        """The newest picture, once there is one after number `before`."""
        return self.figure.evaluate(SETTLED, before)

    def changes(self, act):
        """Whether `act` changed the picture."""
        before, count = self.figure.evaluate(LOOK)
        act()
        return self._settled(count) != before

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
        before = self.pictures()
        self.figure.locator(".live-reset").click()
        return self._settled(before)

    def controls(self):
        found = self.figure.locator("[data-control]").all()
        return [self._control(element) for element in found]

    def _control(self, element):
        kind = element.get_attribute("class").split()[1]
        inside = {
            "slider": "input",
            "choice": "select, input",
            "bars": ".live-bar",
            "mask": ".live-cells button",
            "pad": ".live-knob",
        }[kind]
        handle = element.locator(inside)
        if handle.count() == 0:  # it lies over the picture
            label = element.locator(".live-label").first.evaluate(
                "e => e.firstChild.textContent"
            )
            handle = self.figure.locator(
                f'.over[aria-label="{label}"] button, .over [aria-label="{label}"]'
            )
        return Control(kind, element.get_attribute("data-control"), handle)

    def by_keyboard(self, control, place):
        """Move the control with keys alone, to one of two places."""
        kind, _, handle = control
        first = handle.first
        if kind == "choice" and first.evaluate("e => e.type === 'radio'"):
            checked = handle.evaluate_all("all => all.findIndex(e => e.checked)")
            handle.nth(checked).focus()
            keys = "ArrowRight"
        elif kind == "choice":
            first.focus()
            last = first.evaluate("e => e.selectedIndex === e.options.length - 1")
            keys = "ArrowUp" if last else "ArrowDown"
        elif kind == "slider":
            first.focus()
            keys = "End" if float(first.input_value()) == 0 else "Home"
        else:
            first.focus()
            keys = {
                "bars": ("Home", "ArrowRight End"),
                "mask": ("ArrowRight Space", "ArrowDown Space"),
                "pad": ("ArrowRight ArrowUp", "ArrowLeft ArrowLeft ArrowDown"),
            }[kind][place]
        for key in keys.split():
            self.page.keyboard.press(key)

    def by_mouse(self, control, place):
        """Move the control with the pointer alone, to one of two places."""
        kind, _, handle = control
        handle.first.evaluate(
            "e => e.scrollIntoView({ block: 'center', behavior: 'instant' })"
        )
        if kind == "choice":
            self._choose(handle, place)
            return
        start, end = {
            "slider": ((0.5, 0.5), ((0.98, 0.5), (0.1, 0.5))),
            "bars": ((0.5, 0.5), ((0.5, 0.05), (0.5, 0.9))),
            "mask": ((0.5, 0.5), ((0.6, 0.5), (0.6, 0.6))),
            "pad": ((0.5, 0.5), ((0.9, 0.15), (0.2, 0.7))),
        }[kind]
        held = handle.first if kind != "pad" else handle.first.locator("xpath=..")
        box = held.bounding_box()
        at = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"])
            for x, y in (start, end[place])
        ]
        self.page.mouse.move(*at[0])
        self.page.mouse.down()
        self.page.mouse.move(*at[1], steps=4)
        self.page.mouse.up()

    def _choose(self, handle, place):
        if handle.first.evaluate("e => e.tagName === 'SELECT'"):
            now = handle.first.evaluate("e => e.selectedIndex")
            there = handle.first.locator("option").count()
            # the list of a select is drawn outside the page, out of the pointer's reach
            handle.first.select_option(index=(now + 1 + place) % there)
            return
        checked = handle.evaluate_all("all => all.findIndex(e => e.checked)")
        handle.nth((checked + 1) % handle.count()).click(force=True)
