"""JavaScript's engine without a browser: it sets mathematics, and the tests use it."""

import atexit

from py_mini_racer import MiniRacer, init_mini_racer


def context(*scripts: str) -> MiniRacer:
    """A world of its own, in which these scripts have run.

    With all its threads: on one, as the library has it, code is three times slower.
    """
    init_mini_racer(flags=(), ignore_duplicate_init=True)
    racer = MiniRacer()
    atexit.register(racer.close)  # left to the interpreter's end, it often hangs
    for script in scripts:
        racer.eval(script)
    return racer
