"""In JupyterLab: a chapter, the front page, the gallery; a busy kernel; saving."""

import json
import re
import shutil
from pathlib import Path

import asking
import nbformat
import pytest
from hand import Hand, hold_everything
from lab import BUSY, HERE, IDLE, ROOT, copied, figures, open_alone, opened, run_all

from course.notebooks import CHECK
from lib.live.picture import STILL

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Its own toolbar trips over cells out of view; our code comes from a blob.
JUPYTERLABS_OWN = "/static/lab/jlab_core."
GALLERY = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import gallery
from lib.live import live, Slider
live(gallery.kernel, gallery.draw, alt=gallery.ALT, **gallery.CONTROLS)
"""
LEARNING = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import learning
from lib.live import live
live(learning.look, learning.draw, run=learning.RUN, alt=learning.ALT,
     **learning.CONTROLS)
"""
ASKING = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import asking
from lib.live import guess, live
for one in (asking.NUMBER, asking.CHOICE):
    live(asking.kernel, asking.draw, alt="A curve", guess=one, **asking.CONTROLS)
"""
ALONE = "() => [...jupyterapp.shell.widgets('main')].forEach((tab) => tab.dispose())"
WAITING = """
import time, pathlib
while not pathlib.Path("go on").exists(): time.sleep(0.1)
"""
RAISING = """
def kernel(a):
    if a > 1.5:
        raise ValueError("a is too large")
    return dict(y=a.expand(3))
def draw(fig, y):
    return dict(y=fig.subplots().plot(range(3), y)[0])
