"""Reading the texts: citations, links, exercises, and what is wrong with them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from little import make, source_of

from course.exercises import answered, parse, unanswered
from course.plain import plain
from course.source import ROOT, SourceError, read


@pytest.fixture
def root(tmp_path):
    return make(tmp_path)


def test_a_parsed_exercise_has_all_its_parts(root):
    first, second = parse(source_of(root, "exercises")).exercises
    facts = (first.points, first.difficulty, first.minutes, first.needs)
    assert facts == (2, "easy", 8, ("expect", "data"))
    assert first.wrong == [("not the same", "def alpha(x):\n    return -x")]
    assert first.why == "**Why.** Because of Alpha."
    assert [cell.role for cell in second.of("answer", "grade")] == ["answer", "grade"]


def prose(root, text, target="lab"):
    source_of(root).write_text(text)
    return read(source_of(root), target)[0].text


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("{cite:p}`one`", "([Kingma, 2013](https://doi.org/10.1/x))"),
        ("{cite:t}`many`", "[A et al. (2021)](https://example.org/c)"),
        (
            "{cite:p}`two, one`",
            "(van der Berg and Li, 2014; [Kingma, 2013](https://doi.org/10.1/x))",
        ),
        ("`{cite:p}`", "`{cite:p}`"),
        ("{math}`x^2`, `{math}`", "$x^2$, `{math}`"),
        ("```\n{cite:p}`gone`\n```", "```\n{cite:p}`gone`\n```"),
        (
            "```{note}\n{cite:p}`two`\n```",
            "> **Note**\n>\n> (van der Berg and Li, 2014)",
        ),
    ],
)
def test_roles_become_text_and_links(root, role, words):
    assert prose(root, role) == words


def test_the_site_keeps_roles_and_boxes(root):
    text = "(a)=\n```{note}\nSee {cite:p}`one`.\n```"
    assert prose(root, text, "site") == text


@pytest.mark.parametrize(
    ("myst", "markdown"),
    [
        (":::{admonition} A trap\n:class: warning\n\nx\n:::", "> **A trap**\n>\n> x"),
        (
            "::::{note}\na\n:::{dropdown} More\nb\n:::\n::::",
            "> **Note**\n>\n> a\n"
            "> <details><summary>More</summary>\n>\n> b\n>\n> </details>",
        ),
        (
            ":::{tip} Look\n:class: dropdown\n- a\n- b\n:::",
            "<details><summary>Look</summary>\n\n- a\n- b\n\n</details>",
        ),
        (":::{seealso}\nx\n:::\ny", "> **See also**\n>\n> x\n\ny"),
        ("```{math}\nx = 1\n```", "$$\nx = 1\n$$"),
        ("(there)=\n## Title", '<a id="there"></a>\n\n## Title'),
        ("{.lead}\nText\n% for authors", "Text"),
        ("````md\n```{note}\nx\n```\n````", "````md\n```{note}\nx\n```\n````"),
    ],
)
def test_boxes_become_plain_markdown(myst, markdown):
    assert plain(myst, {}) == markdown


@given(
    st.lists(st.sampled_from(["", "a `{b}` c", "> q", "- x", "$$", "| a | b |", "# t"]))
)
def test_plain_markdown_stays_as_it_is(lines):
    assert plain("\n".join(lines), {}) == "\n".join(lines)


@pytest.mark.parametrize(
    ("link", "lab", "site"),
    [
        ("exercises.md#a", "../exercises/05_x.ipynb#a", "exercises/05_x.ipynb#a"),
        ("solutions.md", "../solutions/05_x.ipynb", "solutions/05_x.ipynb"),
        ("../index.md", "index.ipynb", "index.ipynb"),
        ("../references.bib", "../source/references.bib", "references.bib"),
        ("https://example.org/a.md", "https://example.org/a.md", None),
        ("#here", "#here", None),
    ],
)
def test_links_lead_to_notebooks(root, link, lab, site):
    assert prose(root, f"[a]({link})") == f"[a]({lab})"
    assert prose(root, f"[a]({link})", "site") == f"[a]({site or link})"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("## Exercise 2 · Beta", "## Exercise 3 · Beta", "expected number 2"),
        ("## Exercise 2 · Beta", "## Exercise 2 · Alpha", "a title of its own"),
        ("## Exercise 1 · Alpha", "## Task 1", "`## Exercise 3 · title`"),
        ("*2 points · easy", "*two points · easy", "`*2 points · easy"),
        ("[answer]", "[anwser]", "tags among answer, check"),
        ("[answer]", "[answer, check]", "one role a cell"),
        ("[grade]", "[hide-input]", "a cell with the tag grade"),
        ("    # END SOLUTION\n", "", "# END SOLUTION around"),
        ("    # BEGIN SOLUTION\n", "", "in turn, inside a function"),
        ("    # BEGIN SOLUTION", "# BEGIN SOLUTION", "inside a function"),
        ("def alpha(x):\n    #", "if True:\n    #", "a function or a class"),
        (':says: "not the same"', ":says: 3", '`:says: "words"`'),
        ("def grade(seed):", "def marks(seed):", "`def grade(seed)`"),
        ("return -x", "return -", "Python in the wrong cell"),
        ("Do it.", "- list\n\n  ```{code-cell}\n  1\n  ```", "stands on its own"),
        ("Do it.", "{cite:p}`gone`", "cites gone"),
        ("Do it.", "[a](gone.md)", "leads nowhere"),
        ("Do it.", "{eq}`x`", "equation x: expected a label"),
        ("Do it.", "{ref}`x`", "role ref: expected cite:p"),
        ("Do it.", ":::{plot}\n:::", "directive plot: expected one of"),
        ("Do it.", "- a\n\n  :::{note}\n  :::", "not indented"),
        ("Do it.", ":::{note}\nx", "has no end"),
        (":tags: [answer]", ":tags: [answer", "no YAML"),
    ],
)
def test_malformed_sources_say_where_and_what(root, old, new, words):
    source = source_of(root, "exercises")
    text = source.read_text()
    assert old in text
    source.write_text(text.replace(old, new))
    with pytest.raises(SourceError) as error:
        parse(source)
    assert words in str(error.value)
    assert "exercises.md:" in str(error.value)


def test_errors_name_the_line(root):
    source_of(root).write_text("---\na: 1\n---\n\n# A\n\nx\n\nsee {cite:p}`gone`\n")
    with pytest.raises(SourceError, match=r"chapter\.md:9: cites gone"):
        read(source_of(root))
    source_of(root).write_text("# A\n\n:::{note}\nx\n\n```{plot}\n```\n:::\n")
    with pytest.raises(SourceError, match=r"chapter\.md:6: directive plot"):
        read(source_of(root))


@given(
    st.lists(st.sampled_from(["return x", "if x:\n    y = 1", "y = 'é'"])),
    st.integers(1, 3),
)
def test_a_stub_is_python_and_an_answer_loses_only_its_marks(lines, depth):
    indent = "    " * depth
    body = [indent + part for line in lines for part in line.split("\n")]
    head = ["class A:"] * (depth - 1)
    head = ["    " * i + line for i, line in enumerate(head)]
    head.append("    " * (depth - 1) + "def f(x):")
    marked = [*head, indent + "# BEGIN SOLUTION", *body, indent + "# END SOLUTION"]
    text = "\n".join(marked)
    stub = unanswered(text)
    compile(stub, "stub", "exec")
    assert stub == "\n".join([*head, indent + "raise NotImplementedError"])
    assert answered(text) == "\n".join([*head, *body])


def test_the_glossary_knows_every_chapter_and_no_other():
    text = (ROOT / "source" / "glossary.md").read_text("utf8")
    named = set(re.findall(r"\((\w+)/chapter\.md\)", text))
    assert named == {path.parent.name for path in ROOT.glob("source/*/chapter.md")}


def test_a_word_of_the_glossary_stands_in_the_chapters_that_explain_it():
    text = (ROOT / "source" / "glossary.md").read_text("utf8")
    entries = re.findall(r"^(\S.*)\n((?:  .*\n?)+)", text.split("{glossary}")[1], re.M)
    assert len(entries) > 90
    for word, meaning in entries:
        stem = word.lower().split(",")[0].removesuffix("s")
        for name in re.findall(r"\((\w+)/chapter\.md\)", meaning):
            chapter = (ROOT / "source" / name / "chapter.md").read_text("utf8")
            words = " ".join(chapter.lower().replace("*", "").split())
            assert stem in words, f"{word} is not in {name}"
