"""Letters: each part says once what they stand for, and keeps to it."""

import ast
import re

import pytest

from course.source import ROOT, read

# By part: its kernels, and the words of which one stands where a letter is introduced.
MEANS = {
    "01": "divergence two_samples | D numbers pixels, N data pictures have draws, "
    "M Gaussians mixture parts, K outcomes places levels probabilities numbers noise, "
    "B points, S directions",
    "01b": " | D numbers pixels, N data pictures have, M Gaussians mixture, K levels "
    "channels, B points pictures, W widths width, H height",
    "02": "vae | X pixels, L dimensions latents numbers, K draws latents, B pictures, "
    "N numbers, W matrix, I identity prior",
    "03": "gan | D discriminator, G generator, B samples images, N samples points, "
    "M modes, C channels, Z noise, W width",
    "04": "vqgan | D width dimensions numbers, K codes, B images, N vectors, H grid, "
    "W grid, C channels",
    "05": "vit | H height, W width, C channels numbers, P side pixels, N patches them, "
    "D width numbers, L blocks, T tokens, K classes numbers, B images, S keys, M MLP, "
    "h heads, d width",
    "06": "efficientnet | C channels, E channels widens, B images, S units, K larger "
    "classes, W width, O channels",
    "07": "fpn | C channels, H rows, W columns, A anchors, B images, N boxes them",
    "07b": "trident | R branches, C channels, B images, N boxes, M boxes, A anchors, "
    "K boxes numbers",
    "08": "rfcn detection | C classes, R regions them, H height, W width columns, "
    "N boxes regions, M boxes ones, F numbers, B images, A anchors",
    "09": "llada | L tokens, M mask, B batch sequences, T length tokens, "
    "V words vocabulary, P prompt, S places",
    "09b": "sft | L tokens, M mask, B batch sequences, T tokens, V words vocabulary, "
    "P prompt",
    "10": "sedd | V words, S states, N steps, R texts, T tokens characters, n tokens",
    "10b": "block_diffusion remasking | V words, B blocks size tokens, N steps, "
    "R texts, T tokens characters, n tokens, b blocks",
    "11": "scaling_laws | C budget, D tokens, N parameters boxes, M token, "
    "V words them",
    "11b": "dpo | B questions pairs, N answers, T tokens, V words vocabulary, "
    "K answers",
    "12a": "mla mtp yarn | D width map, H heads, S tokens latents, C content, "
    "R rotation, U up, B texts batch, T tokens, V words, G groups",
    "12b": "moe | T tokens, D width, E experts, K asks asked experts, G groups, "
    "H width",
    "12c": "pipeline | F chunk time, B chunk, I halves gradient, W halves weights, "
    "T tokens, K experts asked, E experts, G machines, C cards, N rows matrices, "
    "D features, M matrices, L matrices, V answers",
    "13": "grpo | G answers group completions, A advantages advantage, B questions, "
    "N completions, T tokens, V words, Q questions",
    "13b": "selection | N answers, B questions, K values answers, W beginnings, "
    "M ways, S tokens, T tokens, V words",
}
NAMES = [p.parent.name for p in sorted(ROOT.glob("source/*/chapter.md"))]
SHAPE = r"\(((?:[^()\n$=]{1,14}, )+[^()\n$=]{0,14}|[A-Z],)\)"


def means(name):
    """The kernels of a part, and letter -> words."""
    kernels, letters = MEANS[name.split("_")[0]].split(" | ")
    pairs = (item.split(" ", 1) for item in letters.split(", "))
    return kernels.split(), {letter: set(words.split()) for letter, words in pairs}


def paragraph(name, file, start):
    """The one paragraph of a text that says what its letters are."""
    text = (ROOT / "source" / name / file).read_text("utf8")
    found = re.findall(rf"^{re.escape(start)}.*$", text, flags=re.M)
    assert len(found) == 1, f"not one paragraph begins with {start!r}"
    return found[0]


