"""Every reader: high contrast, a narrow place, a screen reader, a hand that asks."""

import io

import pytest
import torch
from browser import html_page, watched
from narrow import LOST, settle
from PIL import Image, ImageChops

from lib import plot
from lib.live import Bars, Choice, Mask, Pad, Slider, Switches
from lib.live.figure import LiveFigure

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = ["the first of several ways", "the second of several ways", "the third"]
CONTROLS = {
    "slider": Slider(0, 1),
    "bars": Bars(3, -1, 1, -1.0, labels=["a", "b", "c"]),
    "cells": Mask(1, 2, columns=["verb", "noun"], label="words shown"),
    "over": Mask(2, 2, on="picture"),
    "knob": Pad((0, 2), (0, 2), (0.4, 0.4), on="dot"),
    "pad": Pad((0, 2), (0, 2), (0.4, 0.4)),
    "switches": Switches(["left", "right"]),
    "options": Choice(["one", "two"]),
    "names": Choice(LONG),
}


def kernel(slider, bars, cells, over, knob, pad, switches, options, names):
    shade = over.float() * 0.1 + 0.3 + 0.1 * slider + 0.02 * (knob + pad + switches)
    shade = shade + torch.tensor([[0.0, 0.06], [0.02, 0.04]])
    return {
        "picture": shade,
        "rises": bars + 0.1 * cells.sum() + (options == "two") + LONG.index(names),
        "dot": torch.stack([knob, pad]),
        "told": shade.sum(),
    }


def draw(fig, picture, rises, dot, told):
    left, middle, right = fig.subplots(1, 3)
    shown = left.imshow(picture, vmin=0, vmax=1, extent=(0, 2, 2, 0))
    columns = middle.bar(["red", "green", "blue"], rises)
    middle.set(ylim=(-2, 4))
    points = right.scatter(*dot.T, s=60, color=plot.VERMILION)
    right.set(xlim=(0, 2), ylim=(0, 2))
    label = middle.set_title("{:.2f} in all")
    return {"picture": shown, "rises": columns, "dot": points, "told": label}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    figure = LiveFigure(kernel, draw, "A map, bars, points", plot.WIDE, CONTROLS)
    file = tmp_path_factory.mktemp("page") / "readers.html"
    file.write_text(html_page(figure))
    return file.as_uri()


@pytest.fixture(scope="module")
def tab(browser, address):
    """One tab for all tests, as a new one takes as long as the page; its troubles."""
    return watched(browser, home=[address])


