"""The code that functions reach, by the names they use: what decides beside their own lines, and nothing else."""

import ast
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import _lru_cache_wrapper, partial
from pathlib import Path
from types import CellType, FunctionType, MethodType

from pytest_modeleval.models.syntax import (
    Module,
    Names,
    arguments,
    imported_inside,
    read,
    scripts,
    text_of,
    used,
)

# Of this package itself, what scores: the rest only carries samples and answers.
_OWN = "pytest_modeleval"
_SCORING = tuple(f"{_OWN}.{room}" for room in ("scorers", "judging", "custom", "benchmarks"))
# Where packages are installed that are nobody's project.
_INSTALLED = {"site-packages", "dist-packages"}
# A name of which nothing is taken but itself.
_ITSELF: set[tuple[str, ...]] = {()}
# By these a module may reach anything in it.
_DYNAMIC = {"globals", "vars", "eval", "exec", "__import__", "import_module"}


def code_of(*values: object) -> str:
    """All that decides what these functions do, the same however it is laid out, and in whichever order it stands.

    It is followed by names: functions, classes, constants, values that a function encloses; in the modules of the
    project and of whoever wrote the functions, and of this package in its scorers and rubrics. A module that is used
    otherwise than by a name in it, or that looks names up itself, counts whole, and so does a script that a text names.
    Comments, docstrings and annotations do not count. What is not seen: the insides of libraries, and fixtures of
    another file.
    """
    reach = _Reach()
    try:
        for number, value in enumerate(values):
            reach.value(value, str(number))
    except RecursionError:
        # Nested deeper than Python goes: what stands in the files then.
        files = {value.__code__.co_filename for value in values if isinstance(value, FunctionType)}
        return "\n".join(ascii(Path(file).read_bytes()) for file in sorted(files) if Path(file).is_file())
    return "\n".join(sorted(reach.texts))


class _Reach:
    """What was reached so far; ``texts`` is the code, each statement once."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self._roots: set[str] = set()
        self._opened: dict[str, Module | None] = {}
        self._seen: set[tuple[str, object]] = set()
        # The containers that are being followed.
        self._inside: set[int] = set()

    def value(self, value: object, where: str) -> None:
        """Follow a value that is at hand, and that is known as ``where``."""
        match value:
            case FunctionType():
                self._function(value)
            case MethodType():
                self.value((value.__func__, value.__self__), where)
            case _lru_cache_wrapper():
                self.value(value.__wrapped__, where)
            case partial():
                self.value((value.func, value.args, value.keywords), where)
            case type():
                self._dotted(value.__module__, (value.__qualname__.partition(".")[0],))
            case None | bool() | int() | float() | str() | bytes():
                self.texts.add(f"{where} = {value!a}")
            case re.Pattern():
                self.value((value.pattern, value.flags), where)
            case Mapping() | list() | tuple():
                # One may hold itself.
                if id(value) not in self._inside:
                    self._inside.add(id(value))
                    for number, each in enumerate(value.items() if isinstance(value, Mapping) else value):
                        self.value(each, f"{where}.{number}")
                    self._inside.discard(id(value))
            case _ if self._is_new("value", id(value)):
                self.value(type(value), where)
                for each in fields(value) if is_dataclass(value) else ():
                    self.value(getattr(value, each.name), f"{where}.{each.name}")

    def _is_new(self, kind: str, key: object) -> bool:
        is_new = (kind, key) not in self._seen
        self._seen.add((kind, key))
        return is_new

    def _function(self, function: FunctionType) -> None:
        code, name = function.__code__, function.__module__ or ""
        if not self._is_new("function", id(function)):
            return
        for freevar, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self.value(_content(cell), f"{function.__qualname__}.{freevar}")
        self._roots.add(name.partition(".")[0])
        module = read(name, str(function.__globals__.get("__package__") or ""), code.co_filename)
        self._opened[name] = module
        node = module.function(code) if module else None
        if module is None or node is None:
            # Nobody can read where it was written.
            constants = [each for each in code.co_consts if isinstance(each, str | bytes | int | float)]
            self.texts.add(ascii((code.co_code, code.co_names, constants)))
            return
        # A name that it is given may be a fixture's beside it.
        names = {**dict.fromkeys(arguments(node), _ITSELF), **used(node).free}
        self._take(module, node, {name: names[name] for name in names.keys() - set(code.co_freevars)})

    def _take(self, module: Module, node: ast.AST, names: Names) -> None:
        """Note a piece of a module's code, and follow the names in it."""
        self.texts.add(text_of(node))
        if _DYNAMIC & names.keys():
            self._whole(module)
        for text in scripts(node):
            if script := read(f"{module.name}/{text}", "", str(module.path.with_name(text))):
                self._whole(script)
        for name, (target, attribute) in imported_inside(node, module.package):
            self._import(target, attribute, used(node).all.get(name, _ITSELF))
        for name, taken in names.items():
            self._name(module, name, taken)

    def _name(self, module: Module, name: str, taken: Iterable[tuple[str, ...]]) -> None:
        """Follow a name of a module, and what is taken of it where it is a module itself."""
        if name in module.imports:
            self._import(*module.imports[name], taken)
        if not self._is_new(module.name, name):
            return
        for statement in module.binding(name):
            self._take(module, statement, used(statement).free)
        if not module.has(name):
            for star in module.stars:
                self._dotted(star, (name,))

    def _import(self, target: str, attribute: str, taken: Iterable[tuple[str, ...]]) -> None:
        for attributes in taken:
            self._dotted(target, (attribute, *attributes) if attribute else attributes)

    def _dotted(self, target: str, names: tuple[str, ...]) -> None:
        """Follow a name in a module, or all of it where no name is said; of a library what is used is noted."""
        module = self._open(target)
        while module and names and not module.has(names[0]) and (inner := self._open(f"{target}.{names[0]}")):
            module, target, names = inner, inner.name, names[1:]
        if module and names:
            self._name(module, names[0], [names[1:]])
        elif module:
            self._whole(module)
        elif target.partition(".")[0] != _OWN:
            self.texts.add(".".join([target, *names]))

    def _whole(self, module: Module) -> None:
        if self._is_new(module.name, ""):
            for statement in module.body:
                self._take(module, statement, used(statement).free)

    def _open(self, name: str) -> Module | None:
        """A module that is followed; None for a library's, and for what is no module."""
        if name not in self._opened:
            root = name.partition(".")[0]
            is_followed = name.startswith(_SCORING) if root == _OWN else root in self._roots or _is_project(root)
            path = _path_of(name) if is_followed else None
            package = name if path and path.stem == "__init__" else name.rpartition(".")[0]
            self._opened[name] = read(name, package, str(path)) if path else None
        return self._opened[name]


def _is_project(root: str) -> bool:
    """Whether a module or package is somebody's project, and neither Python's own nor installed."""
    path = None if root in sys.stdlib_module_names else _path_of(root)
    return path is not None and not _INSTALLED & set(path.parts)


def _path_of(name: str) -> Path | None:
    """The file of a module, of a folder without code a path in it; None where there is none."""
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if loaded:
        return Path(loaded)
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    inside = (f"{folder}/__init__.py" for folder in spec.submodule_search_locations or ()) if spec else ()
    found = [spec.origin if spec else None, *inside]
    return next((Path(path) for path in found if path and path.endswith(".py")), None)


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        # It is filled later, or never.
        return None
