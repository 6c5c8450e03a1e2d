"""Single changes of a model answer, such as a student makes them, each with a name."""

import ast
import copy
from collections import deque
from functools import partial
from operator import setitem

OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
}
PAIRS = (
    "sum mean, max min, amax amin, argmax argmin, floor ceil, var std, any all, "
    "minimum maximum, tril triu, repeat repeat_interleave"
)
OTHERS = {
    name: other
    for pair in PAIRS.split(", ")
    for name, other in (pair.split(), pair.split()[::-1])
}
DROPPED = (
    "detach abs clamp sqrt exp log square floor ceil round sign relu softmax sigmoid "
    "flip transpose cumsum masked_fill sort clone strip T mT"
).split()
MODULES = ("torch", "F", "math", "torch.nn.functional", "torch.special")


def changes(text, given=""):
    """Return (name, code) for every single change of an answer.

    Lines that stand in the code that is `given` are copied, and stay.
    """
    tree, names, found = ast.parse(text), {}, []
    kept = {ast.unparse(line) for line in lines(ast.parse(given))}
    copied = [line for line in lines(tree) if ast.unparse(line) in kept]
    copied = {id(node) for line in copied for node in ast.walk(line)}
    codes = {ast.unparse(tree)}
    for node, put in [(n, put) for n, put in places(tree) if id(n) not in copied]:
        for name, new in [*ways(node)]:
            put(new)
            code = ast.unparse(tree)
            put(node)
            if code in codes:
                continue
            codes.add(code)
            names[name] = names.get(name, 0) + 1
            again = f" ({names[name]})" if names[name] > 1 else ""
            found.append((name + again, code))
    return found


def lines(tree):
    """Statements that hold no others."""
    return [
        n for n in ast.walk(tree) if isinstance(n, ast.stmt) and not hasattr(n, "body")
    ]


def ways(node):
    """What may stand in a node's place: a name for the change, and the new node."""
    if isinstance(node, ast.stmt):
        if isinstance(node, ast.AugAssign | ast.If) or called(node):
            yield f"without {short(node)}", ast.Pass()
        return
    for new in others(node):
        yield f"{short(node)} -> {short(new)}", new


def called(node):
    """Whether a statement is a call for its effect."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def others(node):
    """Expressions that a student may have written in place of this one."""
    if isinstance(node, ast.BinOp):
        share = isinstance(node.op, ast.Div) and isinstance(node.left, ast.Constant)
        if type(node.op) in OPERATORS and not share:
            yield having(node, op=OPERATORS[type(node.op)]())
        if isinstance(node.op, ast.Add | ast.Sub) or (
            isinstance(node.op, ast.Mult | ast.Div | ast.Pow) and not number(node.left)
        ):
            yield node.left  # nobody writes 0.5 for 0.5 * x, or 10 for 10 ** x
        alone = isinstance(node.op, ast.Add | ast.Mult) and not longer(node.left)
        rest = isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Constant)
        if alone or rest:
            yield node.right
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for operator in COMPARISONS.get(type(node.ops[0]), ()):
            yield having(node, ops=[operator()])
    if isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield node.operand
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield node.value
    if isinstance(node, ast.Call):
        yield from other_calls(node)
    plain = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    other = isinstance(node, ast.keyword) and node.arg != "dim"
    counts = isinstance(node, ast.Call | ast.keyword | ast.Subscript | ast.Slice)
    if counts and not plain and not other:
        yield from other_numbers(node)


def number(node):
    """Whether a node is a number that stands in the code, with a sign or without."""
    signed = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    return isinstance(node.operand if signed else node, ast.Constant)


def longer(node):
    """Whether a sum or product begins with another, so that its end is little of it."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult)


def other_calls(node):
    """A call without one of its keywords, of another function, or not made."""
    for word in node.keywords:
        yield having(node, keywords=[w for w in node.keywords if w is not word])
    if len(node.args) == 2 and ast.unparse(node.func) not in ("range", "zip", "max"):
        yield having(node, args=node.args[::-1])
    if isinstance(node.func, ast.Attribute):
        name, of = node.func.attr, node.func.value
        if name in OTHERS:
            yield having(node, func=having(node.func, attr=OTHERS[name]))
        if name in DROPPED:
            plain = ast.unparse(of) in MODULES
            yield node.args[0] if plain and node.args else of


def other_numbers(node):
    """An axis, an index or a bound, off by one."""
    for field, value in ast.iter_fields(node):
        parts = value if isinstance(value, list) else [value]
        for i, part in enumerate(parts):
            for new in shifted(part):
                changed = [*parts[:i], new, *parts[i + 1 :]]
                whole = changed if isinstance(value, list) else changed[0]
                yield having(node, **{field: whole})


def shifted(part):
    """Numbers beside a whole one, which may be negative."""
    sign = isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub)
    inner = part.operand if sign else part
    value = inner.value if isinstance(inner, ast.Constant) else None
    if type(value) is int:
        value = -value if sign else value
        yield from (ast.Constant(value + 1), ast.Constant(value - 1))


def having(node, **fields):
    """A copy of a node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def short(node):
    """A node's code, its end where that is long."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"...{text[-57:]}"


def places(tree):
    """Nodes as ast.walk gives them, each with what puts another one in its place."""
    todo = deque([(tree, None)])
    while todo:
        node, put = todo.popleft()
        yield node, put
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                every = enumerate(value)
                into = ((part, partial(setitem, value, i)) for i, part in every)
            else:
                into = [(value, partial(setattr, node, field))]
            todo.extend(pair for pair in into if isinstance(pair[0], ast.AST))
