"""Six novels of Jane Austen, one paragraph a line."""

from lib.data.files import one_of, text

HELD_OUT_NOVEL = "Persuasion"


def austen(split: str = "train") -> str:
    """Five novels (3.5 M characters) to train on, or a sixth, Persuasion, to test on.

    80 different characters, all of them in the training text: `sorted(set(...))` of it
    is the vocabulary. Between two novels stands an empty line.
    """
    one_of("split", split, ["train", "test"])
    novels = text("austen.txt.xz").split("\n\n")
    test = split == "test"
    return "\n\n".join(n for n in novels if n.startswith(HELD_OUT_NOVEL) == test)
