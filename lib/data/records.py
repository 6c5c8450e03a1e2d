"""Measurements that take longer than a chapter may: recorded by `make train`."""

import json
from pathlib import Path
from typing import Any

RECORDS = Path(__file__).with_name("records")


def record(chapter: str) -> dict[str, Any]:
    """What the recipe of a chapter, such as "05_vit", has measured."""
    path = RECORDS / f"{chapter}.json"
    if not path.exists():
        having = ", ".join(sorted(p.stem for p in RECORDS.glob("*.json")))
        raise ValueError(f"no record of {chapter!r}; there are records of {having}")
    return json.loads(path.read_text("utf8"))
