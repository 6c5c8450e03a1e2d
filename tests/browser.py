"""Real chromium for the tests: start it, watch it, give it a page to show."""

from contextlib import contextmanager

from course.comfort import BROWSERS, first_program
from lib.live import bundle
from lib.live.page import page_html

CHROMIUM = first_program(*BROWSERS)
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update"
).split()


@contextmanager
def chromium():
    """A browser, for tests that are marked `browser`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def watched(browser, home=("http://127.0.0.1", "ws://127.0.0.1"), **options):
    """A page, and the list of what went wrong: errors, and requests that leave home."""
    page = browser.new_page(**options)
    troubles = []
    inside = ("data:", "blob:", "about:", *home)

    def heard(message):
        if message.type == "error":
            troubles.append(f"console: {message.text} ({message.location['url']})")

    def asked(request):
        if not request.url.startswith(inside):
            troubles.append(f"left: {request.url}")

    page.on("pageerror", lambda error: troubles.append(f"error: {error.stack}"))
    page.on("console", heard)
    page.on("request", asked)
    return page, troubles


def html_page(figure):
    """The smallest page that a live figure needs."""
    script, styles = bundle.classic(bundle.SCRIPTS / "page.js"), bundle.styles()
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>gallery</title>"
        f"<meta name='viewport' content='width=device-width'><style>{styles}</style>"
        f"<body>{page_html(figure, 1, {})}<script>{script}</script>"
    )
