"""Compile product.wat and write its bytes into product.js: python tools/wat.py."""

import base64
import re
import textwrap
from pathlib import Path

TENSOR = Path(__file__).resolve().parents[1] / "lib" / "live" / "scripts" / "tensor"
SOURCE, SCRIPT = TENSOR / "product.wat", TENSOR / "product.js"
TEXT = re.compile(r"(?<=const BYTES = `)[^`]*")


def compiled() -> str:
    """The bytes of the source, without names, as lines of base64."""
    from wasmtime import wat2wasm

    text = base64.b64encode(_nameless(wat2wasm(SOURCE.read_text("utf8")))).decode()
    return "\n" + "".join(f"{line}\n" for line in textwrap.wrap(text, 96))


def kept() -> str:
    """What stands in the script."""
    return TEXT.search(SCRIPT.read_text("utf8"))[0]


def _nameless(module: bytes) -> bytes:
    """A module without its custom sections, which hold the names of functions."""
    kept, at = module[:8], 8
    while at < len(module):
        end, size, shift = at + 1, 0, 0
        while shift == 0 or module[end - 1] > 127:  # the size, seven bits at a time
            size |= (module[end] & 127) << shift
            end, shift = end + 1, shift + 7
        kept += module[at : end + size] if module[at] else b""
        at = end + size
    return kept


if __name__ == "__main__":
    text = SCRIPT.read_text("utf8")
    SCRIPT.write_text(TEXT.sub(compiled(), text), "utf8")
