"""Write a citation as readable text with links, from source/references.bib."""

from functools import lru_cache
from pathlib import Path

import pybtex.database


def cite(keys: str, style: str, bib: Path) -> str:
    """Write a citation as text with links: (Name et al., 2021), or Name et al. (2021).

    `keys` as in the role, commas between; `style` is `p` (in parentheses) or `t` (in
    the sentence), as in sphinxcontrib-bibtex. Raises LookupError for an unknown key.
    """
    entries = bibliography(bib, bib.stat().st_mtime_ns) if bib.exists() else {}
    links = []
    for key in (key.strip() for key in keys.split(",")):
        if key not in entries:
            raise LookupError(f"cites {key}: expected one of the keys of {bib.name}")
        names, year, address = entries[key]
        words = f"{names}, {year}" if style == "p" else f"{names} ({year})"
        links.append(f"[{words}]({address})" if address else words)
    return f"({'; '.join(links)})" if style == "p" else " and ".join(links)


@lru_cache(maxsize=4)
def bibliography(bib: Path, modified: int) -> dict[str, tuple[str, str, str]]:
    """Read references.bib: key -> who, year, address ("" where it has none)."""
    entries = pybtex.database.parse_file(str(bib)).entries
    return {
        key: (who(e), e.fields.get("year", "n.d."), where(e))
        for key, e in entries.items()
    }


def who(entry: pybtex.database.Entry) -> str:
    """Name the authors of an entry as a sentence would: at most two by name."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [
        " ".join(
            str(part) for part in person.rich_prelast_names + person.rich_last_names
        )
        for person in people
    ]
    if not names:
        return entry.fields.get("organization") or entry.fields.get("title", entry.key)
    return f"{names[0]} et al." if len(names) > 2 else " and ".join(names)


def where(entry: pybtex.database.Entry) -> str:
    """Give the address of a work: its url, DOI or arXiv number."""
    if url := entry.fields.get("url"):
        return url
    if doi := entry.fields.get("doi"):
        return "https://doi.org/" + doi
    if eprint := entry.fields.get("eprint"):
        return "https://arxiv.org/abs/" + eprint
    return ""
