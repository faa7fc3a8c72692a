"""What a function's code reaches: a change that decides changes it, and no other does."""

import ast
import hashlib
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from pytest_modeleval.models.code import code_of
from pytest_modeleval.models.syntax import text_of, used

# A project of three modules and a package. `test_it` is what is asked about.
FILES = {
    "test_mine.py": '''
        """Mine."""
        import json
        import math as maths
        import tables
        from decimal import *
        from pack import words
        from pack.words import normal, Base as Parent
        from star import *

        LIMIT = 3
        UNUSED = 4
        if LIMIT > 2:
            MODE = "strict"
        else:
            MODE = "lax"

        class Judge(Parent):
            """Judges."""
            strict: bool = True

            def judge(self, text: str) -> bool:
                return normal(text) == MODE and self.strict

        def closing(least):
            def passes(number):
                return number > least
            return passes

        over = closing(7)
        table = tables.TABLE

        def unused(text):
            return LIMIT + UNUSED

        @property
        def limit():
            return 99

        def test_it(sample: int, limit: int) -> None:
            """It."""
            from late import lately
            assert Judge().judge("x") and over(LIMIT), json.dumps(maths.pi)
            assert table["length"](sample) and starred() and lately() and words.count("a b")
        ''',
    "tables.py": """
        TABLE = {}
        OTHER = {}

        def entered(name):
            def enter(function):
                TABLE[name] = function
                return function
            return enter

        @entered("length")
        def length(text):
            return len(text) > THRESHOLD

        THRESHOLD = 5

        def untouched():
            return 1
        """,
    "star.py": """
        def starred():
            return PATTERN

        PATTERN = "[0-9]+"

        def over(text):
            return -1
        """,
    "late.py": """
        def lately():
            return script("worker.py")

        def script(path):
            return open(path)
        """,
    "worker.py": """
        print("works")
        """,
    "pack/__init__.py": "",
    "pack/words.py": """
        from .deep import CASES

        class Base:
            weight = 1

        def normal(text):
            return text.strip().lower() + CASES

        def count(text):
            return len(text.split())

        def other(text):
            return text
        """,
    "pack/deep.py": """
        CASES = "ab"
        MORE = "cd"
        """,
}


def loaded(folder: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str]) -> FunctionType:
    """`test_it` of the project, imported anew."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(folder)
    forget()
    return __import__("test_mine").test_it  # type: ignore[no-any-return]


def forget() -> None:
    for name in ("test_mine", "tables", "star", "late", "pack", "pack.words", "pack.deep"):
        sys.modules.pop(name, None)


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """The code of `test_it` where in one of the files a text is another."""
    number = 0

    def changed(file: str = "", before: str = "", after: str = "") -> str:
        nonlocal number
        number += 1
        files = dict(FILES)
        if file:
            assert before in files[file]
            files[file] = files[file].replace(before, after, 1)
        monkeypatch.setattr(sys, "path", [*sys.path])
        return code_of(loaded(tmp_path / str(number), monkeypatch, files))

    yield changed
    forget()


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("test_mine.py", "> 2", "> 1"),
        ("test_mine.py", "LIMIT = 3", "LIMIT = 5"),
        ("test_mine.py", 'MODE = "lax"', 'MODE = "loose"'),
        ("test_mine.py", "= True", "= False"),
        ("test_mine.py", "closing(7)", "closing(8)"),
        ("test_mine.py", "number > least", "number >= least"),
        ("test_mine.py", "return 99", "return 98"),
        ("test_mine.py", 'count("a b")', 'count("a c")'),
        ("test_mine.py", "json.dumps", "json.loads"),
        ("test_mine.py", "import math as maths", "import cmath as maths"),
        ("test_mine.py", "class Judge(Parent)", "class Judge(Parent, dict)"),
        ("tables.py", "len(text) >", "len(text) <"),
        ("tables.py", "THRESHOLD = 5", "THRESHOLD = 6"),
        ("star.py", "[0-9]+", "[0-9]*"),
        ("late.py", "open(path)", "open(path, 'rb')"),
        ("worker.py", "works", "toils"),
        ("pack/words.py", "weight = 1", "weight = 2"),
        ("pack/words.py", ".lower()", ".upper()"),
        ("pack/words.py", "len(text.split())", "len(text)"),
        ("pack/deep.py", '"ab"', '"abc"'),
    ],
)
def test_what_decides_changes_the_code(code: Callable[..., str], file: str, before: str, after: str) -> None:
    assert code(file, before, after) != code()


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("test_mine.py", "LIMIT = 3", "LIMIT = 3  # three"),
        ("test_mine.py", "UNUSED = 4", "UNUSED = 5"),
        ("test_mine.py", "return LIMIT + UNUSED", "return 0"),
        ("test_mine.py", '"""Judges."""', '"""Judges a text."""'),
        ("test_mine.py", '"""Mine."""', ""),
        ("test_mine.py", "text: str) -> bool:", "text):"),
        ("test_mine.py", "sample: int, limit: int) -> None", "sample: object, limit: object)"),
        ("test_mine.py", "def unused(text):", "def added(text):\n            return 1\n\n        def unused(text):"),
        ("tables.py", "OTHER = {}", "OTHER = {1: 2}"),
        ("tables.py", "return 1", "return 2"),
        ("tables.py", "return len(text) > THRESHOLD", "return (\n                len(text)\n                > THRESHOLD\n            )"),
        ("star.py", "PATTERN = ", "MORE = 1\n        PATTERN = "),
        # `test_mine` has one of its own.
        ("star.py", "return -1", "return -2"),
        ("worker.py", "print", "# It prints.\n        print"),
        ("pack/words.py", "def other(text):\n            return text", "def other(text):\n            return text * 2"),
        ("pack/deep.py", '"cd"', '"ef"'),
    ],
)  # fmt: skip
def test_what_does_not_decide_leaves_the_code_as_it_is(
    code: Callable[..., str], file: str, before: str, after: str
) -> None:
    assert code(file, before, after) == code()


def test_each_version_of_python_reads_the_same() -> None:
    """Written down from 3.11, 3.12 and 3.13, whose syntax trees differ in a format's parts, and scopes in comprehensions."""
    written = """
def shown(found: int = 3) -> str:
    return f"{found:>{found}} of {[each for each in ROWS]!r}" "!"
"""
    code = [text_of(node) for node in ast.parse(written).body]

    assert hashlib.sha256(code[0].encode()).hexdigest()[:16] == "39a8540ef1687a07"
    assert set(used(ast.parse("FOUND = {each: row for each, row in rows(each)}").body[0]).free) == {"rows"}


