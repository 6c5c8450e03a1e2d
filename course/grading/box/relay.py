"""Runs inside a box: a relay between a kernel and the grader, and the kernel itself.

The grader's wire is a socket. A frame on it is a head, `number kind length` and a
newline, then so many bytes. To the relay come frames of code; from it go what the code
of that number shows, in Jupyter's JSON, and at last a frame `idle`. Nothing else of
Jupyter's messages, and no file, leaves the box.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import tempfile
from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.blocking import BlockingKernelClient

SHOWN = ("stream", "error", "display_data", "execute_result")
PORTS = ("shell", "iopub", "stdin", "control", "hb")


def begin(wire: socket.socket) -> None:
    """Begin a kernel, serve it until it or the grader has gone, and end it."""
    kernel = 0
    try:
        place = tempfile.mkdtemp()
        connection: dict[str, Any] = {"transport": "ipc", "ip": f"{place}/s"}
        connection |= {"key": secrets.token_hex(), "signature_scheme": "hmac-sha256"}
        connection |= {f"{name}_port": k for k, name in enumerate(PORTS, 1)}
        kernel = os.fork()
        if not kernel:
            wire.close()
            become(connection, f"{place}/connection.json")
        Relay(wire, connection, kernel).serve()
    finally:
        if kernel:
            os.kill(kernel, signal.SIGKILL)
        os._exit(0)


def become(connection: dict[str, Any], file: str) -> None:
    """Be a kernel, out of reach of what nursery and grader say to each other."""
    for line in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), line)
    with open(file, "w") as out:
        json.dump(connection, out)
    spare = ["--HistoryManager.enabled=False", "--InteractiveShell.xmode=Minimal"]
    IPKernelApp.launch_instance(argv=["-f", file, *spare])
    os._exit(0)


class Relay:
    """Passes code one way, and what it shows the other."""

    def __init__(self, wire: socket.socket, connection: Any, kernel: int) -> None:
        self.wire, self.kernel = wire, kernel
        self.came = b""
        context: zmq.Context[Any] = zmq.Context()
        context.setsockopt(zmq.RCVHWM, 0)  # or what is shown quickly would be lost
        self.client = BlockingKernelClient(context=context)
        self.client.load_connection_info(connection)
        self.client.start_channels(stdin=False, hb=False, control=False)
        self.apart = self.client.session.feed_identities
        self.number = 0
        self.running: set[str] = set()  # what belongs to the code of this number

    def serve(self) -> None:
        """Pass on what comes, until one of the two has gone."""
        poller = zmq.Poller()
        channels = (self.client.iopub_channel, self.client.shell_channel)
        for channel in channels:
            poller.register(channel.socket, zmq.POLLIN)
        poller.register(self.wire, zmq.POLLIN)
        self.running = {self.client.kernel_info()}  # as code of number 0
        while not os.waitpid(self.kernel, os.WNOHANG)[0]:
            ready = dict(poller.poll(50))
            for channel in channels:
                if channel.socket in ready:
                    with contextlib.suppress(ValueError, KeyError, TypeError):
                        self.show(channel.socket.recv_multipart())
            if self.wire.fileno() in ready and not self.listen():
                return
            if not ready and not self.number and self.running:
                self.running.add(self.client.kernel_info())  # the first was not heard

    def show(self, frames: list[bytes]) -> None:
        """Pass on a message of the kernel, if it belongs to what is run now."""
        _, (_, header, parent, _, content, *_) = self.apart(frames)
        kind = json.loads(header)["msg_type"]
        if json.loads(parent).get("msg_id") not in self.running:
            return
        if kind in SHOWN:
            self.say(kind, content)
        elif kind == "status" and json.loads(content)["execution_state"] == "idle":
            self.running = set()
            self.say("idle", b"")

    def say(self, kind: str, data: bytes) -> None:
        """Send a frame to the grader."""
        self.wire.sendall(b"%d %s %d\n" % (self.number, kind.encode(), len(data)))
        self.wire.sendall(data)

    def listen(self) -> bool:
        """Take what the grader sent, and run a whole frame of it; False at its end."""
        came = self.wire.recv(2**20)
        self.came += came
        head, newline, rest = self.came.partition(b"\n")
        if newline:
            number, _, length = head.split()
            if len(rest) >= int(length):
                code, self.came = rest[: int(length)].decode(), rest[int(length) :]
                self.number = int(number)
                run = self.client.execute
                quiet = dict(store_history=False, allow_stdin=False)
                self.running = {run(code, stop_on_error=False, **quiet)}
        return bool(came)