live(kernel, draw, alt="a line", a=Slider(0, 2, 1))
"""
KERNEL_IS_KNOWN = f"async () => void await {HERE}.sessionContext.session.kernel.info"
RAN = f"""() => {HERE}.context.model.sharedModel.cells.every(
  (cell) => cell.cell_type !== "code" || cell.execution_count)"""


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """A page with JupyterLab, its troubles, and the folder that it shows."""
    folder = tmp_path_factory.mktemp("lab")
    with opened(browser, folder) as (page, troubles):
        yield page, troubles, folder


def write(folder, name, *cells):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    metadata = {"kernelspec": kernel, "live_papers": {}}
    book = nbformat.v4.new_notebook(cells=code, metadata=metadata)
    nbformat.write(book, folder / name)


@pytest.mark.parametrize("name", ["index", "05_vit"])
def test_every_control_of_a_chapter_is_alive(lab, name):
    page, troubles, folder = lab
    troubles.clear()
    expected = copied(name, folder)
    run_all(page, f"{name}.ipynb")
    for figure in figures(page, expected, patience=900).all():
        hold_everything(page, figure)
    ours = [t for t in troubles if JUPYTERLABS_OWN not in t or "blob:" in t]
    assert not ours, "\n".join(ours)


def test_every_control_of_the_gallery_is_alive_and_errors_are_shown(lab):
    page, troubles, folder = lab
    troubles.clear()
    write(folder, "gallery.ipynb", GALLERY, RAISING)
    run_all(page, "gallery.ipynb")
    shown = figures(page, 2)
    hold_everything(page, shown.first)

    slider = shown.nth(1).locator("input")
    Hand(page, shown.nth(1))
    slider.press("End")
    page.wait_for_selector("figure.live .live-error:not([hidden])")
    assert "a is too large" in shown.nth(1).locator(".live-error").inner_text()
    slider.press("Home")
    page.wait_for_selector("figure.live >> nth=1 >> .live-error", state="hidden")
    assert not troubles


def test_a_figure_stands_and_answers_while_a_later_cell_runs(lab):
    page, troubles, folder = lab
    troubles.clear()
    write(folder, "busy.ipynb", GALLERY, WAITING)
    run_all(page, "busy.ipynb")
    figure = page.locator("figure.live[data-pictures]")
    figure.wait_for()
    hold_everything(page, figure)
    assert page.locator(BUSY).count() == 1
    (folder / "go on").touch()
    page.wait_for_selector(IDLE)
    assert not troubles


def test_a_figure_learns_while_a_later_cell_runs(lab):
    page, troubles, folder = lab
    troubles.clear()
    (folder / "go on").unlink(missing_ok=True)
    write(folder, "learning.ipynb", LEARNING, WAITING)
    run_all(page, "learning.ipynb")
    page.locator("figure.live[data-pictures][data-steps='0']").wait_for(timeout=90_000)
    figure = page.locator("figure.live")
    figure.get_by_role("button", name="One step").click()
    page.locator("figure.live[data-steps='1']").wait_for()
    figure.locator(".live-walk").press(" ")
    page.locator("figure.live[data-steps='60'][data-playing=false]").wait_for()
    hold_everything(page, figure)
    figure.get_by_role("button", name="Restart").click()
    page.locator("figure.live[data-steps='0']").wait_for()
    assert page.locator(BUSY).count() == 1
    (folder / "go on").touch()
    page.wait_for_selector(IDLE)
    assert not troubles


def test_a_figure_asks_and_what_was_said_is_kept(lab):
    page, troubles, folder = lab
    troubles.clear()
    write(folder, "asks.ipynb", ASKING, "guess.table()")
    page.evaluate(ALONE)  # a kernel of its own, which knows this notebook's name
    run_all(page, "asks.ipynb")
    first, second = figures(page, 2).all()
    curve = first.locator("[id$=m0] path")
    assert not curve.get_attribute("d")
    said = first.get_by_role("status")
    slider = first.get_by_role("slider", name="Your guess (m)")
    slider.press("Home")
    slider.press("ArrowRight")  # JupyterLab would take it
    first.get_by_role("button", name="Commit").click()
    expect(said).to_have_text("You said 0.04 m; it is 3.53 m, 3.49 too low.")
    assert curve.get_attribute("d")
    second.get_by_label("yes").check()
    second.get_by_label("How sure are you?").select_option("80 %")
    second.get_by_role("button", name="Commit").click()
    told = second.get_by_role("status")
    expect(told).to_contain_text("80 % sure; the answer is “no”.")
    rows = page.locator(".live table tbody tr")
    expect(rows).to_have_count(2)
    page.evaluate(f"async () => void await {HERE}.context.save()")

    page.reload()
    page.wait_for_function("() => window.jupyterapp?.shell")
    expect(page.locator("figure.live").first.get_by_role("status")).to_contain_text(
        "You said 0.04 m", timeout=60_000
    )
    expect(rows).to_have_count(2)
    kept = json.loads((folder / ".home" / "guesses.json").read_text())
    said = [kept[one.question]["said"] for one in (asking.NUMBER, asking.CHOICE)]
    assert said == ["0.04 m", "yes, 80 % sure"]
    assert not troubles

    page.evaluate(f"async () => void await {HERE}.sessionContext.restartKernel()")
    page.wait_for_selector(IDLE)
    run_all(page, "asks.ipynb")
    first = figures(page, 2).first
    expect(first.get_by_role("status")).to_contain_text("You said 0.04 m")
    page.get_by_role("button", name="Forget all").click()
    expect(first.get_by_role("button", name="Commit")).to_be_visible()
    expect(rows).to_have_count(0)
    expect(first.locator("[id$=m0] path")).to_have_attribute("d", "")


def test_a_place_and_a_curve_are_guessed_by_key_mouse_and_finger(lab):
    page, troubles, folder = lab
    troubles.clear()
    drawn = ASKING.replace("asking.NUMBER, asking.CHOICE", "asking.POINT, asking.CURVE")
    write(folder, "drawn.ipynb", drawn)
    run_all(page, "drawn.ipynb")
    place, curve = figures(page, 2).all()
    for figure, ways, said in (
        (place, ["key", "finger"], r"You were [\d.]+ away: .* it is \(2.10, 1.00\)\."),
        (curve, ["key", "mouse", "finger"], r"Yours lies [\d.]+ m away on average, .*"),
    ):
        for way in ways:
            handle = figure.get_by_role("slider", name=re.compile("Your (guess|curve)"))
            if way == "key":
                handle.press("Shift+ArrowDown")  # JupyterLab would take it
            elif way == "mouse":
                box = figure.locator(".live-stroke").bounding_box()
                x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
                page.mouse.move(box["x"] + 2, y)
                page.mouse.down()
                page.mouse.move(x, y, steps=4)
                page.mouse.up()
            else:
                figure.locator(".live-pad.over, .live-stroke").last.evaluate(FINGER)
            figure.get_by_role("button", name="Commit").click()
            expect(figure.get_by_role("status")).to_have_text(re.compile(said))
            figure.get_by_role("button", name="Guess again").click()
    assert not troubles


# The pointer events that a touch in the middle gives.
FINGER = """(area) => {
  const { x, y, width, height } = area.getBoundingClientRect();
  area.setPointerCapture = () => {};
  area.hasPointerCapture = () => true;
  const at = { clientX: x + width / 2, clientY: y + height / 2 };
  const finger = { pointerType: "touch", pointerId: 5, bubbles: true, ...at };
  for (const kind of ["pointerdown", "pointermove"])
    area.dispatchEvent(new PointerEvent(kind, finger));
}"""


def test_a_teacher_opens_figures_that_do_not_ask(lab):
    page, _, folder = lab
    off = "import os; os.environ['LIVE_GUESS'] = 'off'"
    write(folder, "lecture.ipynb", off, ASKING)
    run_all(page, "lecture.ipynb")
    shown = figures(page, 2).first
    assert shown.locator(".live-guess").count() == 0
    assert shown.locator("[id$=m0] path").get_attribute("d")


def test_a_sentence_of_the_text_sets_a_state(lab):
    page, _, folder = lab
    write(folder, "told.ipynb", GALLERY)
    book = nbformat.read(folder / "told.ipynb", as_version=4)
    link = '<a href="#live?height=1&parts=10">show me</a>'
    book.cells.append(nbformat.v4.new_markdown_cell(f"A low bump: {link}."))
    nbformat.write(book, folder / "told.ipynb")
    run_all(page, "told.ipynb")
    hand = Hand(page, figures(page, 1))
    assert hand.changes(page.get_by_text("show me", exact=True).click)
    assert hand.figure.locator("input").first.get_attribute("aria-valuetext") == "1"


def test_after_a_restart_a_figure_says_what_to_do_and_its_cell_revives_it(lab):
    page, _, folder = lab
    write(folder, "restart.ipynb", GALLERY)
    run_all(page, "restart.ipynb")
    figure = figures(page, 1)
    page.evaluate(f"async () => void await {HERE}.sessionContext.restartKernel()")
    page.wait_for_selector(IDLE)
    figure.locator("input").first.press("End")
    page.get_by_text("Run its cell again").wait_for()
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    page.get_by_text("Run its cell again").wait_for(state="hidden")
    hold_everything(page, figures(page, 1))


def test_on_another_day_the_still_picture_is_there(lab):
    page, _, folder = lab
    write(folder, "saved.ipynb", GALLERY)
    run_all(page, "saved.ipynb")
    figures(page, 1)
    page.evaluate(f"async () => void await {HERE}.context.save()")
    open_alone(page, "saved.ipynb")
    hold_everything(page, figures(page, 1))  # its kernel is still there
    page.evaluate(f"async () => void await {HERE}.sessionContext.shutdown()")
    open_alone(page, "saved.ipynb")
    still = page.locator(".jp-OutputArea-output img")
    still.wait_for()
    assert STILL in still.get_attribute("alt")
    assert page.get_by_text("model not found").count() == 0
    run_all(page, "saved.ipynb")
    hold_everything(page, figures(page, 1))


def not_run(text):
    """A notebook's text without what running it leaves."""
    book = json.loads(text)
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("folder", ["chapters", "exercises"])
def test_a_notebook_opens_clean_and_saving_changes_outputs_only(lab, folder):
    page, _, root = lab
    name = {"chapters": "index.ipynb", "exercises": "05_vit.ipynb"}[folder]
    (root / folder).mkdir()
    shutil.copy(ROOT / folder / name, root / folder)
    name = f"{folder}/{name}"
    committed = (root / name).read_text("utf8")
    open_alone(page, name)
    page.evaluate(KERNEL_IS_KNOWN)
    assert page.evaluate(f"{HERE}.context.model.dirty") is False
    assert page.locator(".jp-mod-dirty").count() == 0
    run_all(page, name)
    page.wait_for_function(RAN, timeout=120_000)
    page.wait_for_selector(IDLE, timeout=60_000)
    checks = committed.count(CHECK)
    folded = page.locator(".jp-InputPlaceholder", has_text=CHECK)
    expect(folded).to_have_count(checks, timeout=60_000)  # cells are drawn by and by
    verdicts = page.locator("[role=status]", has_text="Not answered.")
    expect(verdicts).to_have_count(checks, timeout=60_000)
    assert checks == (9 if folder == "exercises" else 0)
    page.evaluate(f"async () => void await {HERE}.context.save()")
    assert (root / name).read_text("utf8") != committed
    assert not_run((root / name).read_text("utf8")) == not_run(committed)


def test_the_front_page_shows_its_figure_before_anything_is_run(lab):
    page, _, root = lab
    shutil.copy(ROOT / "chapters" / "index.ipynb", root / "front.ipynb")
    open_alone(page, "front.ipynb")
    still = page.locator(".jp-OutputArea-output img")
    assert STILL in still.get_attribute("alt")
    box = still.bounding_box()
    assert box["width"] > 300 and box["y"] + box["height"] < 1000  # on the first screen
