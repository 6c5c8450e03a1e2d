"""The grader's end of a wire into a box: every wait has an end, every byte is counted.

A frame is a head, `number kind length` and a newline, then so many bytes, as
relay.py writes it in the box. No more of it is kept than was allowed.
"""

import re
import socket
import time

HEAD = re.compile(rb"(\d{1,9}) ([a-z_]{1,20}) (\d{1,12})\n")
LONGEST_HEAD = 50
SEND_SECONDS = 10


class Stopped(Exception):
    """A kernel had to be given up; `end` says why, as one of course/grading/ends.py."""

    def __init__(self, end: str) -> None:
        super().__init__(end)
        self.end = end


class Wire:
    """Sends code and takes frames; raises Stopped where no sense can be hoped for."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.came = bytearray()

    def send(self, number: int, code: str) -> None:
        """Send code to be run under a number."""
        data = code.encode("utf8", "replace")
        self.end.settimeout(SEND_SECONDS)  # of sendall as a whole
        try:
            self.end.sendall(b"%d code %d\n" % (number, len(data)) + data)
        except TimeoutError:
            raise Stopped("slow") from None
        except OSError:
            raise Stopped("died") from None

    def take(self, until: float, most: int) -> tuple[int, str, bytes]:
        """Wait for a frame until a time.monotonic(); Stopped if it is too long."""
        while (frame := self.whole(most)) is None:
            left = until - time.monotonic()
            if left <= 0:
                raise Stopped("slow")
            self.end.settimeout(left)
            try:
                came = self.end.recv(2**16)
            except TimeoutError:
                continue
            except OSError:
                came = b""
            if not came:
                raise Stopped("died")
            self.came += came
        return frame

    def whole(self, most: int) -> tuple[int, str, bytes] | None:
        """Give the first frame if all of it has come."""
        head = HEAD.match(self.came)
        if head is None:
            if b"\n" in self.came or len(self.came) > LONGEST_HEAD:
                raise Stopped("flood")
            return None
        start, length = head.end(), int(head[3])
        if length > most:
            raise Stopped("flood")
        if len(self.came) < start + length:
            return None
        data = bytes(self.came[start : start + length])
        found = int(head[1]), head[2].decode(), data
        del self.came[: start + length]
        return found

    def is_open(self) -> bool:
        """Whether someone still holds the other end."""
        self.end.setblocking(False)
        try:
            return bool(self.end.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Let go of this end, at which the relay ends its kernel."""
        self.end.close()
