"""Is the amount in an answer the right one, whatever its unit, as DocMath-Eval counts it?"""

from math import ceil, log10

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.numbers import final_number, value_of


def same_amount(answer: Completion | str, target: str, *, name: str = "main") -> Score:
    """Whether the answer's final number is the target but for its unit, to 0.15 %.

    The rules of the official evaluation (Zhao et al. 2024, arXiv:2311.09805; yale-nlp/DocMath-Eval
    `compare_two_numbers`): percent or fraction, thousands or millions are not told apart, and where the figures agree
    neither is the sign. An answer without a number is wrong; the official script takes it as 0.
    """
    text = str(answer)
    wanted = _finite(target)
    if wanted is None:
        raise ValueError(f"the target {target!r} is no number")
    number = final_number(text)
    got = None if number is None else _finite(number)
    passed = got is not None and _same(got, wanted)
    why = "" if number is not None else "no number in the answer"
    return Score(float(passed), passed, number or text.strip(), target, why, name, found=number is not None)


def _finite(number: str) -> float | None:
    value = value_of(number)
    try:
        return None if value is None else float(value)
    except OverflowError:
        return None


def _same(got: float, wanted: float) -> bool:
    low, high = sorted((abs(got), abs(wanted)))
    if low:
        power = log10(high) - log10(low)
        # A quotient of floats is a power of ten only to its last digits.
        if abs(power - round(power)) < 1e-12 * max(1, power):
            return True
    if any(low <= 2 * high / scale and _close(low * scale, high) for scale in (100, 1000, 100_000)):
        return True
    # Above this, three decimals are finer than the tolerance.
    if high < 1e9 and ceil(low * 1000) == ceil(high * 1000):
        return True
    return _close(got, wanted)


def _close(got: float, wanted: float) -> bool:
    tolerance = abs(wanted) * 0.0015
    return wanted - tolerance <= got <= wanted + tolerance
