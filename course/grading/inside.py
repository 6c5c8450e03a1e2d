"""Starts a kernel: set the limits, give up the rights of root, and hand over.

Called as `python inside.py LIMITS CONNECTION_FILE`, where LIMITS is JSON. It imports
nothing of the course: in a sandbox there is nothing else of it.
"""

import json
import os
import resource
import sys
from pathlib import Path


def limit(name: str, most: int) -> None:
    """Set one limit of this process and all its children, where the system knows it."""
    which = getattr(resource, f"RLIMIT_{name}", None)
    if which is not None:
        try:
            resource.setrlimit(which, (most, most))
        except (ValueError, OSError):  # macOS refuses some; a lower one is set already
            print(f"no limit on {name} here", file=sys.stderr)


def main(limits: str, connection: str) -> None:
    """Become the kernel."""
    given = json.loads(limits)
    secret = Path(connection).read_text()  # only its owner may read it: before setuid
    user = given.pop("user")
    for name, most in given.items():
        limit(name, most)
    if user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        connection = "/tmp/connection.json"
        Path(connection).write_text(secret)
    launch = [sys.executable, "-m", "ipykernel_launcher", "-f", connection]
    launch += ["--HistoryManager.enabled=False"]
    os.execv(sys.executable, launch)


if __name__ == "__main__":
    main(*sys.argv[1:])
