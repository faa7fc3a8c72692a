"""The Python in an answer, as EvalPlus and BigCodeBench take it out: their ``sanitize``, which reads no fences.

That is the longest span of lines that parses, and of it the imports and what the function asked for needs
(``sanitize.py`` of evalplus 0.3.1 and bigcodebench 0.2.5).
"""

import ast
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from pytest_modeleval.sample import Completion
from pytest_modeleval.scorers.programs import first_fenced

# How many characters of an answer are parsed in all: a tenth of a second or so. Theirs parses all of its spans.
_MOST, _LEAST = 50_000, 10
# `codeop.PyCF_ALLOW_INCOMPLETE_INPUT`, and what is said then of what more lines may complete.
_INCOMPLETE_INPUT, _INCOMPLETE = 0x4000, "incomplete input"
_UNPARSED = (SyntaxError, ValueError, MemoryError, RecursionError)
_Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def longest_code(answer: Completion | str) -> str:
    """The span of two or more lines with the most that are not blank that is Python; the first line where none is."""
    lines = str(answer).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    filled = list(accumulate((bool(line.strip()) for line in lines), initial=0))
    ends = list(accumulate((len(line) + 1 for line in lines), initial=0))
    best, span, left = 0, (0, 0), _MOST
    # After a fence first: where it is there, most others are known to be shorter.
    starts = [at for at, line in enumerate(lines) if line.strip()]
    for start in sorted(starts, key=lambda at: not (at and lines[at - 1].lstrip().startswith("```"))):
        left -= len(lines[start]) + _LEAST
        end = bisect_right(ends, ends[start] + max(left, 0)) - 1
        end = end if end > start and _begins(lines[start]) else start
        while end > start + 1 and filled[end] - filled[start] > best and left > 0:
            text = "\n".join(lines[start:end])
            wrong = _wrong_line(text)
            # What comes after the mistake is only split into tokens.
            left -= len(text) // 8 + ends[min(start + wrong, end)] - ends[start] if wrong else len(text)
            if wrong is None:
                best, span = filled[end] - filled[start], (start, end - 1)
                break
            # What cannot go on from there, cannot in a shorter span that has that line.
            end = min(end - 1, start + max(wrong, 1) - 1)
    return "\n".join(lines[span[0] : span[1] + 1])


def _begins(line: str) -> bool:
    """Whether Python may begin with a line."""
    try:
        _parsed(line, _INCOMPLETE_INPUT)
    except SyntaxError as error:
        return error.msg == _INCOMPLETE
    except _UNPARSED:
        return False
    return True


def _wrong_line(code: str) -> int | None:
    """The number of the line where a text stops being Python; None where it is."""
    try:
        _parsed(code)
    except SyntaxError as error:
        return error.lineno or 1
    except _UNPARSED:
        return 1
    return None


def _parsed(code: str, flags: int = 0) -> ast.Module:
    if len(code) > _MOST:
        raise ValueError("too long to be parsed")
    with warnings.catch_warnings():
        # Of an escape in a text that Python does not know.
        warnings.simplefilter("ignore")
        tree: ast.Module = compile(code, "answer", "exec", ast.PyCF_ONLY_AST | flags)
    return tree


def sanitized(answer: Completion | str, function: str, *, returning: bool = True) -> str:
    """The imports of the answer's `longest_code`, and those of its definitions that the function needs.

    Without them, the whole of it. A function that gives nothing back counts only where none has to be ``returning``.
    Unlike theirs it keeps what has decorators.
    """
    code = longest_code(answer)
    try:
        body = _parsed(code).body
    except _UNPARSED:
        return code
    lines = code.encode("utf-8", "surrogatepass").split(b"\n")
    kept = [_source(lines, node) for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    defined: dict[str, ast.stmt] = {}
    for node in body:
        if (name := _name_of(node, returning=returning)) is not None:
            defined.setdefault(name, node)
    needed = _needed(function, defined)
    kept += [_source(lines, node) for name, node in defined.items() if name in needed]
    return b"\n".join(kept).decode("utf-8", "surrogatepass").strip() or code


def function_in(answer: Completion | str, function: str, prompt: str, *, returning: bool = True) -> str:
    """The answer's code, `sanitized`; a body alone goes on where the prompt ends. Empty where there is no code."""
    found = sanitized(answer, function, returning=returning)
    fenced = first_fenced(answer)
    if _defines(found, function):
        return found
    if fenced.lstrip("\n")[:1] in (" ", "\t"):
        return sanitized(f"{prompt}{fenced}", function, returning=returning)
    return found if fenced.strip() else ""


def _defines(code: str, function: str) -> bool:
    try:
        return any(_name_of(node, returning=False) == function for node in _parsed(code).body)
    except _UNPARSED:
        return False


def _name_of(node: ast.stmt, *, returning: bool) -> str | None:
    if isinstance(node, ast.ClassDef):
        return node.name
    if isinstance(node, _FUNCTIONS):
        is_kept = not returning or any(isinstance(inner, ast.Return) for inner in ast.walk(node))
        return node.name if is_kept else None
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    is_one = isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name)
    return target.id if is_one and isinstance(target, ast.Name) else None


def _needed(function: str, defined: dict[str, ast.stmt]) -> set[str]:
    """The function's name, and all names that it uses, and what it is made of does."""
    found, coming = {function}, [function]
    while coming:
        node = defined.get(coming.pop())
        new = set(_names(node)) - found if node is not None else set()
        found |= new
        coming += new
    return found


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant):
            continue
        for _, value in ast.iter_fields(inner):
            texts = value if isinstance(value, list) else [value]
            yield from (part for text in texts if isinstance(text, str) for part in text.split("."))


def _source(lines: list[bytes], node: ast.stmt) -> bytes:
    decorators = node.decorator_list if isinstance(node, _Defined) else []
    first = min([node.lineno, *(each.lineno for each in decorators)])
    found = lines[first - 1 : node.end_lineno]
    found[-1] = found[-1][: node.end_col_offset]
    found[0] = found[0] if decorators else found[0][node.col_offset :]
    return b"\n".join(found)
