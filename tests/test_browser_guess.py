"""Figures that ask, in real chromium: by key, pointer, touch; nothing told before."""

import json
import re

import asking
import pytest
from browser import html_page, watched
from hand import Hand
from narrow import LOST, settle

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = [pytest.mark.browser, pytest.mark.slow]

KINDS = asking.NUMBER, asking.CHOICE, asking.POINT, asking.CURVE
NAMES = ["number", "choice", "point", "curve"]
TABLES = (
    '<div class="live-guesses" data-shows="table"></div>'
    '<div class="live-guesses" data-shows="calibration"></div><script>(()'
)
# All that a page holds but its programs.
SEEN = """() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll("script").forEach((script) => script.remove());
  return copy.outerHTML;
}"""
NO_STORAGE = """for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get() { throw new Error("forbidden"); } });"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages by name: each kind alone, two in turn, and a figure that learns."""
    folder = tmp_path_factory.mktemp("guess")
    whole = html_page(asking.figure(*KINDS)).replace("<script>(()", TABLES, 1)
    for name, these in {**{kind: [kind] for kind in NAMES}, "both": NAMES[:2]}.items():
        kept = lambda spec, these=these: [g for g in spec if g["kind"] in these]
        (folder / f"{name}.html").write_text(with_guesses(whole, kept))
    learns = html_page(asking.learner())
    lost = lambda guesses: [guesses[0] | {"at": {"rate": [1e6]}}]
    (folder / "learns.html").write_text(learns)
    (folder / "lost.html").write_text(with_guesses(learns, lost))
    return folder


def with_guesses(html, change):
    """A page whose figure asks what `change` makes of its own questions."""
    whole = re.compile(r'(?<=class="live-spec">)(.*?)(?=</script>)')
    before, spec, after = whole.split(html, maxsplit=1)
    asked = json.loads(spec)
    asked["guesses"] = change(asked["guesses"])
    return before + json.dumps(asked) + after


