"""The process that compares two LaTeX expressions: a JSON line in, a JSON line out.

A script for `symbolic` to start, never imported. Nothing of a model's text reaches `sympy.parse_expr`, which evaluates
it as Python. `math_verify.parse` gives it plain expressions such as `1+1`; so only the grammar of latex2sympy2_extended
is used, which builds expressions from their parse tree. That gives it each number (`sympy.Number` of a text), so
numbers are made here, and what could evaluate text is taken away.
"""

import contextlib
import json
import logging
import os
import sys
import time
from functools import lru_cache
from typing import Any, NoReturn

import latex2sympy2_extended.latex2sympy2 as latex2sympy2
import math_verify
import sympy
import sympy.parsing.sympy_parser

# Evaluates its own names while it is imported, which `simplify` does late.
import sympy.physics.units
import sympy.utilities.lambdify

with contextlib.suppress(ImportError):
    import resource

MEMORY = 2 * 2**30
# Where expressions with variables are compared: no zeros, both signs, no simple relation between any two.
POINTS = [
    sympy.Rational(*point)
    for point in [(137, 101), (-89, 97), (211, 53), (-307, 83), (59, 113), (-23, 179), (463, 127)]
]
AS_WRITTEN = latex2sympy2.ConversionConfig(lowercase_symbols=False)
REPAIRS = latex2sympy2.NormalizationConfig(basic_latex=True, malformed_operators=True, nits=True, boxed="none")


class Refused(Exception):
    """Something wanted to evaluate text as code."""


def refuse(*_: object, **__: object) -> None:
    """Stand in for what evaluates text."""
    raise Refused


def exact(_: object, number: str) -> sympy.Rational:
    """A number as the fraction that its digits say, without sympy's way through `eval`."""
    return sympy.Rational(number.replace(",", ""))


def confine() -> None:
    """Take away evaluating text, writing files, and more memory than an answer can need."""
    latex2sympy2._Latex2Sympy.parse_number = exact
    latex2sympy2.convert_number = lambda number: exact(None, number)
    sympy.parsing.sympy_parser.eval_expr = refuse
    sympy.utilities.lambdify.lambdify = refuse
    for limit, most in (("RLIMIT_AS", MEMORY), ("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0)):
        with contextlib.suppress(NameError, AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, limit), (most, most))


def allow(seconds: int) -> None:
    """Let this process use so many more seconds of CPU before the system ends it."""
    with contextlib.suppress(NameError, ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + seconds, most))


def give_up() -> NoReturn:
    """End as a pair of expressions does that takes too long."""
    os._exit(1)


@lru_cache(maxsize=256)
def read(latex: str) -> Any:
    """The expression as sympy has it; None when it cannot be read."""
    try:
        found = latex2sympy2.latex2sympy(
            latex, is_real=True, normalization_config=REPAIRS, conversion_config=AS_WRITTEN
        )
        i = sympy.Symbol("i", real=True)
        # Only where needed: math-verify's own classes lose their order when they are rebuilt.
        return found.xreplace({i: sympy.I}) if i in found.free_symbols else found
    except MemoryError:
        give_up()
    # The grammar raises plain `Exception`s; sympy anything from TypeError to RecursionError.
    except Exception:  # noqa: BLE001
        return None


def same(gold: Any, answer: Any) -> bool:
    """Whether two expressions are equal: numbers and formulas by value, relations and sets as math-verify has it.

    A division by zero equals nothing, not even another one.
    """
    if any(isinstance(side, sympy.Basic) and side.has(sympy.zoo, sympy.nan) for side in (gold, answer)):
        return False
    if not isinstance(gold, sympy.Expr) or not isinstance(answer, sympy.Expr):
        return verified(gold, answer)
    if gold == answer:
        return True
    names = sorted(gold.free_symbols | answer.free_symbols, key=str)
    if not names:
        return same_value(gold, answer) is True
    agreed = 0
    for shift in range(len(POINTS)):
        place = {name: POINTS[(shift + index) % len(POINTS)] + index // len(POINTS) for index, name in enumerate(names)}
        verdict = same_value(gold.subs(place), answer.subs(place))
        if verdict is False:
            return False
        agreed += verdict is True
    # What has no values, such as derivatives and unknown functions, is left to math-verify.
    return agreed >= 3 or verified(gold, answer)


def verified(gold: Any, answer: Any) -> bool:
    """Whether math-verify calls them equal."""
    return bool(math_verify.verify(gold, answer, float_rounding=15, allow_set_relation_comp=True, timeout_seconds=None))


def same_value(gold: Any, answer: Any) -> bool | None:
    """Whether two numbers agree, exactly where both are fractions, else to 200 digits; None without a finite value."""
    rough = [value.evalf(30) for value in (gold, answer)]
    if not all(value.is_number and value.is_finite for value in rough):
        return None
    size = max(abs(value) for value in rough)
    if abs(rough[0] - rough[1]) > size * sympy.Float("1e-20"):
        return False
    difference = gold.doit() - answer.doit()
    if difference.is_Rational:
        return bool(difference == 0)
    return bool(abs(difference.evalf(20, maxn=700)) <= size * sympy.Float("1e-200"))


def answered(asked: dict[str, Any]) -> dict[str, object]:
    """The reply to one request."""
    for side in ("gold", "answer"):
        if read(asked[side]) is None:
            return {"unread": side}
    try:
        return {"same": bool(same(read(asked["gold"]), read(asked["answer"])))}
    except MemoryError:
        give_up()
    # As in `read`: what sympy cannot compare it says with any exception.
    except Exception as error:  # noqa: BLE001
        return {"same": False, "why": type(error).__name__}


def main() -> None:
    """Answer requests until there are no more."""
    logging.disable()
    confine()
    replies = sys.stdout
    sys.stdout = sys.stderr
    print(json.dumps({"ready": True}), file=replies, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        allow(asked["seconds"])
        print(json.dumps(answered(asked)), file=replies, flush=True)


if __name__ == "__main__":
    main()
