"""What processes in a box may not ask the system for: a filter of calls, for Linux.

Denied is what would outlive a process and is no file, what looks into other processes,
and what makes namespaces. Who asks is told that the system has no such call.
"""

import contextlib
import os
import platform
import struct
from collections.abc import Iterator

# Numbers on x86-64 and on 64-bit ARM, from Linux's tables.
DENIED = {
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "unshare": (272, 97),
    "setns": (308, 268),
    "clone3": (435, 435),  # what it asks for cannot be seen; clone is tried instead
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
}
CLONE = (56, 220)
SYSTEMS = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
X32 = 0x40000000  # calls of another kind of x86-64, which few systems have
NEW_USER = 0x10000000  # of clone
LOAD, IS, AT_LEAST, HAS, GIVE = 0x20, 0x15, 0x35, 0x45, 0x06  # of Linux's BPF
NUMBER, SYSTEM, FIRST = 0, 4, 16  # where they stand in what is looked at
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 38  # ENOSYS


def program() -> bytes:
    """Give the filter as the system reads it; nothing on a machine of another kind."""
    if platform.machine() not in SYSTEMS:
        return b""
    which, system = SYSTEMS[platform.machine()]
    steps = [(LOAD, 0, 0, SYSTEM), (IS, 1, 0, system), (GIVE, 0, 0, REFUSE)]
    steps += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, X32), (GIVE, 0, 0, REFUSE)]
    for numbers in DENIED.values():
        steps += [(IS, 0, 1, numbers[which]), (GIVE, 0, 0, REFUSE)]
    steps += [(IS, 1, 0, CLONE[which]), (GIVE, 0, 0, ALLOW)]
    steps += [(LOAD, 0, 0, FIRST), (HAS, 0, 1, NEW_USER), (GIVE, 0, 0, REFUSE)]
    steps.append((GIVE, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


@contextlib.contextmanager
def filter_file() -> Iterator[list[int]]:
    """Give the number of an open file that has the filter, or none."""
    data = program()
    if not data:
        yield []
        return
    read, write = os.pipe()
    os.write(write, data)  # less than a pipe holds
    os.close(write)
    try:
        yield [read]
    finally:
        os.close(read)
