"""Turns source/ into notebooks, a site and marks; no notebook imports it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# jsonschema would compile a grammar of international addresses whenever nbformat is
# imported: seconds that every command and every graded notebook would pay for nothing.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
