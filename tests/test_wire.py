"""The wire out of a box: frames arrive whole, and a stranger on it is given up."""

import socket
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.grading.box import watch, wire
from course.grading.box.sandbox import Box
from course.grading.box.wire import Stopped, Wire

SOON = 0.05


@pytest.fixture
def ends():
    """The grader's wire, and the socket that a box has."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Wire(ours), theirs


def frame(number, kind, data):
    return b"%d %s %d\n" % (number, kind, len(data)) + data


def end_of(call, *given):
    with pytest.raises(Stopped) as stopped:
        call(*given)
    return stopped.value.end


frames = st.tuples(
    st.integers(0, 10**9 - 1),
    st.sampled_from([b"idle", b"stream", b"display_data"]),
    st.binary(max_size=100),
)


@given(st.lists(frames, max_size=5), st.integers(1, 50))
def test_frames_arrive_however_they_are_cut(sent, size):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        whole = b"".join(frame(*one) for one in sent)
        for start in range(0, len(whole), size):
            theirs.send(whole[start : start + size])
        mine, came = Wire(ours), []
        for _ in sent:
            number, kind, data = mine.take(time.monotonic() + 5, 100)
            came.append((number, kind.encode(), data))
    assert came == sent


@pytest.mark.parametrize(
    "junk",
    [
        b"\n",
        b"x" * 51,
        b"1 idle -1\n",
        b"-1 idle 0\n",
        b"1 idle 0 0\n",
        b"1 IDLE 0\n",
        b"1 idle \xc2\xb2\n",
        b"1 stream 101\n",
        b"1 stream 999999999999\n",
        b"1 " + b"a" * 21 + b" 0\n",
    ],
)
def test_what_is_no_frame_or_too_long_a_one_is_a_flood(ends, junk):
    ends[1].sendall(junk)
    assert end_of(ends[0].take, time.monotonic() + 5, 100) == "flood"
    assert len(ends[0].came) <= 100


def test_a_wait_ends_when_its_time_is_over_or_the_other_end_is_gone(ends):
    ours, theirs = ends
    assert ours.is_open()
    assert end_of(ours.take, time.monotonic() + SOON, 100) == "slow"
    theirs.sendall(b"1 stream 9\nhalf")
    assert ours.is_open()
    assert end_of(ours.take, time.monotonic() + SOON, 100) == "slow"
    theirs.close()
    assert end_of(ours.take, time.monotonic() + 5, 100) == "died"
    assert not ours.is_open()
    assert end_of(ours.send, 1, "x") == "died"


def test_code_that_no_one_reads_is_not_sent_for_ever(ends, monkeypatch):
    monkeypatch.setattr(wire, "SEND_SECONDS", SOON)
    assert end_of(ends[0].send, 1, "x" * 2**22) == "slow"


@pytest.fixture
def kernel(ends):
    """A kernel that is ready, at whose end of the wire the test is."""
    ours, theirs = ends
    theirs.sendall(frame(0, b"idle", b""))
    nursery = SimpleNamespace(begun=False, box=Box(True), begin=lambda: ours.end)
    return watch.WatchedKernel(nursery), theirs


def ran(kernel, *sent):
    """Run a cell in which these are sent; give the kinds of what is kept."""
    kernel, theirs = kernel
    kernel.begin()
    asked = kernel.execute_cell_input("code")
    for kind, data in sent:
        theirs.sendall(frame(kernel.number, kind, data))
    theirs.sendall(frame(kernel.number, b"idle", b""))
    kernel.await_reply(asked, 5)
    return [message["msg_type"] for message in kernel.waiting]


def test_a_cells_messages_are_kept_but_not_what_it_prints_or_an_earlier_one_sent(
    kernel,
):
    kernel[1].sendall(frame(7, b"error", b"{}"))
    sent = [(b"stream", b"no JSON"), (b"display_data", b'{"data": {}}')]
    assert ran(kernel, *sent) == ["display_data", "status"]
    assert ran(kernel) == ["status"]


@pytest.mark.parametrize("data", [b"[]", b"3", b'{"x": [' + b"1," * 10**5 + b"1]}"])
def test_what_is_no_message_or_has_too_many_parts_is_a_flood(kernel, data):
    assert end_of(ran, kernel, (b"error", data)) == "flood"


def test_messages_are_counted_together(kernel, monkeypatch):
    monkeypatch.setattr(watch, "MOST_MESSAGES", 10)
    monkeypatch.setattr(watch, "MOST_BYTES", 1000)
    for _ in range(3):
        assert ran(kernel, *[(b"stream", b"x" * 100)] * 9) == ["status"]
    assert end_of(ran, kernel, *[(b"stream", b"")] * 11) == "flood"


def test_bytes_are_counted_together(kernel, monkeypatch):
    monkeypatch.setattr(watch, "MOST_BYTES", 1000)
    assert end_of(ran, kernel, *[(b"stream", b"x" * 300)] * 4) == "flood"