def enclosing(value: object) -> FunctionType:
    def encloses() -> object:
        return value

    return encloses  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        ("a", "b"),
        ([1, "a"], ["a", 1]),
        ({"a": 1}, {"a": 2}),
        (re.compile("a"), re.compile("b")),
        (partial(max, 1), partial(max, 2)),
        (lambda text: text.upper(), lambda text: text.lower()),
        (None, True),
    ],
)
def test_values_that_a_function_encloses_count(one: Any, other: Any) -> None:
    assert code_of(enclosing(one)) != code_of(enclosing(other))
    assert code_of(enclosing(one)) == code_of(enclosing(one))


def test_of_this_package_scorers_are_followed_and_no_more() -> None:
    from pytest_modeleval.sample import Sample, Score
    from pytest_modeleval.scorers.numbers import same_number

    def body(sample: Sample) -> Score:
        return same_number(Sample("", "").target, sample.target)

    def other(sample: Sample) -> Score:
        return same_number(Score(1, passed=True, got="", expected="").got, sample.target)

    assert "name='same_number'" in code_of(body)
    assert "name='Sample'" not in code_of(body)
    assert "name='Score'" not in code_of(other)


def test_a_function_without_source_is_known_by_what_it_was_compiled_to() -> None:
    made: dict[str, Any] = {}
    for number in (1, 2):
        exec(f"def f{number}(): return {number}", made)

    assert code_of(made["f1"]) != code_of(made["f2"])


ODD = {
    "nonlocal": """
        def made():
            calls = 0
            def test_it(x):
                nonlocal calls
                calls += 1
                return x, WHAT
            return test_it
        test_it = made()
        """,
    "single dispatch": """
        from functools import singledispatch
        @singledispatch
        def shown(x):
            return WHAT
        def test_it(x):
            return shown(x)
        """,
    "a cache": """
        from functools import cache
        def made():
            @cache
            def shown(x):
                return WHAT
            def test_it(x):
                return shown(x)
            return test_it
        test_it = made()
        """,
    "imports from nowhere": """
        def test_it(x):
            try:
                from . import tables
            except ImportError:
                from ...beyond import tables
            return WHAT
        """,
    "values that hold themselves": """
        def made():
            one, two = [WHAT], {}
            one.append(one)
            two["two"] = two, one
            def test_it(x):
                return one, two
            return test_it
        test_it = made()
        """,
    "deep": "def test_it(x):\n    return " + " + ".join(["x"] * 600) + " + WHAT\n",
    "a long chain": "def test_it(x):\n    if x == 1: return WHAT\n"
    + "".join(f"    elif x == {number}: return {number}\n" for number in range(900)),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_code_is_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    codes = []
    for number, what in enumerate("557"):
        folder = tmp_path / str(number)
        folder.mkdir()
        with monkeypatch.context() as patch:
            written = textwrap.dedent(ODD[name]).replace("WHAT", what)
            codes.append(code_of(loaded(folder, patch, {"test_mine.py": written})))
        forget()

    assert codes[0] == codes[1] != codes[2]
