"""Answers that nobody had to think of: a check's own lines, and what is given above it.

Of each check it takes every expression that an answer is held against, puts the lines
that lead to it into a function of the answer's name, and the answer's parameters where
the check's inputs stood.
"""

import ast
import copy
from itertools import product


def copied(task):
    """Answers made of a task's own check cells, as code."""
    functions = {
        part.name: part
        for cell in task.of("answer")
        for part in ast.parse(cell.text).body
        if isinstance(part, ast.FunctionDef)
    }
    found = []
    for cell in task.of("check"):
        body = ast.parse(cell.text).body
        for name, function in functions.items():
            found += of_check(body, name, function.args)
    return list(dict.fromkeys(found))


def of_check(body, name, args):
    """Answers for one function, from a check's statements."""
    lines = list(flat(body))
    said = [
        (number, call)
        for number, line in enumerate(lines)
        for call in ast.walk(line)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == name
    ]
    for (number, asked), (last, want) in product(said, wants(lines)):
        if last < number or asked.keywords or len(asked.args) > len(args.args):
            continue
        places = {
            ast.dump(given): parameter.arg
            for given, parameter in zip(asked.args, args.args, strict=False)
            if not isinstance(given, ast.Starred)
        }
        if [type(given) for given in asked.args] == [ast.Starred]:
            places = {ast.dump(asked.args[0].value): [a.arg for a in args.args]}
        before = [line for line in lines[:last] if keeps(line, places, name)]
        yield written(name, args, before, want, places)


def flat(body):
    """Statements in order, those inside `with` and loops among them."""
    for line in body:
        if isinstance(line, ast.With | ast.For):
            yield from flat(line.body)
        else:
            yield line


def wants(lines):
    """What answers are held against, each with the number of its line."""
    for number, line in enumerate(lines):
        for call in ast.walk(line):
            if not isinstance(call, ast.Call):
                continue
            function = ast.unparse(call.func)
            if function in ("check.same", "check.gradient") and len(call.args) > 1:
                yield number, call.args[1]


def keeps(line, places, name):
    """Whether a line may stand in the answer: it makes no input and calls no answer."""
    calls = {ast.unparse(c.func) for c in ast.walk(line) if isinstance(c, ast.Call)}
    if name in calls or calls & {"check.same", "check.gradient", "torch.manual_seed"}:
        return False
    targets = line.targets if isinstance(line, ast.Assign) else []
    made = {ast.dump(load(n)) for t in targets for n in ast.walk(t)}
    return isinstance(line, ast.Assign | ast.FunctionDef) and not made & places.keys()


def load(node):
    """A name as one reads it, where it was written."""
    return ast.Name(node.id, ast.Load()) if isinstance(node, ast.Name) else node


class Placed(ast.NodeTransformer):
    """Puts parameters where the check's inputs stood."""

    def __init__(self, places):
        self.places = places

    def visit(self, node):
        if isinstance(node, ast.expr) and ast.dump(node) in self.places:
            place = self.places[ast.dump(node)]
            if isinstance(place, list):
                return ast.Tuple([ast.Name(n, ast.Load()) for n in place], ast.Load())
            return ast.Name(place, ast.Load())
        return self.generic_visit(node)


def written(name, args, before, want, places):
    """The answer's text; a reference that is a function is called."""
    placed = [Placed(places).visit(copy.deepcopy(part)) for part in [*before, want]]
    parameters = [a.arg for a in args.args]
    body = [ast.unparse(line) for line in placed[:-1]]
    body += [f"found = {ast.unparse(placed[-1])}"]
    body += [f"return found({', '.join(parameters)}) if callable(found) else found"]
    lines = "\n".join(body).replace("\n", "\n    ")
    return f"def {name}({ast.unparse(args)}):\n    {lines}"


def handed_over(task):
    """Answers that hand the work to what the set-up gives: a word how, and the code."""
    answers = [part for cell in task.of("answer") for part in ast.parse(cell.text).body]
    name, args = answers[0].name, ast.unparse(answers[0].args)
    for cell in task.of("setup"):
        for given in ast.parse(cell.text).body:
            if isinstance(given, ast.FunctionDef):
                it = given.name
                yield "named", f"{name} = {it}"
                yield "called", f"def {name}({args}):\n    return {it}({args})"
                yield "kept", f"loop = {it}\n{name} = lambda *x: loop(*x)"
                yield "copied", ast.unparse(given).replace(f"def {it}(", f"def {name}(")