def told(line):
    """Letter -> phrase, of a list such as "B images, T = N + 1 tokens, d = D / h"."""
    found = {}
    for item in re.split(r"[,;:.] (?=\S)|\band\b (?=[A-Za-z]\b)", line):
        hit = re.match(r"\s*([A-Za-z]) (?:= [^a-z]*)?(.*[a-z]{3}.*)", item)
        if hit and hit[1] not in "aI":
            assert hit[1] not in found, f"{hit[1]} is introduced twice"
            found[hit[1]] = hit[2]
    return found


def lists(name):
    """Where a part lists its letters, beside the chapter: exercises and kernels."""
    yield "exercises", paragraph(name, "exercises.md", "Letters as in [the chapter]")
    for kernel in means(name)[0]:
        base = ROOT / "lib" / kernel
        for path in [base.with_suffix(".py"), *sorted(base.glob("*.py"))]:
            if path.exists():
                doc = ast.get_docstring(ast.parse(path.read_text("utf8"))) or ""
                for shapes in re.findall(r"^Shapes: (.+(?:\n.+)*)", doc, flags=re.M):
                    yield str(path.relative_to(ROOT)), shapes.replace("\n", " ")


def strange(found, known):
    """The letters of a list that do not stand for what they do elsewhere."""
    return {
        letter: phrase
        for letter, phrase in found.items()
        if letter in known or letter.isupper()
        if not known.get(letter, set()) & set(re.findall(r"[A-Za-z]+", phrase))
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_stands_for_one_thing(name):
    known = means(name)[1]
    for where, line in lists(name):
        found = told(line.partition("(chapter.md): ")[2] or line)
        assert found and not strange(found, known), where
    text = paragraph(name, "chapter.md", "The letters").replace(r"\mathcal N", "")
    sentences = re.split(r"(?<=[.;:]) ", text)
    for letter, words in known.items():
        alone = rf"\$[^$]*(?<![A-Za-z\\{{]){letter}(?![A-Za-z}}_])[^$]*\$"
        if said := " ".join(s for s in sentences if re.search(alone, s)):
            assert words & set(re.findall(r"[A-Za-z]+", said)), (letter, said)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_counted_has_its_letter(name):
    known = means(name)[1]
    nouns = {w for words in known.values() for w in words if w.endswith("s")}
    for file in ("chapter.md", "exercises.md"):
        cells = read(ROOT / "source" / name / file, "site")
        prose = " ".join(c.text for c in cells if c.kind == "markdown")
        pairs = re.findall(r"(?<![\w$*/^-])\$?([B-HJ-Z])\$? ([a-z]+)\b", prose)
        wrong = {p for p in pairs if p[1] in nouns and p[1] not in known.get(p[0], ())}
        assert not wrong, file


@pytest.mark.parametrize("name", NAMES)
def test_letters_of_shapes_are_told(name):
    cells = read(ROOT / "source" / name / "exercises.md", "site")
    shown = [c for c in cells if not {"grade", "wrong", "right"} & set(c.tags)]
    prose = [c.text for c in shown if c.kind == "markdown"]
    notes = re.findall(r'#.*|"""[^"]+"""', "\n".join(c.text for c in shown))
    text = "\n".join([*prose, *notes])
    shapes = [
        s for s in re.findall(SHAPE, text) if not re.search(r"[a-z_]{2}|[\"':.]", s)
    ]
    line = paragraph(name, "exercises.md", "Letters as in [the chapter]")
    used = set(re.findall(r"\b[A-Z]\b", " ".join(shapes)))
    assert used <= set(re.findall(r"\b[A-Z]\b", line))


def test_a_letter_with_two_meanings_is_found():
    known = means("05_vit")[1]
    assert strange(told("B images, D width, H heads, d = D / H"), known) == {
        "H": "heads"
    }
    assert not strange(told("B images, H and W the height and width of it"), known)
    with pytest.raises(AssertionError, match="N is introduced twice"):
        told("N patches, N boxes")
