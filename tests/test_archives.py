"""Archives of strangers: read where they lie, and no further than is safe."""

import io
import stat
import tracemalloc
import zipfile

import pytest
from handed_in import counts, handed_in, little, zipped

from course.grading.intake import archives


def told(tmp_path, data):
    """The remark on an archive that cannot be opened."""
    intake = handed_in(tmp_path, others={"anna.zip": data})
    (entry,) = intake.begun.values()
    assert entry["path"] == "anna.zip" and intake.students["anna.zip"] == "anna"
    return entry["rows"][0]["remark"]


def packed(change):
    """An archive of one notebook, whose entry a function changes beforehand."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("05_x.ipynb")
        change(info)
        archive.writestr(info, little()[1])
    return out.getvalue()


def test_notebooks_are_read_out_of_archives_and_archives_in_those(tmp_path):
    notebook = little()[1]
    inner = zipped(**{"05_x.ipynb": notebook, "__MACOSX/._05_x.ipynb": b"x"})
    windows = packed(lambda info: setattr(info, "filename", "week 3\\05_x.ipynb"))
    intake = handed_in(
        tmp_path,
        others={
            "anna.zip": zipped(**{"week 3/05_x.ipynb": notebook, "a.png": b"x"}),
            "ben/hand in.ZIP": zipped(**{"more.zip": inner}),
            "carl.zip": windows,
        },
    )
    assert counts(intake) == {
        "anna": ["anna.zip/week 3/05_x.ipynb"],
        "ben": ["ben/hand in.ZIP/more.zip/05_x.ipynb"],
        "carl": ["carl.zip/week 3/05_x.ipynb"],
    }
    assert not any("rows" in entry for entry in intake.begun.values())
    assert list(intake.left_out) == ["anna.zip/a.png"]


@pytest.mark.parametrize(
    "name", ["../05_x.ipynb", "/etc/05_x.ipynb", "a/../../b.ipynb"]
)
def test_no_path_leads_out_of_an_archive(tmp_path, name):
    data = packed(lambda info: setattr(info, "filename", name))
    assert "leads out of it" in told(tmp_path, data)


def test_links_and_passwords_are_told(tmp_path):
    def link(info):
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16

    intake = handed_in(tmp_path, others={"anna.zip": packed(link)})
    (entry,) = intake.begun.values()
    assert "links are not followed" in entry["rows"][0]["remark"]
    secret = bytearray(packed(lambda _: None))
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        secret[secret.index(sign) + place] |= 1
    intake = handed_in(tmp_path, others={"anna.zip": bytes(secret)})
    (entry,) = intake.begun.values()
    assert "has a password" in entry["rows"][0]["remark"]


def test_a_bomb_is_told_before_it_goes_off(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "ONE_FILE", 10**6)
    zeros = zipped(**{"05_x.ipynb": bytes(10**6 + 1)})
    intake = handed_in(tmp_path, others={"anna.zip": zeros})
    (entry,) = intake.begun.values()
    assert "too large" in entry["rows"][0]["remark"]
    monkeypatch.setattr(archives, "Budget", lambda: Budget(20, 10**6))
    many = zipped(**{f"{k}.ipynb": b"" for k in range(21)})
    assert "files" in told(tmp_path, many)
    large = zipped(**{f"{k}.ipynb": bytes(300_000) for k in range(4)})
    assert "GB when unpacked" in told(tmp_path, large)
    nested = zipped(**{f"{k}.zip": large for k in range(3)})
    assert "GB when unpacked" in told(tmp_path, nested)


Budget = archives.Budget


def test_a_list_of_files_that_lies_about_a_size_unpacks_no_more():
    whole = bytearray(zipped(**{"05_x.ipynb": bytes(2**24)}))
    place = whole.index(archives.ENTRY) + 24
    whole[place : place + 4] = (1000).to_bytes(4, "little")
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        info = archive.infolist()[0]
        tracemalloc.start()
        with pytest.raises(ValueError, match="damaged"):
            archives.one_file(archive, info)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def test_a_list_that_is_too_long_is_not_read(monkeypatch):
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ValueError, match="far too many"):
        archives.opened(io.BytesIO(archives.ENTRY * (4 * archives.MOST_FILES + 1)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04", "the zip archive is damaged"),
        (b"", "the zip archive is damaged"),
        (zipped(), "the zip archive is empty"),
        (zipped(**{"__MACOSX/x": b""}), "nothing but what a system put there"),
    ],
)
def test_what_is_no_archive_is_told(tmp_path, data, said):
    assert said in told(tmp_path, data)


def test_too_many_archives_in_one_another_are_told(tmp_path):
    one = zipped(**{"05_x.ipynb": little()[1]})
    three = zipped(**{"b.zip": zipped(**{"c.zip": one})})
    intake = handed_in(tmp_path, others={"anna.zip": three})
    (entry,) = intake.begun.values()
    assert "within an archive within" in entry["rows"][0]["remark"]
