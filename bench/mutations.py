"""The small faults that `mutants.py` puts into the package: one changed place each."""

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# What only a reader of the code or the terminal's look would notice, or what decides speed alone.
SKIPPED_CALLS = ("gc.", "sys.setswitchinterval", "warnings.", "difflib.", "lru_cache", "cache(", "cast(", "TypeVar(")
PAIRS: list[tuple[type[ast.AST], type[ast.AST]]] = [
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn)),
    *((ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.Div)),
]
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    **dict(PAIRS),
    **{new: old for old, new in PAIRS},
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Continue: ast.Break,
    ast.Break: ast.Pass,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}


@dataclass(frozen=True)
class Fault:
    """One changed place: file (under the package), line, the new source, and a name that stays when lines move."""

    file: str
    line: int
    name: str
    source: Callable[[], str]


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in a node's place; strings, which are mostly messages, are left."""
    new = copy.deepcopy(node)
    match new:
        case ast.Compare(ops=[op, *_]) if type(op) in SWAPS:
            new.ops[0] = SWAPS[type(op)]()  # type: ignore[call-overload]
        case ast.BoolOp() | ast.BinOp() if type(new.op) in SWAPS:
            new.op = SWAPS[type(new.op)]()  # type: ignore[assignment]
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            new = new.operand
        case ast.Constant(value=bool(value)):
            new.value = not value
        # A float that small decides where rounding ends a sum.
        case ast.Constant(value=int(value) | float(value)) if not 0 < value < 1e-6:
            new.value = value + 1 if isinstance(value, int) or not value else value * 2
        case ast.Continue() | ast.Break():
            new = SWAPS[type(new)]()
        case ast.If() | ast.IfExp():
            new.test = ast.Constant(False)
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            new.value = ast.Constant(None)
        case ast.Expr(value=ast.Call() | ast.Await()):
            new = ast.Pass()
        case ast.Call(func=ast.Name(id=name)) if name in NAMES:
            new.func = ast.Name(NAMES[name])
        case ast.Call(func=ast.Attribute(attr="sqrt"), args=[value]):
            new = value
        case ast.Call(args=[first, second, *_]) if not isinstance(first, ast.Starred | ast.Constant):
            new.args[:2] = second, first
        case _:
            return
    yield new


def places(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """The nodes that do something, each as its parent, the field and the place in it."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for number, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            quiet = (
                isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING",
                isinstance(child, ast.FunctionDef) and child.name == "__repr__",
                isinstance(child, ast.expr | ast.Expr) and any(call in ast.unparse(child) for call in SKIPPED_CALLS),
                # A check of what always holds, and how much of a text is shown.
                isinstance(child, ast.keyword) and child.arg == "strict",
                isinstance(tree, ast.FormattedValue) and isinstance(getattr(child, "slice", None), ast.Slice),
            )
            if isinstance(child, ast.AST) and not any(quiet):
                yield tree, field, number
                yield from places(child)


def faults(file: Path, package: Path) -> Iterator[Fault]:
    """Every fault that can be put into a file of the package."""
    text, where = file.read_text("utf-8"), file.relative_to(package).as_posix()
    tree, lines, times = ast.parse(text), text.splitlines(), Counter[str]()
    for parent, field, number in list(places(tree)):
        siblings = getattr(parent, field)
        node = siblings if number is None else siblings[number]
        put = partial(setattr, parent, field) if number is None else partial(siblings.__setitem__, number)
        for new in changed(node):

            def source(put: Callable[[ast.AST], None] = put, node: ast.AST = node, new: ast.AST = new) -> str:
                put(new)
                faulty = ast.unparse(tree)
                put(node)
                return faulty

            before, after = (ast.unparse(each).splitlines() for each in (node, new))
            if before != after:
                named = f"{where}: {before[0]}  ->  {after[0]}  in  {lines[node.lineno - 1].strip()}"
                times[named] += 1
                yield Fault(where, node.lineno, named + f"  ({times[named]})" * (times[named] > 1), source)
