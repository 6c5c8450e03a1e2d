"""While loops of an answer that count: a change that never ends is stopped at once."""

import ast

MOST = 2_000  # turns in one check or one marking; a right answer takes about fifty


class Late(Exception):
    """A change took too long."""


class Turns:
    """How often while loops have turned since the count began."""

    made = 0

    def __call__(self):
        self.made += 1
        if self.made > MOST:
            raise Late
        return True


class Counting(ast.NodeTransformer):
    """Has each while loop call `_turns` before it looks at its condition."""

    def visit_While(self, node):
        self.generic_visit(node)
        turn = ast.parse("_turns()", mode="eval").body
        node.test = ast.BoolOp(ast.And(), [turn, node.test])
        return node


def counting(code):
    """An answer's code whose while loops count their turns."""
    return ast.unparse(Counting().visit(ast.parse(code))) if "while" in code else code
