"""Real chromium for the tests: start it, and put a reader's hand on a live figure."""

import os
import shutil
from contextlib import contextmanager

import pytest

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update"
).split()
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium():
    """A browser; skips where there is none, unless REQUIRE_BROWSER is set."""
    if not CHROMIUM:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("REQUIRE_BROWSER is set and there is no chromium")
        pytest.skip("no chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def watched(browser, **options):
    """A page, and the list of what went wrong: errors, and requests that leave."""
    page = browser.new_page(**options)
    troubles = []
    page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    page.on(
        "console",
        lambda m: troubles.append(f"console: {m.text}") if m.type == "error" else None,
    )
    page.on("request", lambda r: _leaving(r.url) and troubles.append(f"left: {r.url}"))
    return page, troubles


def _leaving(url):
    local = ("file:", "data:", "blob:", "about:", "http://127.0.0.1", "ws://127.0.0.1")
    return not url.startswith((*local, "http://localhost", "ws://localhost"))


class Hand:
    """A reader's hand on one live figure."""

    def __init__(self, page, figure):
        self.page, self.figure = page, figure
        figure.scroll_into_view_if_needed()
        self._settled(0)

    def picture(self):
        return self.figure.locator(".live-picture svg").first.inner_html()

    def pictures(self):
        return int(self.figure.get_attribute("data-pictures") or 0)

    def _settled(self, before):
        self.page.wait_for_function(
            "([f, n]) => Number(f.dataset.pictures || 0) > n",
            arg=[self.figure.element_handle(), before],
            timeout=20_000,
        )
        self.page.wait_for_timeout(60)

    def changes(self, act):
        """Whether `act` changed the picture."""
        before, count = self.picture(), self.pictures()
        act()
        self._settled(count)
        return self.picture() != before

    def reset(self):
        count = self.pictures()
        self.figure.locator(".live-reset").click()
        self._settled(count)

    def controls(self):
        """(kind, name, element to hold) of each control."""
        for control in self.figure.locator("[data-control]").all():
            kind = control.get_attribute("class").split()[1]
            name = control.get_attribute("data-control")
            yield kind, name, self._handle(kind, control)

    def _handle(self, kind, control):
        inside = {
            "slider": "input",
            "choice": "select, input",
            "bars": ".live-bar",
            "mask": ".live-cells button",
            "pad": ".live-knob",
        }[kind]
        found = control.locator(inside)
        if found.count() == 0:  # it lies over the picture
            label = control.locator(".live-label").first.evaluate(
                "e => e.firstChild.textContent"
            )
            found = self.figure.locator(
                f".over[aria-label={label!r}] button, .over [aria-label={label!r}]"
            )
        return found

    def by_keyboard(self, kind, handle):
        """Move the control with keys alone."""
        first = handle.first
        if kind == "choice" and first.evaluate("e => e.type === 'radio'"):
            checked = handle.evaluate_all("all => all.findIndex(e => e.checked)")
            handle.nth(checked).focus()
            self.page.keyboard.press("ArrowRight")
            return
        first.focus()
        if kind == "slider":
            keys = ["Home"] if float(first.input_value()) > 0 else ["End"]
        else:
            keys = {
                "bars": ["ArrowUp"] * 3,
                "mask": ["ArrowRight", " "],
                "pad": ["ArrowRight", "ArrowUp"],
                "choice": ["ArrowDown"],
            }[kind]
            if kind == "bars" and first.get_attribute("aria-valuenow") == (
                first.get_attribute("aria-valuemax")
            ):
                keys = ["ArrowDown"] * 3
        for key in keys:
            self.page.keyboard.press(key)

    def by_mouse(self, kind, handle):
        """Move the control with the pointer alone."""
        mouse = self.page.mouse
        if kind == "choice":
            if handle.first.evaluate("e => e.tagName === 'SELECT'"):
                names = handle.first.locator("option")
                handle.first.select_option(index=names.count() - 1)
            else:
                checked = handle.evaluate_all("all => all.findIndex(e => e.checked)")
                handle.nth((checked + 1) % handle.count()).click(force=True)
            return
        if kind == "pad":
            box = handle.first.locator("xpath=..").bounding_box()
            start, end = (0.5, 0.5), (0.9, 0.15)
        else:
            box = handle.first.bounding_box()
            start, end = {
                "slider": ((0.5, 0.5), (0.98, 0.5)),
                "bars": ((0.5, 0.5), (0.5, 0.05)),
                "mask": ((0.5, 0.5), (0.6, 0.5)),
            }[kind]
        at = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"])
            for x, y in (start, end)
        ]
        mouse.move(*at[0])
        mouse.down()
        mouse.move(*at[1], steps=4)
        mouse.up()
