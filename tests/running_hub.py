"""A JupyterHub as tools/hub.py makes it, running, and students who use it over HTTP.

The accounts are made up for the tests, with homes of their own, and are gone with them.
"""

import contextlib
import itertools
import json
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import ordinary
import pytest

from course.source import ROOT

HUB = Path(os.environ.get("JUPYTERHUB", "/opt/jupyterhub"))  # its own environment
PATIENCE = 120  # seconds


def needed() -> None:
    """Skip, with a sentence, where no hub can be run."""
    if os.geteuid():
        pytest.skip("a hub that begins servers for several accounts needs root")
    if not (HUB / "bin" / "jupyterhub").exists():
        pytest.skip(
            f"no JupyterHub in {HUB}: source/teaching/hub.md says how to get it, and "
            "JUPYTERHUB may name the folder of another environment that has it"
        )
    for name in ("configurable-http-proxy", "useradd", "chpasswd", "unshare"):
        if not shutil.which(name):
            pytest.skip(f"no {name} here, which a running JupyterHub needs")


def free_ports(count: int) -> list[int]:
    """Find so many ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


@contextlib.contextmanager
def accounts(folder: Path, names: list[str]):
    """Make accounts whose homes lie in a folder; give their passwords."""
    passwords = {name: secrets.token_hex() for name in names}
    made = []
    try:
        for name in names:
            home = ["--create-home", "--home-dir", str(folder / name)]
            subprocess.run(["useradd", *home, name], check=True)
            made.append(name)
        lines = "".join(f"{name}:{word}\n" for name, word in passwords.items())
        subprocess.run(["chpasswd"], input=lines, text=True, check=True)
        yield passwords
    finally:
        for name in made:
            left = subprocess.run(
                ["ps", "-u", name, "-o", "pid="], capture_output=True, text=True
            )
            for process in map(int, left.stdout.split()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            subprocess.run(["userdel", "--force", name], capture_output=True)


@contextlib.contextmanager
def running(command: str, log: Path):
    """Run a hub by the command that `set-up` gave; give its address."""
    port, own, proxy = free_ports(3)
    address = f"http://127.0.0.1:{port}"
    options = [f"--JupyterHub.bind_url={address}", f"--JupyterHub.hub_port={own}"]
    options.append(f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{proxy}")
    with open(log, "w") as out:
        process = subprocess.Popen(
            [*ordinary.room(), *command.split(), *options],
            stdout=out,
            stderr=out,
            cwd=log.parent,
            start_new_session=True,
        )
    try:
        until(lambda: answers(f"{address}/hub/health"), process, log)
        yield address
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(url: str) -> bool:
    """Whether a server says that all is well."""
    try:
        return bool(build_opener().open(url, timeout=5).status == 200)
    except OSError:
        return False


def until(true, process=None, log=None) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end or (process and process.poll() is not None):
            pytest.fail(log.read_text()[-3000:] if log else "it took too long")
        time.sleep(0.2)


class Student:
    """Someone with a browser's cookies, who asks a hub and their own server."""

    def __init__(self, address: str, name: str) -> None:
        self.address, self.name = address, name
        self.jar = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.jar))

    def ask(self, way: str, path: str, sent: bytes | None = None):
        """Ask; give the status and what came."""
        url = self.address + path
        kind = {"Content-Type": "application/json"} if "/api/" in path else {}
        request = Request(url, sent, kind, method=way)
        if mark := self.mark(path):
            request.add_header("X-XSRFToken", mark)
        try:
            with self.opener.open(request, timeout=PATIENCE) as reply:
                return reply.status, reply.read()
        except HTTPError as error:
            return error.code, error.read()

    def json(self, way: str, path: str, sent: object = None):
        """Ask for JSON; it must come."""
        body = None if sent is None else json.dumps(sent).encode()
        status, came = self.ask(way, path, body)
        assert status < 300, (way, path, status, came[-500:])
        return json.loads(came or b"null")

    def mark(self, path: str) -> str:
        """The mark against requests from other sites, as cookies for a path have it."""
        found = [c for c in self.jar if c.name == "_xsrf" and path.startswith(c.path)]
        return max(found, key=lambda c: len(c.path)).value or "" if found else ""

    def log_in(self, password: str) -> bool:
        """Fill in the form; say whether that was right."""
        self.ask("GET", "/hub/login")
        form = {"username": self.name, "password": password}
        form["_xsrf"] = self.mark("/hub/login")
        self.ask("POST", "/hub/login", urlencode(form).encode())
        return any(cookie.name == "jupyterhub-session-id" for cookie in self.jar) and (
            self.ask("GET", f"/hub/api/users/{self.name}")[0] == 200
        )

    def begin(self) -> None:
        """Have one's server begun, and enter JupyterLab."""
        me = f"/hub/api/users/{self.name}"
        status, came = self.ask("POST", f"{me}/server", b"")
        assert status in (201, 202), came
        until(lambda: self.json("GET", me)["servers"].get("", {}).get("ready"))
        status, came = self.ask("GET", f"/user/{self.name}/lab")
        assert status == 200 and b"jupyter-config-data" in came

    def kernel(self) -> "Kernel":
        """Begin a kernel, as JupyterLab does for a notebook."""
        place = f"/user/{self.name}/api/kernels"
        made = self.json("POST", place, {"name": "python3"})
        return Kernel(self, f"{place}/{made['id']}/channels")


