"""Set the course up for a JupyterHub on this machine: python3 tools/hub.py --help.

As root. `lib` and the chapters go to a place that all can read; exercises go to each
student's home; answers stay in the checkout, which only its owner may read.
"""

import argparse
import hashlib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = "live-papers"  # the folder in each student's home
ANSWERS = ("source", "solutions", "tests", "build", ".git")  # all that holds some
NOT_HANDED_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "weather")
CONFIG = """\
# Written by tools/hub.py. Start the hub with: {hub}/bin/jupyterhub -f {file}
import pwd

c.JupyterHub.bind_url = "http://127.0.0.1:8000"  # others need TLS in front
c.JupyterHub.db_url = "sqlite:///{place}/hub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "{place}/hub/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = "{place}/hub/proxy.pid"
c.Authenticator.allowed_users = {students}
c.Spawner.cmd = ["{hub}/bin/jupyterhub-singleuser"]
c.Spawner.start_timeout = c.Spawner.http_timeout = 300  # a class begins all at once
c.Spawner.notebook_dir = "~/{work}"
c.Spawner.default_url = "/lab/tree/chapters/index.ipynb"
c.Spawner.environment = {{
    "PYTHONPATH": "{place}",
    "JUPYTER_CONFIG_PATH": "{place}/jupyter",
    "LIVE_GUESSES": lambda spawner: (
        f"{{pwd.getpwnam(spawner.user.name).pw_dir}}/{work}/guesses.json"
    ),
}}
"""


def main(arguments: list[str] | None = None) -> None:
    """Do what one word says."""
    front = argparse.ArgumentParser(prog="tools/hub.py", description=__doc__)
    front.add_argument("word", choices=["set-up", "collect", "hand-back"])
    front.add_argument("students", nargs="+", help="names of accounts on this machine")
    front.add_argument("--place", type=Path, default=Path("/srv/live-papers"))
    front.add_argument("--hub", type=Path, default=Path("/opt/jupyterhub"))
    front.add_argument(
        "--python",
        type=Path,
        default=ROOT / ".venv" / "bin" / "python",
        help="what runs the notebooks; every student must be able to start it",
    )
    front.add_argument("--folder", type=Path, help="of submissions, or of a report")
    given = front.parse_args(arguments)
    homes = {name: home(name) for name in given.students}
    if given.word == "set-up":
        publish(given.place)
        register(given.hub, given.python)
        print(f"start it: {configure(given.place, given.hub, given.students)}")
        for name, folder in homes.items():
            hand_out(name, folder)
            if not as_student(name, [str(given.python), "-c", "print(1)"]):
                print(f"{name} cannot start {given.python}: no kernel will begin")
    elif given.word == "collect":
        for name, folder in homes.items():
            collect(folder, (given.folder or Path("submissions")) / name)
    else:
        for name, folder in homes.items():
            hand_back(name, folder, given.folder or Path("report"))


def home(name: str) -> Path:
    """Give a student's home folder; SystemExit if there is no such account."""
    try:
        return Path(pwd.getpwnam(name).pw_dir)
    except KeyError:
        sys.exit(f"{name} has no account on this machine: useradd --create-home {name}")


def publish(place: Path) -> None:
    """Put `lib` where all can read it, and nothing that holds an answer."""
    place.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(place / "lib", ignore_errors=True)
    shutil.copytree(ROOT / "lib", place / "lib", ignore=NOT_HANDED_OUT)
    config = Path("jupyter", "labconfig")  # what `make lab` has, too: no news
    shutil.copytree(ROOT / "course" / config, place / config, dirs_exist_ok=True)
    for path in [place, *places(place / "lib"), *places(place / "jupyter")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    (ROOT / "build").mkdir(exist_ok=True)  # before pages with answers are made there
    for name in ANSWERS:
        if (ROOT / name).is_dir():
            (ROOT / name).chmod(0o700)


def places(folder: Path) -> list[Path]:
    """List a folder and all that is in it."""
    return [folder, *folder.rglob("*")]


def register(hub: Path, python: Path) -> None:
    """Let `python3`, which the notebooks ask for, be the Python of the course.

    The hub's own environment is looked into before the system's folders.
    """
    folder = hub / "share" / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True, exist_ok=True)
    start = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": start, "display_name": "Python 3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec, indent=1) + "\n", "utf8")


def configure(place: Path, hub: Path, students: list[str]) -> str:
    """Write the hub's configuration, where only root can read; give its command.

    Who was allowed in before stays so.
    """
    private = place / "hub"
    private.mkdir(exist_ok=True)
    private.chmod(0o700)
    file, known = private / "jupyterhub_config.py", private / "students.json"
    before = json.loads(known.read_text("utf8")) if known.exists() else []
    everyone = sorted({*before, *students})
    known.write_text(json.dumps(everyone) + "\n", "utf8")
    text = CONFIG.format(
        hub=hub, file=file, place=place, work=WORK, students=f"set({everyone})"
    )
    file.write_text(text, "utf8")
    return f"{hub}/bin/jupyterhub -f {file}"


def hand_out(name: str, folder: Path) -> None:
    """Copy the notebooks into a student's home, and over nothing that is there."""
    folder.chmod(0o700)
    for part in ("chapters", "exercises"):
        for book in sorted((ROOT / part).glob("*.ipynb")):
            give(name, folder, Path(part, book.name), book)


def give(name: str, folder: Path, path: Path, what: Path, new: bool = True) -> None:
    """Write a file below a student's folder as that student, and through no link."""
    command = ["sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1"', "sh"]
    if new:
        command[2] = f'test -e "$1" || {{ {command[2]}; }}'
    as_student(name, [*command, str(folder / WORK / path)], what.read_bytes())


def as_student(name: str, command: list[str], sent: bytes = b"") -> bytes:
    """Run a command with a student's rights; give what it printed, if it succeeded."""
    who = pwd.getpwnam(name)

    def become() -> None:
        os.initgroups(name, who.pw_gid)
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)

    try:
        done = subprocess.run(
            command,
            input=sent,
            stdout=subprocess.PIPE,
            cwd="/",
            preexec_fn=None if who.pw_uid == os.geteuid() else become,
        )
    except OSError:  # the student may not start that program, or it is not there
        return b""
    return done.stdout if done.returncode == 0 else b""


def collect(folder: Path, target: Path) -> None:
    """Copy a student's exercises, read with the student's own rights.

    A link to what only root may read is so no way to get at it. The copies are for
    us alone, wherever they lie.
    """
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o700)
    for book in sorted((ROOT / "exercises").glob("*.ipynb")):
        file = folder / WORK / "exercises" / book.name
        found = as_student(target.name, ["cat", str(file)])
        if found:
            (target / book.name).write_bytes(found)


def hand_back(name: str, folder: Path, report: Path) -> None:
    """Put a student's page of feedback into their folder."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:40]
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    page = report / "feedback" / f"{plain}-{mark}.html".lstrip("-")
    if page.exists():
        give(name, folder, Path("feedback.html"), page, new=False)
    else:
        print(f"{name}: no page of feedback in {report}")


if __name__ == "__main__":
    main()
