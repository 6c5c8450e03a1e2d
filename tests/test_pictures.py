"""Pictures in a page: the same dots, in fewer bytes."""

from base64 import b64decode, b64encode
from io import BytesIO

import numpy as np
from PIL import Image

from course.site.pictures import lighter


def png(dots):
    out = BytesIO()
    Image.fromarray(dots).save(out, "png")
    return "data:image/png;base64," + b64encode(out.getvalue()).decode()


def dots_of(address):
    image = Image.open(BytesIO(b64decode(address.partition(",")[2])))
    return np.asarray(image.convert("RGBA"))


def smooth(height, width, channels):
    y, x, c = np.ogrid[:height, :width, :channels]
    return ((3 * x + 2 * y + 40 * c) % 256).astype(np.uint8)


def test_each_dot_stays_also_where_nothing_is_seen_of_it():
    for channels in (3, 4):
        dots = smooth(40, 61, channels)
        html = f'<image href="{png(dots)}"/><b>png</b>'
        found = lighter(html)
        address = found.split('"')[1]
        assert address.startswith("data:image/webp;base64,") and len(found) < len(html)
        want = np.full((40, 61, 4), 255, np.uint8)
        want[..., :channels] = dots
        assert (dots_of(address) == want).all()
        assert found.replace(address, "") == '<image href=""/><b>png</b>'


def test_the_shorter_form_is_kept():
    tiny = png(np.zeros((1, 1), np.uint8))
    assert len(lighter(tiny)) <= len(tiny)
    assert lighter(lighter(tiny)) == lighter(tiny)
    assert lighter("no picture") == "no picture"
