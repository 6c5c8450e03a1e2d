"""The pictures in a page as lossless WebP, which takes half the bytes of PNG."""

import re
from base64 import b64decode, b64encode
from functools import cache
from io import BytesIO

from PIL import Image

PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")


def lighter(html: str) -> str:
    """The same html, each embedded picture in whichever of the two forms is shorter."""
    return PNG.sub(lambda found: _shorter(found[0], found[1]), html)


@cache
def _shorter(address: str, packed: str) -> str:
    webp = "data:image/webp;base64," + b64encode(_webp(b64decode(packed))).decode()
    return min(address, webp, key=len)


def _webp(png: bytes) -> bytes:
    out = BytesIO()
    picture = Image.open(BytesIO(png))
    # Method 6 takes thirty times as long, and saves one byte in sixty.
    picture.save(out, "webp", lossless=True, quality=100, method=4, exact=True)
    return out.getvalue()