@pytest.fixture
def opened(tab, address):
    """A function that opens the page; whatever went wrong there fails the test."""
    page, troubles = tab
    troubles.clear()

    def open_page(forced="none", scheme="light", width=1280):
        page.emulate_media(forced_colors=forced, color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.mouse.move(0, 0)
        page.goto(address)
        page.wait_for_function("() => document.querySelector('.live').dataset.pictures")
        return page

    yield open_page
    assert not troubles


# ---- high contrast ----

STATES = {  # what shows the state, and the key that changes it
    "slider": ("[data-control=slider] input", "End"),
    "bars": ("[data-control=bars] .live-bar >> nth=0", "End"),
    "mask": ("[data-control=cells] button >> nth=0", "Space"),
    "mask over a picture": (".live-cells.over button >> nth=0", "Space"),
    "pad over a picture": (".live-pad.over", "Shift+ArrowRight"),
    "pad": ("[data-control=pad] .live-pad", "Shift+ArrowRight"),
    "switches": ("[data-control=switches] button >> nth=0", "Space"),
    "options": (".live-options label >> nth=1", "ArrowRight"),
    "list": ("[data-control=names] select", "ArrowDown"),
}


def seen(page, place):
    page.evaluate("document.activeElement.blur()")  # a focus ring is no state
    return Image.open(io.BytesIO(page.locator(place).screenshot())).convert("L")


def focus(page, kind, place):
    inside = {"options": ".live-options input >> nth=0"}.get(kind, place)
    page.locator(inside + (" .live-knob" if kind.startswith("pad") else "")).focus()


@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_states_differ_in_high_contrast(opened, kind, scheme):
    page = opened(forced="active", scheme=scheme)
    place, key = STATES[kind]
    before = seen(page, place)
    focus(page, kind, place)
    page.keyboard.press(key)
    page.wait_for_timeout(200)
    change = ImageChops.difference(before, seen(page, place))
    strong = sum(change.point(lambda v: v > 70 and 1).getdata())
    least = {"bars": 0.5, "mask": 0.4, "mask over a picture": 0.1, "options": 0.4}
    assert strong >= max(60, least.get(kind, 0) * change.width * change.height)


# ---- a narrow place ----


@pytest.mark.parametrize("width", [350, 415, 227])
def test_a_narrow_place_loses_nothing_and_a_wide_one_is_as_drawn(opened, width):
    page = opened(width=900)
    svg = page.locator(".live-picture svg")
    drawn = (
        svg.get_attribute("viewBox"),
        page.locator(".live-cells.over").bounding_box(),
    )
    page.evaluate(f"document.body.style.width = '{width}px'")
    settle(page)
    assert page.evaluate(LOST) == []
    stood = svg.bounding_box()
    assert stood["height"] > stood["width"] / 2  # one panel under another
    page.evaluate("document.body.style.width = ''")
    settle(page)
    assert drawn == (
        svg.get_attribute("viewBox"),
        page.locator(".live-cells.over").bounding_box(),
    )


@pytest.mark.parametrize("width", [900, 415, 227])
def test_what_lies_over_a_mark_moves_with_it(opened, width):
    page = opened(width=900)
    page.evaluate(f"document.body.style.width = '{width}px'")
    settle(page)
    cells = page.locator(".live-cells.over").bounding_box()
    image = page.locator(".live-picture image").bounding_box()
    assert cells == pytest.approx(image, abs=1.5)


def test_panels_that_stand_apart_each_have_the_names_they_shared(browser, tmp_path):
    def draw_pair(fig, left, right):
        one, two = fig.subplots(1, 2, sharey=True)
        names = ["red", "green"]
        return {"left": one.barh(names, left), "right": two.barh(names, right)}

    both = lambda a: {"left": a.expand(2), "right": a.expand(2)}
    figure = LiveFigure(both, draw_pair, "Bars", plot.WIDE, {"a": Slider(0, 1)})
    file = tmp_path / "pair.html"
    file.write_text(html_page(figure))
    page, troubles = watched(browser, home=[file.as_uri()])
    page.goto(file.as_uri())
    again = page.locator("[id$=axes_2] > use[href*='matplotlib.axis_2']")
    for width, count in ((900, 0), (350, 1), (900, 0)):
        page.evaluate(f"document.body.style.width = '{width}px'")
        settle(page)
        assert again.count() == count
    assert not troubles
    page.close()


def test_what_is_out_of_sight_is_reached_by_keys(opened):
    page = opened(width=400)
    page.evaluate("document.body.style.width = '120px'")
    settle(page)
    box = page.locator(".live-scroll")
    assert box.get_attribute("data-more") == "right"
    box.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "() => document.querySelector('.live-scroll').dataset.more === 'left'"
    )


# ---- a screen reader, and a hand that asks ----

SPOKEN = """() => {
  window.spoken = [];
  const live = "[aria-live], [role=status], [role=alert], output";
  const region = ({ target }) => (target.closest ? target : target.parentElement)
    .closest(live);
  new MutationObserver((all) => spoken.push(...new Set(all.map(region).filter(Boolean)
    .map((e) => e.textContent)))).observe(document.body,
    { subtree: true, childList: true, characterData: true });
}"""


def test_a_change_is_spoken_once(opened):
    page = opened()
    page.wait_for_function("() => document.querySelector('.live-note').textContent")
    page.evaluate(SPOKEN)
    page.locator("[data-control=slider] input").press("End")
    page.wait_for_function("() => spoken.length")
    page.wait_for_timeout(700)
    assert page.evaluate("spoken") == ["2.26 in all"]
    assert page.locator("[data-control=slider] input[aria-valuetext='1']").count()


