"""A reader's hand on a live figure in a real browser: keys, pointer, reset."""

from pathlib import Path
from typing import NamedTuple

TOOLS = f"() => {{ {Path(__file__).with_suffix('.js').read_text('utf8')} }}"


class Control(NamedTuple):
    kind: str
    name: str
    count: int  # of its handles: the elements that take keys and pointer
    number: int  # among the controls of its figure


def hold_everything(page, figure):
    """Each control changes the picture by key, then by mouse; reset restores it.

    One that learns makes a step first: a control may say nothing to fresh weights.
    """
    hand = Hand(page, figure)
    if figure.locator(".live-player").count():
        hand.after(figure.get_by_role("button", name="One step").click)
    start, controls = hand.reset(), hand.controls()  # it may have asked elsewhere
    assert controls, "a live figure without controls"
    for control in controls:
        for way in (hand.by_keyboard, hand.by_mouse):
            moved = hand.moves(way, control, controls)
            assert moved, f"{control.name} {way.__name__} changes nothing"
        assert hand.reset() == start, f"reset after {control.name}"
    hand.by_mouse(controls[-1], 1)
    assert hand.after(figure.locator(".live-reset").click) == start  # with the pointer


class Hand:
    """A reader's hand on one live figure; what the figure asks is waived."""

    def __init__(self, page, figure):
        self.page, self.figure = page, figure
        page.evaluate(TOOLS)
        self.element = figure.element_handle()
        self.element.scroll_into_view_if_needed()
        self.ask("waive")
        self.pictures = 0  # so many were shown
        self.picture = self.after(lambda: None)  # equal pictures have one number

    def ask(self, question, *given):
        """What hand.js answers."""
        asked = f"(figure, given) => hand.{question}(figure, ...given)"
        return self.element.evaluate(asked, given)

    def after(self, act):
        """The picture that `act` leads to."""
        act()
        self.picture, self.pictures = self.ask("settled", self.pictures)
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
        self.picture, self.pictures = self.ask("reset")
        return self.picture

    def controls(self):
        """The controls, after what of each takes keys and the pointer was found."""
        inside = {
            "slider": "input",
            "choice": "select, input",
            "bars": ".live-bar",
            "mask": ".live-cells button",
            "switches": ".live-switch",
            "pad": ".live-knob",
        }
        found = self.ask("controls", inside)
        return [Control(*control, i) for i, control in enumerate(found)]

    def handles(self, control):
        """What of a control takes keys and the pointer, as playwright has elements."""
        found = self.element.evaluate_handle("(f, i) => f.handles[i]", control.number)
        return [element.as_element() for element in found.get_properties().values()]

    def place(self, control, further=0):
        """Where a control is dragged: left, top, width and height in the window."""
        return self.ask("place", control.number, further)

    def by_keyboard(self, control, place):
        """Move the control with keys alone, to one of two places."""
        kind = control.kind
        value, at_last = self.ask("take", control.number)
        if is_radio(control):
            keys = "ArrowRight"
        elif kind == "choice":
            keys = "ArrowUp" if at_last else "ArrowDown"
        elif kind == "slider":
            keys = "End" if float(value) == 0 else "Home"
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
        kind = control.kind
        if kind == "choice":
            self._choose(control, place)
            return
        start, end = {
            "slider": ((0.5, 0.5), ((0.98, 0.5), (0.1, 0.5))),
            "bars": ((0.5, 0.5), ((0.9, 0.05), (0.1, 0.9))),
            "mask": ((0.5, 0.5), ((0.6, 0.5), (0.6, 0.6))),
            "switches": ((0.5, 0.5), ((0.6, 0.5), (0.6, 0.6))),
            "pad": ((0.5, 0.5), ((0.9, 0.15), (0.2, 0.7))),
        }[kind]
        left, top, width, height = self.place(control)
        at = [(left + x * width, top + y * height) for x, y in (start, end[place])]
        self.page.mouse.move(*at[0])
        self.page.mouse.down()
        self.page.mouse.move(*at[1])
        self.page.mouse.up()

    def _choose(self, control, place):
        if is_radio(control):
            left, top, width, height = self.place(control, 1)
            self.page.mouse.click(left + width / 2, top + height / 2)
        else:
            self.ask("choose", control.number, 1 + place)


def is_radio(control):
    """Whether a choice is made among buttons, and not from a list."""
    return control.kind == "choice" and control.count > 1
