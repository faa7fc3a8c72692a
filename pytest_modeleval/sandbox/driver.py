"""What a locked process does: run the program it was forked for, in one of its ways. Never returns."""

import atexit
import builtins
import itertools
import json
import linecache
import os
import sys
import threading
import traceback
import types
from collections.abc import Callable
from functools import partial
from types import CodeType
from typing import Any, NoReturn

from pytest_modeleval.sandbox import values
from pytest_modeleval.sandbox.plain import giving_plain, plain

# What is defined from here on has Python's own names, whatever a program makes of them.
globals()["__builtins__"] = dict(vars(builtins))

# Written to results before anything of a program runs: what ends without it never was one.
BEGUN = b"+"
# How a program that ran out of memory ends, and one whose function is not there.
MEMORY_STATUS, MISSING_STATUS = 97, 98
_FILE = "program.py"


class Missing(LookupError):
    """A program lacks the function that is to be called."""


def _told(error: BaseException) -> None:
    """Write an exception where a program's errors go, without the lines of this file."""
    if type(error) is Missing:
        print(error, file=sys.stderr)
        return
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def _status_of(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        print(error.code, file=sys.stderr)
        return 1
    if isinstance(error, MemoryError):
        return MEMORY_STATUS
    _told(error)
    return MISSING_STATUS if type(error) is Missing else 1


def _module(name: str, code: str) -> dict[str, Any]:
    module = types.ModuleType(name)
    sys.modules[name] = module
    _show(code, _FILE)
    return module.__dict__


def _show(code: str, name: str) -> None:
    """Have tracebacks show the code's lines."""
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)


def run(asked: dict[str, Any], results: int, steps: int) -> NoReturn:
    """Run the program; `os._exit` with its status."""
    leave, way = os._exit, _as_script
    os.utime = partial(_utime, os.utime)
    if steps:
        way = partial(_as_session, steps)
    elif asked["cases"]:
        # Not for every program: the server has imported it for this one.
        from pytest_modeleval.sandbox.cases import as_cases

        way = as_cases
    elif asked["tests"] is not None:
        way = _as_tested
    elif asked["function"]:
        way = _as_called
    _hide()
    os.write(results, BEGUN)
    try:
        status = way(asked, results)
    except BaseException as error:  # noqa: BLE001 - whatever it raised is its end
        try:
            status = _status_of(error)
        except BaseException:  # noqa: BLE001 - also what shows an exception is the program's
            status = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - a program may have closed or replaced them
        pass
    leave(status)


def _hide() -> None:
    """Leave the program no way by a module's name to what runs it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "pytest_modeleval"]:
        del sys.modules[name]
    sys.modules["__main__"] = types.ModuleType("__main__")


def _utime(real: Callable[..., None], path: Any, *times: Any, **named: Any) -> None:
    """As `os.utime`, whose call is said to be done and is not (`syscalls`): but of a file that is there."""
    if not isinstance(path, int):
        os.stat(path, dir_fd=named.get("dir_fd"), follow_symlinks=named.get("follow_symlinks", True))
    real(path, *times, **named)


def _as_script(asked: dict[str, Any], results: int) -> int:
    """As ``python program.py``: as the main module, with its threads waited for."""
    os.close(results)
    status = 0
    scope = _module("__main__", asked["code"])
    try:
        exec(compile(asked["code"], _FILE, "exec"), scope)
    except BaseException as error:  # noqa: BLE001 - as Python's own end of a program
        status = _status_of(error)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    return status


def _as_tested(asked: dict[str, Any], results: int) -> int:
    """The program, then the tests; the secret is written when both have ended well.

    Tests have Python's own names as they were before the program ran, and only those of the program that they use: one
    that redefines `abs`, or what it was given, is not believed. What its functions give them is `plain`.
    """
    write, secret, own = os.write, asked.pop("secret").encode(), dict(vars(builtins))
    tests, function = compile(asked.pop("tests"), "tests.py", "exec"), asked["function"]
    given = names_given(asked["given"], function)
    # Not "__main__": official harnesses do not run what stands under `if __name__ == "__main__"`.
    scope = _module("program", asked["code"])
    exec(compile(asked["code"], _FILE, "exec"), scope)
    among: dict[str, Any] = {"__name__": "tests", "__builtins__": own}
    for name in names_in(tests):
        if name in scope and (name == function or name not in own):
            value = scope[name]
            is_called = name == function or (callable(value) and not issubclass(type(value), type))
            among[name] = given[name] if name in given else giving_plain(value) if is_called else value
    exec(tests, among)
    write(results, secret)
    return 0


def names_given(code: str, function: str) -> dict[str, Any]:
    """What the benchmark's own code makes of names, but of the function's, which the program is to make."""
    if not code:
        return {}
    scope = types.ModuleType("given").__dict__
    exec(compile(code, "given.py", "exec"), scope)
    return {name: value for name, value in scope.items() if name != function and not name.startswith("__")}


def names_in(code: CodeType) -> set[str]:
    """All names that code uses, and what is defined in it."""
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return {*code.co_names}.union(*map(names_in, inner))


def _as_called(asked: dict[str, Any], results: int) -> int:
    """The function's value of each list of arguments, a JSON line each as it comes; what it raised in its place."""
    write, dump, written, as_plain = os.write, json.dumps, values.written, plain
    scope = _module("program", asked["code"])
    exec(compile(asked["code"], _FILE, "exec"), scope)
    function = _found(scope, asked["function"])
    for call in asked["calls"]:
        # A `Counter` equals a dict, and a NumPy number Python's.
        line = dump({"value": written(as_plain(function(*values.read(call))))}).encode() + b"\n"
        while line:
            line = line[write(results, line) :]
    return 0


def _as_session(steps: int, asked: dict[str, Any], results: int) -> int:
    """The program, then each step as it comes: code, or a call of a function by its name; a JSON line for each."""
    write, dump, load, written, value_of = os.write, json.dumps, json.loads, values.written, values.read
    scope = _module("__main__", asked["code"])
    exec(compile(asked["code"], _FILE, "exec"), scope)
    reply: dict[str, Any] = {"value": None}
    with open(steps, "rb") as coming:
        for number in itertools.count(1):
            sys.stdout.flush()
            sys.stderr.flush()
            line = dump(reply).encode() + b"\n"
            while line:
                line = line[write(results, line) :]
            if not (step := coming.readline()):
                break
            reply = _stepped(load(step), f"step{number}.py", scope, written, value_of)
    return 0


def _stepped(
    step: dict[str, Any],
    name: str,
    scope: dict[str, Any],
    written: Callable[[Any], Any],
    value_of: Callable[[Any], Any],
) -> dict[str, Any]:
    try:
        if "code" in step:
            _show(step["code"], name)
            exec(compile(step["code"], name, "exec"), scope)
            return {"value": None}
        function = _found(scope, step["call"])
        return {"value": written(function(*value_of(step["arguments"]), **value_of(step["named"])))}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what a step raises is its result, and the session goes on
        _told(error)
        return {"error": f"{type(error).__name__}: {error}"[:2000]}


def _found(scope: dict[str, Any], name: str) -> Callable[..., Any]:
    """A function of the program, or a method of one object of a class of it: ``Solution.twoSum``."""
    first, _, method = name.partition(".")
    if first not in scope:
        raise Missing(f"the program has no {first}")
    found = getattr(scope[first](), method) if method else scope[first]
    return found  # type: ignore[no-any-return]