class Kernel:
    """A kernel at the end of a websocket, in Jupyter's first format for these."""

    def __init__(self, student: Student, path: str) -> None:
        websocket = pytest.importorskip("websocket")  # jupyter-server brings it along
        request = Request(student.address + path)
        student.jar.add_cookie_header(request)
        self.session = secrets.token_hex()
        self.socket = websocket.create_connection(
            f"{student.address.replace('http', 'ws', 1)}{path}"
            f"?session_id={self.session}&_xsrf={student.mark(path)}",
            cookie=request.get_header("Cookie"),
            timeout=PATIENCE,
        )

    def send(self, kind: str, content: dict, buffers: tuple[bytes, ...] = ()) -> str:
        """Send a message on the shell; give its number."""
        number = secrets.token_hex()
        header = {"msg_id": number, "msg_type": kind, "session": self.session}
        header |= {"username": "", "version": "5.3", "date": "2026-11-30T00:00:00Z"}
        message = {"header": header, "parent_header": {}, "metadata": {}}
        message |= {"channel": "shell", "content": content}
        parts = [json.dumps(message).encode(), *buffers]
        starts, at = [], 4 * (len(parts) + 1)
        for part in parts:
            starts.append(at)
            at += len(part)
        head = struct.pack(f"!{len(parts) + 1}I", len(parts), *starts)
        self.socket.send_binary(head + b"".join(parts))
        return number

    def replies(self, number: str) -> list[tuple[dict, list[bytes]]]:
        """All that a message brought about, until the kernel rests."""
        found = []
        while True:
            message, buffers = self.take()
            if message["parent_header"].get("msg_id") != number:
                continue
            found.append((message, buffers))
            if message["content"].get("execution_state") == "idle":
                return found

    def take(self) -> tuple[dict, list[bytes]]:
        """The next message, and its buffers."""
        came = self.socket.recv()
        if isinstance(came, str):
            return json.loads(came), []
        (count,) = struct.unpack("!I", came[:4])
        starts = [*struct.unpack(f"!{count}I", came[4 : 4 * (count + 1)]), None]
        parts = [came[a:b] for a, b in itertools.pairwise(starts)]
        return json.loads(parts[0]), parts[1:]

    def run(self, code: str) -> str:
        """Run code; give what it printed, or how it failed."""
        asked = self.send("execute_request", {"code": code, "silent": False})
        said = [m["content"] for m, _ in self.replies(asked)]
        errors = [f"{c['ename']}: {c['evalue']}" for c in said if "ename" in c]
        return "".join(c.get("text", "") for c in said) + "".join(errors[:1])


def tool(checkout: Path, *arguments: str) -> str:
    """Call a checkout's tools/hub.py; give what it said."""
    ran = subprocess.run(
        [*ordinary.room(), sys.executable, str(checkout / "tools/hub.py"), *arguments],
        capture_output=True,
        text=True,
        cwd=checkout,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def started(said: str) -> str:
    """The command that `set-up` says the hub is started by."""
    return re.search(r"^start it: (.*)$", said, re.M)[1]


PYTHON = ROOT / ".venv" / "bin" / "python"
