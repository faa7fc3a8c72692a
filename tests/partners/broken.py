"""Programs that are right, and what is made of them so that they are not, or only seldom."""

import ast
from collections.abc import Callable, Mapping

Change = Callable[[ast.FunctionDef], list[ast.stmt]]


class _OtherNumber(ast.NodeTransformer):
    """The first whole number is one more."""

    done = False

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if self.done or type(node.value) is not int:
            return node
        self.done = True
        return ast.Constant(node.value + 1)


class _OffByOne(ast.NodeTransformer):
    """The first comparison takes the border in, or leaves it out."""

    done = False
    other: Mapping[type, type] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq}

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if not self.done and (other := self.other.get(type(node.ops[0]))):
            self.done, node.ops[0] = True, other()
        return node


class _Returns(ast.NodeTransformer):
    """Every value that is given back is another."""

    def __init__(self, text: str) -> None:
        self.text = text

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        value = ast.unparse(node.value) if node.value else "None"
        return ast.parse(self.text.format(value)).body[0]


def _by(transformer: Callable[[], ast.NodeTransformer]) -> Change:
    return lambda function: [transformer().visit(statement) for statement in function.body]


def _first(text: str) -> Change:
    return lambda function: [*ast.parse(text).body, *function.body]


CHANGES: Mapping[str, Change] = {
    "another number": _by(_OtherNumber),
    "off by one": _by(_OffByOne),
    "gives None": _by(lambda: _Returns("return None")),
    "gives a list of it": _by(lambda: _Returns("return [{}]")),
    "prints and gives it": _by(lambda: _Returns("return (print('a'), {})[1]")),
    "raises": _first("raise ValueError('no')"),
    "exits": _first("import sys\nsys.exit(0)"),
    "ends at once": _first("import os\nos._exit(0)"),
    "reads what nobody writes": _first("input()"),
    "returns early": _first("return 0"),
}
# Each costs a harness its whole time.
LOOPS: Mapping[str, Change] = {
    "loops": _first("while True: pass"),
    "sleeps": _first("import time\ntime.sleep(1000)"),
}
# What is no change of the function, but of the program around it.
WHOLE: Mapping[str, str] = {
    "as it is": "{code}",
    "exits at its end": "{code}\nraise SystemExit(0)",
    "raises at its end": "{code}\n1 / 0",
    "is no Python": "{code}\ndef",
    "is called otherwise": "{code}\ndel {name}",
    "is nothing": "pass",
}


def changed(code: str, name: str, change: Change) -> str:
    """The program with a changed function of this name, the last one of it."""
    tree = ast.parse(code)
    function = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name][-1]
    function.body = change(function)
    return ast.unparse(ast.fix_missing_locations(tree))


def programs(code: str, name: str, *, loops: bool = False) -> dict[str, str]:
    """The right program and what is made of it, by what was done to it."""
    made = {kind: text.format(code=code, name=name) for kind, text in WHOLE.items()}
    changes = {**CHANGES, **(LOOPS if loops else {})}
    return made | {kind: changed(code, name, change) for kind, change in changes.items()}
