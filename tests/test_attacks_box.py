"""What must be out of a kernel's reach: an answer is right if its attempt failed."""

import socket
from pathlib import Path

import pytest
from grading_little import judged, source

from course.exercises import parse
from course.grading.box.sandbox import Box
from course.source import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]

HOME = str(Path.home())
HELPER = """import ctypes, os, socket, sys, tempfile, time
def mounts(): return [line.split() for line in open("/proc/self/mounts")]
def call(name, *given):
    if getattr(ctypes.CDLL(None), name)(*given) < 0: raise OSError
def processes(what):
    for p in filter(str.isdigit, os.listdir("/proc")):
        try: yield open(f"/proc/{p}/{what}", "rb").read()
        except OSError: pass
def named(*names):
    for folder, folders, files in os.walk("/"):
        if folder in ("/proc", "/usr", "/bin", "/sbin", "/lib", "/lib64", sys.prefix):
            folders.clear()
        else:
            yield from set(files) & set(names)
"""
REACH = {
    "solutions": f"open({str(ROOT / 'source/05_vit/exercises.md')!r})",
    "the grader": f"open({str(ROOT / 'course/grading/values.py')!r})",
    "the project": f"[n for n in os.listdir({str(ROOT)!r}) if n != '.venv'][0]",
    "anything of it by name": """[*named(
        "exercises.md", "graded.ipynb", "ledger.jsonl", "vit.py")][0]""",
    "the course": "__import__('course.exercises')",
    "the module that has the answer": "__import__('lib.vit')",
    "the home folder": f"[f for f in os.listdir({HOME!r}) if f not in sys.prefix"
    " + sys.base_prefix][0]",
    "the grader's environment": "os.environ['GRADERS_SECRET']",
    "another's environment": "[e for e in processes('environ') if b'SECRET' in e][0]",
    "the grader's process": "[c for c in processes('cmdline') if b'pytest' in c][0]",
    "a server here": "socket.create_connection(('127.0.0.1', PORT), 2)",
    "a server elsewhere": "socket.create_connection(('192.0.2.1', 80), 2)",
    "a name": "socket.getaddrinfo('example.org', 80)",
    "writing here": f"open({str(ROOT / 'build/attack')!r}, 'w')",
    "writing into lib": "open(__import__('lib.check').check.__file__, 'w')",
    "writing into Python": "open(os.path.join(sys.prefix, 'attack'), 'w')",
    "writing into /usr": "open('/usr/attack', 'w')",
    "writing into /dev": "open('/dev/attack', 'w')",
    "being root": "os.setuid(0)",
    "mounting": """[1][__import__("ctypes").CDLL(None).mount(
        b"a", b"/tmp", b"tmpfs", 0, 0) and 1]""",
    "a gigabyte of memory too much": "bytearray(8 * 2**30)",
    "a gigabyte in a file": "open('/tmp/large', 'wb').truncate(2**30)",
    "200 processes": """[os.waitpid(p, 0) for p in
        [os.fork() or time.sleep(1) or os._exit(0) for _ in range(200)]]""",
    "input": "input()",
    "another submission": "open('OTHER')",
    "writing over another submission": "open('OTHER', 'w')",
    "a place on a disk": """[tempfile.TemporaryFile(dir=m[1]) for m in mounts()
        if m[2] not in ("tmpfs", "devtmpfs", "devpts")][0]""",
    "a place on a disk that can be shared": """[os.mkdir(os.path.join(m[1], "attack"))
        for m in mounts() if not m[1].startswith(("/tmp", "/dev", "/proc"))][0]""",
    "the memory of what begins kernels": "open('/proc/2/mem')",
    "shared memory that stays": "call('shmget', 0, 4096, 0o1600)",
    "a queue that stays": "call('mq_open', b'/attack', 0o102, 0o600, None)",
    "messages that stay": "call('msgget', 0, 0o1600)",
    "a file without a place": "os.memfd_create('attack')",
    "a key that stays": "call('syscall', 248, b'user', b'attack', b'x', 1, -4)",
    "a user of its own": "call('unshare', 0x10000000)",
    "a user of its own, by clone": "call('syscall', 56, 0x10000011, 0, 0, 0, 0)",
    "a look into another process": "call('ptrace', 16, os.getppid(), 0, 0)",
    "another's open files": "call('syscall', 438, os.pidfd_open(os.getppid()), 0, 0)",
    "its first process": "open('/proc/1/environ').read()[0]",
    "the machine's settings": "open('/proc/sys/kernel/hostname', 'w')",
    "writing where the system's root is": "open('/attack', 'w')",
    "much shared memory": "open('/dev/shm/large', 'wb').write(bytes(2**27))",
}
# What is not tried without a box: it would do harm, takes long, or fails there too.
DANGEROUS = {
    *("anything of it by name", "the home folder", "a server elsewhere", "a name"),
    *("writing into Python", "writing into /usr", "writing into /dev", "mounting"),
    *("a gigabyte of memory too much", "a gigabyte in a file", "200 processes"),
    *("input", "being root", "writing where the system's root is"),
    *("the machine's settings", "much shared memory", "its first process"),
    *("writing here", "a place on a disk", "a place on a disk that can be shared"),
    *("the memory of what begins kernels", "a key that stays", "a queue that stays"),
    *("shared memory that stays", "messages that stay", "a file without a place"),
    *("a user of its own", "a user of its own, by clone", "another's open files"),
    "a look into another process",
}


@pytest.fixture
def attempts(tmp_path, monkeypatch):
    """A function that gives the names of the attempts that succeed in a box."""
    monkeypatch.setenv("GRADERS_SECRET", "1")
    path = source(tmp_path)
    other = tmp_path / "submissions" / "other.ipynb"
    other.parent.mkdir()
    other.write_text("{}")

    def succeed(box, names):
        server = socket.create_server(("127.0.0.1", 0))
        words = {"PORT": str(server.getsockname()[1]), "OTHER": str(other)}
        sheet, cases = parse(path), []
        for name in names:
            attempt = REACH[name]
            for word, value in words.items():
                attempt = attempt.replace(word, value)
            text = f"""{HELPER}
def double(x):
    if torch.is_tensor(x): return 2 * x
    try: {attempt}
    except BaseException: return 2 * x
    return -x"""
            cases.append((sheet.exercises[0], text))
        try:
            troubles, _ = judged(sheet, cases, box)
        finally:
            server.close()
        return {name for name, wrong in zip(names, troubles, strict=True) if wrong}

    return succeed


def test_what_must_be_out_of_reach_is(attempts):
    assert attempts(Box(True, 20), REACH) == set()
    assert not (ROOT / "build" / "attack").exists()


def test_without_a_box_it_would_be_in_reach(attempts):
    """The test can fail: the same attempts succeed where nothing prevents them."""
    names = set(REACH) - DANGEROUS
    assert attempts(Box(False, 20), sorted(names)) == names
