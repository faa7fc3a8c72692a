"""The bundled two-number arithmetic problems, each made from a seed of its own."""

import operator
from collections.abc import Callable
from random import Random

OPERATIONS: dict[str, tuple[str, str, Callable[[int, int], int]]] = {
    "add": ("+", "plus", operator.add),
    "subtract": ("-", "minus", operator.sub),
    "multiply": ("*", "times", operator.mul),
}
# Named for their operation and the digits of both numbers.
SUBSETS = tuple(f"{operation}-{digits}" for operation in OPERATIONS for digits in (1, 2, 3))
PHRASES = ("What is {}?", "Compute {}.", "How much is {}?", "Please work out {}.")
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    """The English words for a whole number from 0 to 999."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")
    hundreds, rest = divmod(number, 100)
    return f"{_ONES[hundreds]} hundred" + (f" and {in_words(rest)}" if rest else "")


def problem(subset: str, random: Random) -> dict[str, str]:
    """One problem of a subset such as ``add-2`` (operation, digits of both numbers).

    The keys are ``question``, ``expression`` (the question in digits) and ``answer``.
    """
    operation, digits = subset.rsplit("-", 1)
    symbol, word, compute = OPERATIONS[operation]
    low = 0 if digits == "1" else 10 ** (int(digits) - 1)
    a, b = (random.randrange(low, 10 ** int(digits)) for _ in range(2))
    spoken = f"{in_words(a)} {word} {in_words(b)}"
    written = f"{a} {symbol if random.random() < 0.5 else word} {b}"
    question = random.choice(PHRASES).format(random.choice((spoken, written)))
    return {
        "question": question,
        "expression": f"{a} {symbol} {b}",
        "answer": str(compute(a, b)),
    }


def row(subset: str, index: int) -> dict[str, str]:
    """Problem number ``index`` of a subset in the benchmark; always the same one."""
    return problem(subset, Random(f"arithmetic {subset} {index}"))
