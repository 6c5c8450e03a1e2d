"""RESULTS.md: each run leaves a table, and takes no fuller one away."""

from course.results import LEFT_OUT, RESULTS, keep


def test_a_table_replaces_the_last_one_unless_that_was_fuller(tmp_path, capsys):
    file = tmp_path / "RESULTS.md"
    keep({"Peers": "```text\none 1\n```\n", "Figures": f"all {LEFT_OUT}\n"}, file)
    keep({"Peers": f"timm {LEFT_OUT}\n", "Figures": "```text\ntwo 2\n```\n"}, file)
    kept = file.read_text()
    assert "one 1" in kept and "two 2" in kept and LEFT_OUT not in kept
    assert "fuller: Peers" in capsys.readouterr().out
    keep({"Peers": "one 3\n", "Figures": "two 4\n"}, file)
    assert file.read_text().split() == (
        "# The last runs of `make bench` and `make weather` "
        "## Peers one 3 ## Figures two 4".split()
    )


def test_what_is_kept_is_read_again_as_it_was_written(tmp_path):
    file = tmp_path / "RESULTS.md"
    file.write_text(RESULTS.read_text())
    worse = "\n".join([LEFT_OUT] * 99) + "\n"
    keep({"Against other libraries": worse, "Live figures": worse}, file)
    assert file.read_text() == RESULTS.read_text()
