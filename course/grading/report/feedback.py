"""A page for each student: points, and for each exercise a sentence why.

It is one file that loads nothing and runs nothing. Everything in it that came from a
submission is escaped, and no expected value ever came near it.
"""

from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --paper: #fdfdfb; --ink: #22252a; --muted: #5d636b;
  --rule: #d8d9d6; --full: #00704f; --part: #a34700; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e4e5e2;
  --muted: #a0a6ad; --rule: #3a3e43; --full: #4ec9a0; --part: #f0a35c; } }
* { box-sizing: border-box; }
body { max-width: 44rem; margin: 0 auto; padding: 3rem 1.25rem 5rem;
  background: var(--paper); color: var(--ink);
  font: 1.09rem/1.6 "Source Serif 4", Charter, "Iowan Old Style", Georgia, serif;
  overflow-wrap: anywhere; }
.brand, .facts, th, td.number, footer { color: var(--muted);
  font-family: "Source Sans 3", "Segoe UI", system-ui, sans-serif; font-size: .86em; }
h1 { margin: .5rem 0; font-size: clamp(2rem, 1.4rem + 3vw, 3rem); font-weight: 400;
  line-height: 1.1; letter-spacing: -.015em; }
h2 { margin: 3rem 0 .3rem; font-size: 1.5rem; font-weight: 400; line-height: 1.25; }
.facts { margin: 0 0 1rem; }
.warning { padding-left: 1.25rem; border-left: 3px solid var(--part); }
table { width: 100%; border-collapse: collapse; border-block: 1.5px solid; }
th, td { padding: .5em .9em .5em 0; text-align: left; vertical-align: baseline;
  border-bottom: 1px solid var(--rule); }
th { font-weight: 400; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
td.number { white-space: nowrap; font-variant-numeric: lining-nums tabular-nums; }
td.number b { color: var(--ink); font-weight: 600; }
.full b { color: var(--full); }
td p { margin: .1em 0 0; }
p.remark { color: var(--part); }
.full p.remark { color: var(--full); }
footer { margin-top: 4rem; border-top: 1px solid var(--rule); padding-top: 1rem; }
"""
WARNING = (
    "Graded without a sandbox, at the teacher's word (--unsafe): code that was handed "
    "in by others could have changed what this page says."
)
EXPLAINED = (
    "Each answer was run with new random numbers in a kernel of its own and compared "
    "with the course's. The remark is the first thing that went wrong; the check in "
    "the exercise notebook says it again, as often as you like."
)


def page(student: str, entries: list[dict[str, Any]]) -> str:
    """Make the page of a student from the entries of their files."""
    rows = [row for entry in entries for row in entry["rows"]]
    title = f"{student}: {points_of(rows)}"
    unsafe = not all(entry["sandbox"] for entry in entries)
    warning = f'<p class="warning">{WARNING}</p>' if unsafe else ""
    return whole(
        student,
        f"{points_of(rows)} points",
        warning + "".join(map(chapter, entries)),
        "",
        EXPLAINED,
        title,
    )


def whole(
    heading: str, facts: str, body: str, style: str, end: str, title: str = ""
) -> str:
    """Make a page that loads and runs nothing; `body` is HTML, the rest is text."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(title or heading)}</title>
<style>{STYLE}{style}</style>
</head>
<body>
<main>
<p class="brand">Live Papers · exercises</p>
<h1>{escape(heading)}</h1>
<p class="facts">{escape(facts)}</p>
{body}
</main>
<footer>{escape(end)}</footer>
</body>
</html>
"""


def points_of(rows: list[dict[str, Any]]) -> str:
    """Say how many points of how many rows earned."""
    return f"{sum(r['points'] for r in rows)} of {sum(r['out_of'] for r in rows)}"


def chapter(entry: dict[str, Any]) -> str:
    """Make the part of the page that tells of one file."""
    name = escape(entry["chapter"] or "No chapter of this course")
    file = "".join(c if c.isprintable() else "\ufffd" for c in entry["path"])
    lines = "".join(map(line, entry["rows"]))
    return f"""<h2>{name}</h2>
<p class="facts">{points_of(entry["rows"])} points · from {escape(file)}</p>
<table>
<thead><tr><th scope="col">Points</th><th scope="col">Exercise</th></tr></thead>
<tbody>{lines}</tbody>
</table>
"""


def line(row: dict[str, Any]) -> str:
    """Make one exercise's line."""
    full = ' class="full"' if row["points"] == row["out_of"] > 0 else ""
    name = f"{row['exercise']} · {escape(row['title'])}" if row["exercise"] else "-"
    return f"""<tr{full}>
<td class="number"><b>{row["points"]}</b> / {row["out_of"]}</td>
<td>{name}<p class="remark">{escape(row["remark"])}</p></td>
</tr>
"""
