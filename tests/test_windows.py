"""Nothing that Windows lacks is needed to import lib and course."""

import subprocess
import sys

import pytest

from course.source import ROOT

LACKS = """
import importlib, os, sys
for name in sys.argv[1:]:  # first what others wrote, for this system
    importlib.import_module(name)
for name in [*sys.modules]:
    if name.split(".")[0] in ("lib", "course"):
        del sys.modules[name]
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
for name in ("fork", "geteuid", "getuid", "killpg", "O_NOFOLLOW", "O_CLOEXEC"):
    delattr(os, name)
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


@pytest.mark.slow
def test_every_module_is_imported_without_what_windows_lacks():
    files = [*ROOT.glob("lib/**/*.py"), *ROOT.glob("course/**/*.py")]
    parts = [file.relative_to(ROOT).with_suffix("").parts for file in files]
    names = {".".join(part).removesuffix(".__init__") for part in parts}
    forked = {f"course.grading.box.{name}" for name in ("inside", "traces")}
    command = [sys.executable, "-c", LACKS, *sorted(names - forked)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
