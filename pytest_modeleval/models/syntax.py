"""A module's source as statements: what each binds, which names it uses, and its text without layout."""

import ast
import copy
import importlib.util
import re
import symtable
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import CodeType

# Names, each with what is taken of it: () for itself, ("a", "b") for .a.b.
Names = Mapping[str, set[tuple[str, ...]]]
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, eq=False)
class Module:
    """A module's top-level statements, without docstrings and annotations."""

    name: str
    package: str
    path: Path
    body: Sequence[ast.stmt]

    @cached_property
    def imports(self) -> Mapping[str, tuple[str, str]]:
        """What is imported under each name: a module, and the name in it, empty for the module itself."""
        return dict(_imported(_within(self.body), self.package))

    @cached_property
    def stars(self) -> Sequence[str]:
        """The modules of which everything is imported."""
        return [target for name, (target, _) in self.imports.items() if name.startswith("*")]

    @cached_property
    def _bindings(self) -> Mapping[str, Sequence[ast.stmt]]:
        bindings: dict[str, list[ast.stmt]] = {}
        for statement in self.body:
            for name in set(_bound([statement])):
                bindings.setdefault(name, []).append(statement)
        return bindings

    def has(self, name: str) -> bool:
        """Whether the module itself says what a name is."""
        return name in self.imports or name in self._bindings

    @cached_property
    def _entered(self) -> Sequence[tuple[ast.stmt, set[str]]]:
        """The definitions with decorators of the module, each with the names that these use."""
        entered = []
        for statement in self.body:
            decorators = getattr(statement, "decorator_list", ())
            names = [taken for each in decorators for taken in used(each).free]
            makers = [maker for each in names for maker in self._bindings.get(each, ()) if isinstance(maker, _DEFINED)]
            entered.append((statement, {taken for maker in makers for taken in used(maker).free}))
        return [each for each in entered if each[1]]

    def binding(self, name: str) -> Iterator[ast.stmt]:
        """The statements that make what a name stands for, and the definitions that a decorator may enter into it."""
        yield from self._bindings.get(name, ())
        yield from (statement for statement, names in self._entered if name in names)

    def function(self, code: CodeType) -> Function | None:
        """Where a function was written, without what decorates it; None where that is somewhere else."""
        places = set(code.co_positions())
        for node in (node for statement in self.body for node in ast.walk(statement)):
            if isinstance(node, ast.Lambda):
                body = node.body
                # Several may begin at one line.
                place = (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset)
                is_it = code.co_name == "<lambda>" and place in places
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min(each.lineno for each in (node, *node.decorator_list))
                is_it = (node.name, first) == (code.co_name, code.co_firstlineno)
            else:
                continue
            if is_it:
                bare = copy.copy(node)
                if not isinstance(bare, ast.Lambda):
                    bare.decorator_list = []
                return bare
        return None


def read(name: str, package: str, path: str) -> Module | None:
    """The module in a file; None where there is no such source."""
    try:
        return _read(name, package, Path(path), Path(path).stat().st_mtime_ns)
    except (OSError, SyntaxError, ValueError):
        return None


@lru_cache(maxsize=512)
def _read(name: str, package: str, path: Path, _stamp: int) -> Module:
    tree = ast.parse(path.read_bytes())
    _strip(tree)
    return Module(name, package, path, tree.body)


@dataclass(frozen=True)
class Used:
    """The names in a piece of code: all of them, and those of its module (or built in)."""

    all: Names
    free: Names


@lru_cache(maxsize=4096)
def used(node: ast.AST) -> Used:
    """The names that a statement or an expression uses."""
    names: dict[str, set[tuple[str, ...]]] = {}
    for name, taken in _chains(node):
        names.setdefault(name, set()).add(taken)
    # From Python 3.12 on those of a comprehension count as names of the module that it is in.
    comprehensions = (each.target for each in ast.walk(node) if isinstance(each, ast.comprehension))
    own = {name for target in comprehensions for name, _ in _chains(target)}
    try:
        table = symtable.symtable(ast.unparse(node), "", "exec")
    except SyntaxError:
        # What is `nonlocal` here may stand in a function around it, and is no name of the module either way.
        table = symtable.symtable(ast.unparse(_Owning().visit(copy.deepcopy(node))), "", "exec")
    free = _free(table, own)
    return Used(names, {name: taken for name, taken in names.items() if name in free})


