"""Write requirements.lock from the packages that .venv holds: make lock."""

import subprocess

from environment import LOCK, STAMP, fingerprint, python

LOCK_HEAD = """\
# Exact versions of everything that `make lab` and `make test` install.
# To remake: install what should change into a fresh .venv with its own pip
# (.venv/bin/python -m pip install NAME==VERSION), run `make test`, then `make lock`.
"""
UNPINNED = ("pip", "wheel", "triton", "nvidia-", "cuda-")  # torch pins its own parts
MARKERS = {
    "pexpect": 'sys_platform != "win32"',
    "ptyprocess": 'sys_platform != "win32"',
}
ELSEWHERE = ['appnope==0.1.4; sys_platform == "darwin"']  # not on this machine


def locked(freeze: str) -> str:
    """Turn the lines of `pip freeze --all` into the text of requirements.lock."""
    lines = set(ELSEWHERE)
    for line in freeze.splitlines():
        if "==" not in line or line.startswith(("#", "-")):
            continue  # comments, and the project itself
        name, version = line.strip().split("==")
        if name.lower().startswith(UNPINNED):
            continue
        version = version.split("+")[0]  # +cpu names a build of one machine
        marker = MARKERS.get(name.lower())
        lines.add(f"{name}=={version}" + (f"; {marker}" if marker else ""))
    return LOCK_HEAD + "\n".join(sorted(lines, key=str.lower)) + "\n"


def write() -> None:
    """Write requirements.lock; .venv is as it says."""
    command = [str(python()), "-m", "pip", "freeze", "--all", "--exclude-editable"]
    LOCK.write_text(locked(subprocess.check_output(command, text=True)))
    STAMP.write_text(fingerprint())
