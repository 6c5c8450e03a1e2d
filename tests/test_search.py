"""The search: chapters first, the section and the words around, on any spelling."""

import pytest
from browser import chromium, watched
from searching import Engine
from tiny_site import built

from course.site import ROOT
from course.site.sections import plain
from course.site.spelling import CourseEnglish

pytestmark = pytest.mark.slow

# What a student would type, and the page that should come first.
QUERIES = {
    "KL divergence": "01_generative_models",
    "ELBO": "02_vae",
    "RoIAlign": "08_rfcn",
    "temperature": "04_vqgan",
    "mixture of experts": "12b_deepseek_experts",
    "attention": "05_vit",
    "reparametrisation": "02_vae",
    "install": "index",
    "GRPO": "13_deepseek_r1",
    "KV cache": "12a_deepseek_attention",
    "FID": "03_gan",
    "patch": "05_vit",
}
ALIKE = [
    "reparametrisation reparameterization reparameterisation",
    "normalise normalize",
    "analyse analyze",
    "behaviour behavior",
    "neighbourhood neighborhood",
    "centre center",
    "centred centered",
    "labelled labeled",
    "modelling modeling",
    "catalogue catalog",
    "defence defense",
    "grey gray",
]
UNLIKE = "filled filed, prise price, four for, noise nose, course corse, call cal"


@pytest.fixture(scope="module")
def tiny_site(tmp_path_factory):
    return built(tmp_path_factory) / "build/html"


@pytest.fixture(scope="module")
def tiny(tiny_site):
    return Engine(tiny_site)


@pytest.fixture(scope="module")
def course():
    if not (ROOT / "build/html/sections.js").exists():
        pytest.skip("the course's own pages are not built: make html")
    return Engine(ROOT / "build/html")


@pytest.mark.parametrize(("query", "page"), QUERIES.items())
def test_what_a_student_types_leads_to_the_right_chapter(course, query, page):
    found = course(query)
    assert found[0]["page"] == page, [result["page"] for result in found[:3]]
    kinds = [result["kind"] for result in found]
    assert kinds == sorted(kinds)  # chapters, exercises, code; answers last


def test_a_name_typed_in_full_leads_to_its_code(course):
    for query, anchor in [
        ("kl_divergence", "lib.divergence.kl_divergence"),
        ("vit.patchify", "lib.vit.patchify"),
        ("lib.moe", ""),
    ]:
        found = course(query)[0]
        assert found["page"].startswith("lib/") and found["section"][1] == anchor


def test_chapters_come_before_exercises_code_and_answers(tiny):
    pages = [result["page"] for result in tiny("lost")]
    assert pages == ["05_tiny", "lib/game", "lib/index"]
    assert tiny("lost")[0]["section"][:2] == ["Losing", "losing"]
    pages = [result["page"] for result in tiny("add")]
    assert "exercises/05_tiny" in pages and pages[-1] == "solutions/05_tiny"


def test_the_glossary_knows_where_a_word_is_explained_and_its_other_names(course):
    first, *others = [r["page"] for r in course("FID")]
    assert first == "03_gan" and "glossary" in others[:2]
    assert "Fréchet" in course("FID")[0]["section"][2]


def test_nothing_is_found_where_a_word_is_missing(tiny):
    assert tiny("lost zeppelin") == tiny("zeppelin") == tiny("the") == tiny("") == []


def test_an_excerpt_has_the_words_around_and_marks_them(tiny):
    text = "word " * 100 + "Losses are lost. " + "more " * 100
    pieces = tiny.excerpt(text, "loss")
    assert [piece for piece, marked in pieces if marked] == ["Losses"]
    whole = "".join(piece for piece, _ in pieces)
    assert whole.startswith("… word") and whole.endswith("more …")
    assert 200 < len(whole) < 400
    assert tiny.excerpt("Nothing here.", "loss") == [["Nothing here.", False]]


def test_the_script_and_the_index_spell_alike(tiny):
    english = CourseEnglish({})
    for words in ALIKE:
        roots = {english.stem(word) for word in words.split()}
        assert len(roots) == 1 and set(tiny.stems(words)) == roots, words
    for pair in UNLIKE.split(", "):
        one, other = pair.split()
        assert english.stem(one) != english.stem(other), pair
        assert tiny.stems(pair) == [english.stem(one), english.stem(other)]


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\mathrm{KL}(p \,\|\, q)", "KL(p ‖ q)"),
        (r"\frac{1}{2} \beta x^2", "1/2 βx^2"),
        ("a < b", "a < b"),
    ],
)
def test_a_formula_in_a_sentence_is_read(latex, text):
    assert plain(latex) == text


@pytest.mark.browser
def test_results_from_a_folder_show_section_and_excerpt(tiny_site):
    with chromium() as browser:
        page, troubles = watched(browser, home=[tiny_site.as_uri()])
        page.goto((tiny_site / "index.html").as_uri())
        page.fill("input[type=search]", "stake")
        page.keyboard.press("Enter")
        first = page.locator("#search-results li").first
        page.wait_for_url("**/search.html?q=stake")
        page.wait_for_selector("#search-results mark")
        assert first.locator("a").all_inner_texts() == ["A tiny chapter", "Losing"]
        assert first.locator("mark").inner_text() == "stake"
        first.locator("a.section").click()
        assert page.url.endswith("05_tiny.html#losing")
        page.goto((tiny_site / "search.html").as_uri() + "?q=zeppelin")
        page.wait_for_selector("text=Nothing has all the words of “zeppelin”")
    assert not troubles
