"""An ordinary user, whom tests that run as root make up, and commands run as that one.

Where Python itself lies in a folder that is root's alone, the command sees another
folder in its place, through which only Python can be reached.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from course.source import ROOT

USER = 54_321
ROOM = """
base=$1 closed=$2; shift 2
if [ -n "$closed" ]; then
    mount --bind "$base" /mnt && mount -t tmpfs -o mode=755 none "$closed" &&
        mkdir -p "$base" && mount --bind /mnt "$base" && umount /mnt || exit 1
fi
exec "$@"
"""


def room() -> list[str]:
    """What stands before a command of root's, so that all users can reach Python."""
    base = Path(sys.base_prefix)
    closed = [str(p) for p in (*base.parents, base) if not p.stat().st_mode & 1]
    top = min(closed, key=len, default="")
    return ["unshare", "--mount", "sh", "-c", ROOM, "sh", str(base), top]


def prefix() -> list[str]:
    """What stands before a command that an ordinary user runs; skips where none can."""
    if os.geteuid():
        return []
    if not all(map(shutil.which, ("unshare", "setpriv"))):
        pytest.skip("root cannot become an ordinary user here: no unshare or setpriv")
    before = [*room(), "setpriv", "--reuid", str(USER), "--regid", str(USER)]
    before.append("--clear-groups")
    tried = [*before, sys.executable, "-c", "import os; assert os.geteuid()"]
    said = subprocess.run(tried, capture_output=True, text=True, cwd="/").stderr
    if said:
        pytest.skip(f"root cannot become an ordinary user here: {said.strip()[-200:]}")
    return before


@contextlib.contextmanager
def folder():
    """A folder to give away, outside of pytest's own, which are closed to others."""
    with tempfile.TemporaryDirectory(prefix="home") as place:
        yield Path(place)


def run(home: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Python as an ordinary user, whose home is a folder that is given to them."""
    before = prefix()
    if before:
        for path in [home, *home.rglob("*")]:
            os.chown(path, USER, USER)
    given = os.environ | {"HOME": str(home), "TMPDIR": str(home)} | more
    return subprocess.run(
        [*before, sys.executable, *command],
        **{"env": given, "capture_output": True, "text": True, "timeout": 600}
        | {"cwd": ROOT},
    )