class _Owning(ast.NodeTransformer):
    """Takes out the statements by which a function changes the names of the function around it."""

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.Pass:  # noqa: ARG002 - as `ast` calls it
        return ast.Pass()


def _chains(node: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every name with the attributes behind it."""
    attributes: tuple[str, ...] = ()
    while isinstance(node, ast.Attribute):
        attributes, node = (node.attr, *attributes), node.value
    if isinstance(node, ast.Name):
        yield node.id, attributes
        return
    for child in ast.iter_child_nodes(node):
        yield from _chains(child)


def _free(table: symtable.SymbolTable, own: set[str]) -> set[str]:
    """The names of the module that a scope and those in it refer to, without its ``own``."""
    is_module = table.get_type() == "module"
    symbols = (symbol for symbol in table.get_symbols() if symbol.is_referenced() and (is_module or symbol.is_global()))
    inner = (_free(child, set()) for child in table.get_children())
    return ({symbol.get_name() for symbol in symbols} - own).union(*inner)


def arguments(function: Function) -> list[str]:
    """The names of what a function is given."""
    return [each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)]


@lru_cache(maxsize=4096)
def imported_inside(node: ast.AST, package: str) -> Sequence[tuple[str, tuple[str, str]]]:
    """What functions in a piece of code import for themselves, like `Module.imports`."""
    functions = [each for each in ast.walk(node) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [each for function in functions for each in _imported(ast.walk(function), package)]


def _imported(nodes: Iterable[ast.AST], package: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """The names that imports bind, each with the module and the name in it; of a star its number."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                yield alias.asname or root, (alias.name if alias.asname else root, "")
        elif isinstance(node, ast.ImportFrom):
            try:
                target = importlib.util.resolve_name("." * node.level + (node.module or ""), package or None)
            except ImportError:
                # Beyond its package, or in none: it cannot be run.
                continue
            for alias in node.names:
                name = f"*{target}" if alias.name == "*" else alias.asname or alias.name
                yield name, (target, alias.name)


@lru_cache(maxsize=4096)
def scripts(node: ast.AST) -> Sequence[str]:
    """The files of Python that texts in the code name."""
    texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return [text for text in texts if re.fullmatch(r"\w+\.py", text)]


def _within(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes and what is in them, but for the insides of functions and classes."""
    for node in nodes:
        yield node
        if not isinstance(node, (*_DEFINED, ast.Lambda)):
            yield from _within(ast.iter_child_nodes(node))


def _bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that statements bind, or whose values they change: ``NAME[…] = …``, ``NAME.append(…)``."""
    for node in _within(nodes):
        if isinstance(node, _DEFINED):
            yield node.name
        called = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
        changed = node if isinstance(getattr(node, "ctx", None), ast.Store) else called
        while isinstance(changed, ast.Attribute | ast.Subscript):
            changed = changed.value
        if isinstance(changed, ast.Name):
            yield changed.id


def _strip(tree: ast.Module) -> None:
    """Take docstrings and annotations out of a module."""
    for each in ast.walk(tree):
        if isinstance(each, ast.arg):
            each.annotation = None
        elif isinstance(each, ast.AnnAssign):
            each.annotation = ast.Constant(...)
        elif isinstance(each, _DEFINED):
            is_told = ast.get_docstring(each, clean=False) is not None
            each.body = (each.body[1:] if is_told else each.body) or [ast.Pass()]
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                each.returns = None


@lru_cache(maxsize=4096)
def text_of(node: ast.AST) -> str:
    """The code as a text that its layout and the version of Python do not change."""
    return _text(node)


def _text(node: object) -> str:
    if isinstance(node, ast.JoinedStr):
        # Python 3.12.1 sees an empty text behind a field in a field's format.
        node = ast.JoinedStr([each for each in node.values if getattr(each, "value", None) != ""])
    if isinstance(node, ast.AST):
        kept = [(name, value) for name, value in ast.iter_fields(node) if name not in ("ctx", "kind", "type_comment")]
        inner = ", ".join(f"{name}={_text(value)}" for name, value in kept if value is not None and value != [])
        return f"{type(node).__name__}({inner})"
    return f"[{', '.join(map(_text, node))}]" if isinstance(node, list) else ascii(node)