class Reader:
    """Who opens a page, and answers what it asks."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.figure = page.locator("figure.live")
        self.panel = self.figure.locator(".live-guess")
        self.status = self.panel.get_by_role("status")
        self.open()

    def open(self):
        self.page.goto(self.address)
        self.settled()

    def settled(self):
        self.page.wait_for_selector("figure.live[data-pictures]:not([data-busy])")

    def press(self, name):
        self.panel.get_by_role("button", name=name, exact=True).click()
        self.settled()

    def hand(self, name="Your guess"):
        return self.panel.get_by_role("slider", name=name)

    def kept(self):
        return json.loads(self.page.evaluate("localStorage['live-papers'] ?? '{}'"))

    def drawn(self):
        """The paths of the curve, and the places of the spots."""
        return self.figure.evaluate("""f => ["m0", "m1"].map((id) =>
          [...f.querySelectorAll(`#live1-${id} path`)].map((e) =>
            e.getAttribute("transform") ?? e.getAttribute("d") ?? "").join(""))""")

    def stroke(self, place, *points):
        """Draw with the mouse over an element, by parts of its size."""
        box = self.page.locator(place).bounding_box()
        at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])
        self.page.mouse.move(*at(*points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*at(*point), steps=6)
        self.page.mouse.up()


@pytest.fixture(scope="module")
def tab(browser, pages):
    """One tab for all tests, as a new one takes as long as the page; its troubles."""
    return watched(browser, home=[pages.as_uri()], has_touch=True)


@pytest.fixture
def reader(tab, pages):
    """A function that opens one of the pages; what goes wrong there fails the test."""
    page, troubles = tab
    troubles.clear()

    def open_page(name, query="", width=900, **media):
        page.emulate_media(
            **{"forced_colors": "none", "reduced_motion": "no-preference"} | media
        )
        page.set_viewport_size({"width": width, "height": 900})
        return Reader(page, (pages / f"{name}.html").as_uri() + query)

    yield open_page
    page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    assert not troubles


AREA, TOP = "3.5317", "(2.10, 1.00)"


@pytest.mark.parametrize("name", ["number", "choice", "point", "curve", "learns"])
def test_nothing_of_the_outcome_is_there_before(reader, name):
    one = reader(name)
    assert (
        one.panel.locator("legend").inner_text()
        == getattr(asking, name.upper() if name != "learns" else "LEARNS").question
    )
    assert one.figure.locator("[data-control=height], [data-control=rate]").evaluate(
        "e => e.inert"
    )
    assert "wait for your guess" in one.figure.inner_text()
    one.figure.locator(".live-numbers summary").click()
    if name == "number":
        one.page.wait_for_timeout(600)  # what is read aloud comes late
    curve, spots = one.drawn()
    assert not curve
    assert bool(spots) == (name == "choice")
    shown = one.figure.locator(".live-numbers dt").all_inner_texts()
    assert shown == (["spot"] if name == "choice" else [])
    assert one.figure.locator(".live-note").text_content() == ""
    assert (one.figure.locator(".live-walk:visible").count() == 1) == (name == "choice")
    texts = " ".join(one.figure.locator("svg text").all_text_contents())
    assert re.search(r"(area|squared gap) …", texts)
    html = one.page.evaluate(SEEN)
    assert not re.search(r"\d\.\d{4}\b(?!\d)(?=[^\d]*</text>)", html)
    for told in (AREA, TOP):
        assert told not in html


@pytest.mark.parametrize("way", ["key", "pointer", "touch"])
def test_a_number_is_said_on_the_slider_and_on_the_axes(reader, way):
    one = reader("number")
    if way == "key":
        one.hand().press("Home")
        one.hand().press("ArrowRight")
        said = "0.04"
    elif way == "pointer":
        one.stroke(".live-stroke", (0.5, 0.9), (0.5, 0.5))
        said = "2.00"
    else:
        box = one.page.locator(".live-stroke").bounding_box()
        one.page.touchscreen.tap(box["x"] + 20, box["y"] + 0.25 * box["height"])
        said = "3.00"
    one.press("Commit")
    assert re.fullmatch(
        rf"You said {said} m; it is 3\.53 m, [\d.]+ m? ?too low\.",
        one.status.inner_text(),
    )
    curve, spots = one.drawn()
    assert curve and spots
    assert one.figure.locator(".live-guessed:not(.away) path").count() == 1
    assert "your guess" in one.figure.locator("svg").text_content()
    assert one.kept()["How large is the area?"]["said"] == f"{said} m"


@pytest.mark.parametrize("way", ["key", "pointer", "touch"])
def test_a_choice_is_made_with_a_sureness(reader, way):
    one = reader("choice")
    one.press("Commit")
    assert one.status.inner_text() == "Choose an answer first."
    yes = one.panel.get_by_label("yes")
    if way == "key":
        one.panel.get_by_label("no", exact=True).press("Space")
        one.page.keyboard.press("ArrowDown")
    elif way == "pointer":
        yes.click()
    else:
        yes.tap()
    one.press("Commit")
    assert one.status.inner_text() == "Say how sure you are."
    one.panel.get_by_label("How sure are you?").select_option("80 %")
    one.press("Commit")
    assert one.status.inner_text() == (
        "You said “yes”, 80 % sure; the answer is “no”. That costs 1.61 nats; being "
        "sure of nothing would have cost 0.69."
    )


@pytest.mark.parametrize("way", ["key", "pointer", "touch"])
def test_a_point_is_put_on_the_axes(reader, way):
    one = reader("point")
    one.press("Commit")
    assert "Drag the disc" in one.status.inner_text()
    place = ".live-pad.over >> nth=-1"
    if way == "key":
        knob = one.figure.get_by_role("slider", name="Your guess")
        for _ in range(5):
            knob.press("Shift+ArrowDown")
    elif way == "pointer":
        one.stroke(place, (0.5, 0.5), (0.5, 0.75))
    else:
        box = one.page.locator(place).bounding_box()
        x, y = (box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.75)
        one.page.touchscreen.tap(x, y)
    one.press("Commit")
    said = one.status.inner_text()
    assert re.match(
        r"You were [\d.]+ away: you said \(2.00, [\d.]+\); it is \(2.10, 1.00\)", said
    )
    assert (
        one.figure.locator(".live-guessed path").get_attribute("d").count("a6 6") == 2
    )


@pytest.mark.parametrize("way", ["key", "pointer", "touch"])
def test_a_curve_is_drawn(reader, way):
    one = reader("curve")
    one.press("Commit")
    assert "Draw the curve" in one.status.inner_text()
    knob = one.figure.get_by_role("slider", name="Your curve")
    if way == "key":
        for key in ["Shift+ArrowUp", "ArrowRight", *["Shift+ArrowDown"] * 9]:
            knob.press(key)
        assert knob.get_attribute("aria-valuetext") == "x 0.5, height 0"
    elif way == "pointer":
        one.stroke(".live-stroke", (0.01, 0.98), (0.5, 0.75), (0.99, 0.98))
    else:
        one.page.evaluate(FINGER, ".live-stroke")
    one.press("Commit")
    found = re.fullmatch(
        r"Yours lies ([\d.]+) m away on average, most at x = [\d.]+ \([\d.]+ m\)\.",
        one.status.inner_text(),
    )
    assert found and (way == "key" or float(found[1]) < 0.6)
    heights = one.kept()["Draw the bump."]["value"]
    assert len(heights) == 41
    if way == "key":
        assert heights[0] == pytest.approx(2.5) and heights[5] == pytest.approx(0)
        assert heights[10] == pytest.approx(2), "linear from handle to handle"
        assert heights[2] == pytest.approx(2.5 - 2.5 * 0.4)


# A finger draws: the pointer events that a touch gives, in one stroke.
FINGER = """(place) => {
  const area = document.querySelector(place);
  const { x, y, width, height } = area.getBoundingClientRect();
  area.setPointerCapture = () => {};
  area.hasPointerCapture = () => true;
  const fire = (kind, [px, py]) => area.dispatchEvent(new PointerEvent(kind, {
    clientX: x + px * width, clientY: y + py * height, pointerType: "touch",
    pointerId: 5, bubbles: true }));
  fire("pointerdown", [0, 0.98]);
  const way = [[0.3, 0.9], [0.5, 0.75], [0.7, 0.9], [1, 0.98]];
  way.forEach((at) => fire("pointermove", at));
  if (getComputedStyle(area).touchAction !== "none") throw new Error("it scrolls");
}"""


def test_it_is_waived_asked_again_and_kept_by_reset_and_reload(reader):
    one = reader("number")
    one.press("Show me anyway")
    assert one.status.inner_text() == "Shown without a guess."
    curve, spots = one.drawn()
    assert curve and spots
    assert one.figure.locator(".live-guessed").count() == 0
    one.press("Guess after all")
    assert one.drawn() == ["", ""] and one.kept() == {}
    one.press("Commit")
    said = one.status.inner_text()
    guessed = one.figure.locator(".live-guessed")
    one.figure.locator("[data-control=height] input").press("ArrowRight")
    one.settled()
    assert "away" in guessed.get_attribute("class")
    one.figure.locator("[data-control=height] input").press("ArrowLeft")
    one.settled()
    assert "away" not in guessed.get_attribute("class")
    one.figure.locator(".live-reset").click()
    one.settled()
    assert one.status.inner_text() == said
    one.open()
    assert one.status.inner_text() == said and all(one.drawn())
    one.press("Guess again")
    assert one.drawn() == ["", ""] and one.status.inner_text() == ""
    assert said not in one.page.evaluate(SEEN)


def test_what_was_walked_over_and_read_is_forgotten_with_the_guess(reader):
    one = reader("number")
    one.press("Commit")
    walk = one.figure.locator(".live-walk")
    walk.focus()
    walk.press("PageDown")
    told = walk.get_attribute("aria-valuetext")
    assert told.startswith("spot, 1, 3")
    expect(one.figure.locator(".live-note")).to_contain_text(AREA)
    one.press("Guess again")
    html = one.page.evaluate(SEEN)
    assert told not in html and AREA not in html and "spot, 1, 3" not in html


def test_one_question_follows_another(reader):
    one = reader("both")
    assert one.panel.locator("legend").inner_text().endswith("(1 of 2)")
    one.press("Commit")
    one.figure.locator("[data-control=height] input").press("End")
    one.press("Next question")
    assert one.panel.locator("legend").inner_text() == "Is it more than two? (2 of 2)"
    height = one.figure.locator("[data-control=height] input")
    assert height.get_attribute("aria-valuetext") == "1", "where the question is asked"
    assert one.drawn()[0] == ""
    one.panel.get_by_label("no", exact=True).check()
    one.panel.get_by_label("How sure are you?").select_option("99 %")
    one.press("Commit")
    assert "and so it is. That costs 0.01 nats" in one.status.inner_text()
    assert one.panel.get_by_role("button", name="Next question").count() == 0
    table = one.page.locator(".live-guesses table tbody tr")
    assert [row.split("\t") for row in table.all_inner_texts()] == [
        ["How large is the area?", "4.00 m", "3.53 m", "0.47 too high"],
        ["Is it more than two?", "no, 99 % sure", "no", "0.01 nats"],
    ]
    one.page.get_by_role("button", name="Forget all").click()
    one.settled()
    assert table.count() == 0 and one.kept() == {}
    assert one.panel.locator("legend").inner_text().endswith("(1 of 2)")
    assert one.drawn() == ["", ""]


def test_a_link_that_sets_a_state_shows_it(reader):
    one = reader("number")
    one.page.evaluate(
        "() => document.body.insertAdjacentHTML('beforeend',"
        " `<a href='#live?height=3'>show me</a>`)"
    )
    one.page.get_by_text("show me", exact=True).click()
    one.settled()
    assert all(one.drawn()) and one.status.inner_text() == "Shown without a guess."
    height = one.figure.locator("[data-control=height] input")
    assert height.get_attribute("aria-valuetext") == "3"


def test_a_teacher_turns_the_asking_off_for_a_tab(reader):
    one = reader("number", query="?guess=off")
    assert one.panel.count() == 0 and all(one.drawn())
    one.page.goto(one.address.replace("number.html?guess=off", "choice.html"))
    one.settled()
    assert one.panel.count() == 0 and all(one.drawn())
    one.page.goto(one.address.replace("off", "on"))
    one.settled()
    assert one.panel.count() == 1 and one.drawn() == ["", ""]


def test_without_storage_a_guess_lasts_as_long_as_the_page(browser, pages):
    page, troubles = watched(browser, home=[pages.as_uri()])
    page.add_init_script(NO_STORAGE)
    one = Reader(page, (pages / "both.html").as_uri())
    one.press("Commit")
    said = one.status.inner_text()
    assert said.startswith("You said 4.00 m; it is 3.53 m")
    assert one.page.locator(".live-guesses tbody tr").count() == 1
    one.press("Next question")
    one.press("Show me anyway")
    one.open()
    assert one.drawn() == ["", ""] and one.panel.get_by_text("Commit").is_visible()
    assert not troubles
    page.close()


def test_a_run_is_asked_about_a_step_and_stops_there(reader):
    one = reader("learns")
    learn = one.figure.locator(".live-player")
    assert learn.evaluate("e => e.inert")
    one.figure.locator(".live-walk").dispatch_event("keydown", {"key": " "})
    assert one.figure.get_attribute("data-playing") == "false"
    one.panel.get_by_role("button", name="Commit, and train", exact=True).click()
    expect(one.status).to_contain_text("You said 2.00; it is ")
    assert one.figure.get_attribute("data-steps") == "20"
    assert one.figure.get_attribute("data-playing") == "false"
    truth = re.search(r"it is ([\d.]+)", one.status.inner_text())[1]
    title = one.figure.locator("text", has_text="squared gap").text_content()
    assert float(title.split()[-1]) == pytest.approx(float(truth), abs=0.006)
    learn.get_by_role("button", name="Train", exact=True).click()
    one.page.wait_for_selector("figure.live[data-steps='60'][data-playing=false]")
    said = one.status.inner_text()
    one.press("Guess again")
    assert one.figure.get_attribute("data-steps") == "0"
    learn.get_by_label("Speed").evaluate("e => { e.value = 'slow'; }")
    one.panel.get_by_role("button", name="Commit, and train", exact=True).click()
    one.page.wait_for_selector(
        "figure.live[data-steps='1'], figure.live[data-steps='2']"
    )
    learn.get_by_role("button", name="Pause", exact=True).click()
    rate = one.figure.locator("[data-control=rate]")
    assert rate.evaluate("e => e.inert") and "after 20 steps" in one.status.inner_text()
    learn.get_by_label("Speed").select_option("fast")
    learn.get_by_role("button", name="Train", exact=True).click()
    expect(one.status).to_have_text(said)
    assert not rate.evaluate("e => e.inert")


def test_who_wants_little_motion_gets_the_comparison_at_that_step(reader):
    one = reader("learns", reduced_motion="reduce")
    one.panel.get_by_role("button", name="Commit, and train", exact=True).click()
    expect(one.status).to_contain_text("You said 2.00; it is ")
    assert one.figure.get_attribute("data-steps") == "20"


def test_a_run_that_comes_apart_ends_the_question(reader):
    one = reader("lost")
    one.panel.get_by_role("button", name="Commit, and train", exact=True).click()
    expect(one.status).to_contain_text("the run came apart")
    assert int(one.figure.get_attribute("data-steps")) < 20
    assert not one.figure.locator("[data-control=rate]").evaluate("e => e.inert")


def test_the_sentence_is_said_once_and_the_focus_stays_near(reader):
    one = reader("number")
    one.page.evaluate("""() => { window.spoken = [];
      new MutationObserver((all) => spoken.push(...new Set(all.map(() =>
        document.querySelector("[role=status]").textContent)))).observe(
        document.querySelector("[role=status]"), { subtree: true, childList: true,
        characterData: true }); }""")
    one.panel.get_by_role("button", name="Commit").press("Enter")
    one.settled()
    spoken = [words for words in one.page.evaluate("spoken") if words]
    assert len(spoken) == 1 and spoken[0].startswith("You said")
    assert one.page.evaluate("document.activeElement.className") == "live-guess"


def test_question_and_figure_fill_the_screen(reader):
    one = reader("number")
    one.press("Full screen")
    one.page.wait_for_function(
        "() => document.fullscreenElement?.matches('figure.live')"
    )
    assert one.panel.is_visible() and one.figure.locator("svg").first.is_visible()
    one.press("Leave full screen")
    one.page.wait_for_function("() => !document.fullscreenElement")


@pytest.mark.parametrize("width", [900, 415, 350])
def test_a_hand_lies_on_its_axes_wherever_they_go(reader, width):
    one = reader("number", width=width)
    settle(one.page)
    assert one.page.evaluate(LOST) == []
    assert one.page.evaluate("document.body.scrollWidth <= innerWidth")
    one.stroke(".live-stroke", (0.5, 0.1), (0.5, 0.5))
    line = one.figure.locator(".live-guessed path").bounding_box()
    area = one.page.locator(".live-stroke").bounding_box()
    middle = line["y"] + line["height"] / 2
    assert middle == pytest.approx(area["y"] + area["height"] / 2, abs=2)
    assert line["width"] == pytest.approx(area["width"], abs=3)


def test_calibration_draws_itself_from_five_choices(reader):
    one = reader("choice")
    place = one.page.locator(".live-guesses[data-shows=calibration]")
    assert "you have made 0 of the 5 choices" in place.inner_text()
    bet = {"kind": "choice", "sure": 0.8, "right": True, "score": 0.223, "n": 2}
    bets = {f"q{i}": bet | {"right": i < 3, "page": "x"} for i in range(5)}
    one.page.evaluate("e => localStorage.setItem('live-papers', e)", json.dumps(bets))
    one.open()
    svg = place.locator("svg")
    assert "80 % sure: 60 % of 5 right" in svg.get_attribute("aria-label")
    assert "Of 5 choices 60 % were right" in place.inner_text()
    assert one.page.locator("table").count() == 0, "made on other pages"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_high_contrast_the_guess_is_seen(reader, scheme):
    one = reader("number", forced_colors="active", color_scheme=scheme)
    stroke = one.figure.locator(".live-guessed path").evaluate(
        "e => [getComputedStyle(e).stroke, getComputedStyle(e).strokeDasharray]"
    )
    paper = one.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert stroke[0] not in ("none", paper) and stroke[1] != "none"


def test_a_hand_waives_what_is_asked(reader):
    one = reader("number")
    Hand(one.page, one.figure)
    assert one.status.inner_text() == "Shown without a guess."