def test_cells_and_switches_are_called_what_they_stand_for(opened):
    page = opened()
    for role, name in [
        ("button", "words shown: verb"),
        ("button", "over: row 2, column 1"),
        ("switch", "right"),
        ("slider", "bars, b"),
    ]:
        assert page.get_by_role(role, name=name, exact=True).count() == 1


def test_all_numbers_are_told_on_demand(opened):
    page = opened(width=800)
    page.locator(".live-numbers summary").press("Enter")
    told = page.locator(".live-numbers")
    page.wait_for_function("() => document.querySelector('.live-numbers dd')")
    words = told.inner_text()
    assert "red: -0.8, green: -0.8, blue: -0.8" in words
    assert "0.486 0.546; 0.506 0.526" in words and "(0.4, 0.4) (0.4, 0.4)" in words
    page.locator("[data-control=bars] .live-bar >> nth=1").press("End")
    page.wait_for_function(
        "() => document.querySelector('dl').textContent.includes('green: 1.2')"
    )


@pytest.mark.parametrize("width", [900, 350])
def test_a_mark_under_the_pointer_says_its_value(opened, width):
    page = opened(width=900)
    page.evaluate(f"document.body.style.width = '{width}px'")
    settle(page)
    spot = page.locator(".live-spot")
    bars = page.locator("#live1-m1 path")
    assert spot.is_hidden()
    for mark, place, words in [
        (bars.nth(1), (0.5, 0.5), "green: -0.8"),
        (page.locator("#live1-m0"), (0.75, 0.75), "0.526"),
        (page.locator(".live-pad.over"), (0.21, 0.79), "0.4, 0.4"),
    ]:
        mark.scroll_into_view_if_needed()
        box = mark.bounding_box()
        page.mouse.move(
            box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"]
        )
        assert spot.inner_text() == words
    page.mouse.move(5, 5)
    page.locator("[data-control=slider] input").hover()
    assert spot.is_hidden()


@pytest.mark.parametrize("width", [900, 350])
def test_arrow_keys_walk_over_the_numbers(opened, width):
    page = opened(width=900)
    page.evaluate(f"document.body.style.width = '{width}px'")
    settle(page)
    walk, spot = page.locator(".live-walk"), page.locator(".live-spot")
    page.keyboard.press("Tab")
    if width < 900:  # what scrolls is a stop, too
        walk.focus()
    assert walk.evaluate("e => e === document.activeElement")
    home = "#live1-m1 path >> nth=1"
    for keys, words, shown in [
        ("", "picture, row 1, column 1: 0.486", "0.486"),
        ("ArrowDown ArrowRight ArrowRight", "picture, row 2, column 2: 0.526", "0.526"),
        ("PageDown ArrowUp", "rises, red: -0.8", "red: -0.8"),
        ("End ArrowLeft", "rises, green: -0.8", "green: -0.8"),
    ]:
        for key in keys.split():
            page.keyboard.press(key)
        assert walk.get_attribute("aria-valuetext") == words
        assert spot.inner_text() == shown
    note, bar = spot.bounding_box(), page.locator(home).bounding_box()
    assert abs(note["x"] + note["width"] / 2 - bar["x"] - bar["width"] / 2) < 3
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    assert walk.get_attribute("aria-valuetext") == "dot, 0.4, 0.4"
    page.keyboard.press("Tab")
    assert spot.is_hidden()


def test_a_handle_is_no_read_out(opened):
    page = opened()
    fill = "e => getComputedStyle(e).backgroundColor"
    knob = page.locator(".live-pad.over .live-knob").evaluate(fill)
    fills = page.locator("#live1-m2 path").evaluate_all(
        "all => all.map((e) => getComputedStyle(e).fill)"
    )
    assert knob == "rgb(213, 94, 0)" and set(fills) == {"rgb(253, 253, 251)"}


def test_a_map_has_a_key_of_its_colours(opened):
    page = opened()
    assert page.locator(".live-keys").inner_text() == "01"
    assert "gradient" in page.locator(".live-keys i").get_attribute("style")
