"""A figure that learns on a page in real chromium: each of the hands on its run."""

import learning
import pytest
from browser import html_page, watched
from hand import hold_everything

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "learning.html"
    file.write_text(
        html_page(learning.figure()) + "<div style='height:3000px'></div><p>Below"
    )
    return file.as_uri()


class Player:
    """The hands on the run of a page's figure."""

    def __init__(self, browser, address, **options):
        size = {"width": 900, "height": 900}
        self.page, self.troubles = watched(
            browser, home=[address], viewport=size, **options
        )
        self.page.goto(address)
        self.figure = self.page.locator("figure.live")
        self.page.wait_for_selector("figure.live[data-pictures]")
        self.walk = self.figure.locator(".live-walk")

    @property
    def steps(self):
        return int(self.figure.get_attribute("data-steps"))

    @property
    def line(self):
        """The path of the line, once the newest picture stands."""
        self.page.wait_for_selector("figure.live:not([data-busy])")
        return self.figure.locator("[id$=m0] path").last.get_attribute("d")

    def press(self, name):
        self.figure.get_by_role("button", name=name, exact=True).click()

    def until(self, condition):
        self.page.wait_for_function(
            f"() => {{ const {{ steps, playing, pictures }} = "
            f"document.querySelector('figure.live').dataset; return {condition}; }}"
        )


@pytest.fixture
def player(browser, address):
    made = Player(browser, address)
    yield made
    assert not made.troubles
    made.page.close()


def test_it_trains_to_its_end_and_begins_again(player):
    first = player.line
    assert player.steps == 0 and "0 of 60 steps" in player.figure.inner_text()
    player.page.wait_for_timeout(300)
    assert player.steps == 0, "it started by itself"
    player.press("Train")
    player.until("steps == 60 && playing == 'false'")
    last = player.line
    assert last != first
    player.press("Restart")
    player.until("steps == 0")
    assert player.line == first
    player.press("Train")
    player.until("steps == 60")
    assert player.line == last
    player.page.get_by_label("Speed").select_option("slow")
    player.press("Train")  # at its end it begins again by itself
    player.until("steps < 60")


def test_one_step_pause_speed_and_space(player):
    player.press("One step")
    player.until("steps == 1 && playing == 'false'")
    player.page.get_by_label("Speed").select_option("slow")
    player.press("Train")
    player.until("steps > 1")
    player.press("Pause")
    paused = player.steps
    assert paused < 20
    player.page.wait_for_timeout(600)
    assert player.steps <= paused + 1  # the step at hand
    player.walk.focus()
    player.page.keyboard.press(" ")
    player.until("playing == 'true'")
    player.page.keyboard.press(" ")
    player.until("playing == 'false'")
    assert player.page.evaluate("scrollY") == 0
    player.page.get_by_label("Speed").select_option("a step a picture")
    before = int(player.figure.get_attribute("data-pictures")), player.steps
    player.press("Train")
    player.until("steps == 60")
    pictures = int(player.figure.get_attribute("data-pictures")) - before[0]
    assert pictures >= 60 - before[1]


def test_controls_act_in_mid_run_and_a_seed_begins_another(player):
    for _ in range(3):
        player.press("One step")
    player.until("steps == 3")
    three = player.line
    player.press("Restart")
    player.until("steps == 0")
    for kind in ("square", "absolute", "absolute"):
        player.figure.get_by_label(kind).check(force=True)
        steps = player.steps
        player.press("One step")
        player.until(f"steps == {steps + 1}")
    assert player.line != three
    gap = player.figure.locator("text", has_text="squared gap")
    gaps = [gap.text_content()]
    for seed in ("2", "1", "2"):
        player.page.get_by_label("Seed").fill(seed)
        player.page.keyboard.press("Enter")
        expect(gap).not_to_have_text(gaps[-1])
        assert player.steps == 0
        gaps.append(gap.text_content())
    assert gaps[1] == gaps[3] != gaps[2]


def test_every_control_on_a_page(player):
    hold_everything(player.page, player.figure)


def test_it_stops_out_of_sight(player):
    player.page.get_by_label("Speed").select_option("slow")
    player.press("Train")
    player.until("playing == 'true'")
    player.page.get_by_text("Below").scroll_into_view_if_needed()
    player.until("playing == 'false'")
    assert player.steps < 60


def test_numbers_that_are_no_longer_finite_are_told(player):
    rate = player.figure.get_by_label("rate")
    rate.press("End")
    player.press("Train")
    player.until("playing == 'false' && steps > 0")
    assert "no longer finite" in player.figure.inner_text()
    rate.press("Home")
    player.press("Restart")
    player.until("steps == 0")
    assert "no longer finite" not in player.figure.inner_text()


def test_who_wants_little_motion_gets_few_pictures(browser, address):
    player = Player(browser, address, reduced_motion="reduce")
    player.page.get_by_label("Speed").select_option("a step a picture")
    before = int(player.figure.get_attribute("data-pictures"))
    player.press("Train")
    player.until("steps == 60")
    assert int(player.figure.get_attribute("data-pictures")) - before < 30
    assert not player.troubles
