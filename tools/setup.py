"""Set the course up, and do what a word says: python tools/setup.py WORD.

`make WORD` calls it too. Alone it sets up; `help` lists the words, which words.py has.
Written so that an old Python can read it far enough to say that it is too old.
"""

import sys

OLDEST, NEWEST = (3, 11), (3, 14)  # of Python, for which the locked packages are made


def check_python(version: tuple) -> None:
    """Stop with a sentence, and no traceback, unless this Python will do."""
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        oldest, newest, here = ("{}.{}".format(*v) for v in (OLDEST, NEWEST, version))
        sys.exit(
            f"\nLive Papers needs Python {oldest} to {newest}, "
            f"and {sys.executable} is {here}.\n"
            "If another is installed, name it: make lab PYTHON=python3.12,\n"
            "or without make: python3.12 tools/setup.py lab\n"
        )


if __name__ == "__main__":
    check_python(sys.version_info)
    import words

    words.main(*sys.argv[1:])
