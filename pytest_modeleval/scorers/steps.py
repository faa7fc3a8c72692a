"""Where in what a model thought does a right answer stand first?"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from string import ascii_uppercase
from typing import NamedTuple

from pytest_modeleval.scorers.answers import LONGEST, boxed, stated, stated_results
from pytest_modeleval.scorers.choices import chosen_letter
from pytest_modeleval.scorers.formulas import final_expression, formulas_in
from pytest_modeleval.scorers.latex import Expression, depth, exact_value, normal_form, without_name
from pytest_modeleval.scorers.maths import DEEPEST, equal
from pytest_modeleval.scorers.numbers import final_number, numbers_in, value_of, with_decimal_points
from pytest_modeleval.scorers.several import chosen_letters
from pytest_modeleval.scorers.texts import final_text, plain

# What EvalScope's EvalThink counts as the beginning of another thought, in whatever case.
_SWITCH = re.compile(r"alternatively|but wait|let me reconsider|another (?:way|approach|method|angle)", re.IGNORECASE)
_BREAK = re.compile(r"\n[ \t\r]*\n\s*")
# Behind an equals sign, up to what ends a result.
_EQUALS = re.compile(r"(?:[=≈≡]|\\approx|\\equiv)(?:[\s$*&]|\\\$){0,5}([^=≈≡\n]{1,80})")
# A number that is part of a computation is no result: "= 3 * 6".
_COMPUTES = re.compile(r"[\d)][\s$)]*(?:[*+×·÷^]|\\times|\\cdot|\\div|-\s*[\d(\\])")
_RESULT_ENDS = re.compile(r"[.,;:](?=\s|$)|[。，；]|\s(?:and|or|so|which|is|because|since|if|when)\b|\$")
# One number; "1,2" is two to mathematicians.
_NUMBER_TARGET = re.compile(
    r"[-+\u2212\s$€£¥]{0,5}(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:\s?/\s?\d+)?[\s%°.$€£¥]{0,5}"
)
# A target that a text is compared with as words; what is longer is no short answer, and no rule finds it in a text.
_LONGEST_TEXT = 100
# Of the statements of one paragraph so many are read, the last ones.
_MOST_STATED = 20
# A candidate that is longer is no result.
_LONGEST = 200
# Candidates that are compared by their meaning, after those by their spelling and value: each may take milliseconds.
_MOST_COMPARED = 40
_WRITTEN = re.compile(r"[^\W\d_]")
_INGREDIENT = re.compile(r"\\[a-zA-Z]+|[a-zA-Z]")
_TYPOGRAPHY = {r"\frac", r"\cdot", r"\text", r"\times", r"\cr", r"\begin", r"\end"}

# Which of some paragraphs is the first with a right answer; None where none is.
Rule = Callable[[Sequence[str]], int | None]


class Steps(NamedTuple):
    """A text's paragraphs, by where they begin and end; ``switches`` are those with a switch of thought."""

    text: str
    places: Sequence[tuple[int, int]]
    switches: Sequence[int]

    @property
    def paragraphs(self) -> list[str]:
        """Their texts."""
        return [self.text[start:end] for start, end in self.places]

    def end(self, paragraph: int) -> int:
        """Where a paragraph ends."""
        return self.places[paragraph][1]

    def end_of_thought(self, paragraph: int) -> int:
        """Where the thought of a paragraph ends: before the next one that switches to another, or with the text."""
        following = next((place for place in self.switches if place > paragraph), len(self.places))
        return self.places[following - 1][1]


def steps_of(text: str) -> Steps:
    """The paragraphs of a text, which empty lines part; the last ends with the text."""
    places, start = [], len(text) - len(text.lstrip())
    for gap in _BREAK.finditer(text, start):
        places.append((start, gap.start()))
        start = gap.end()
    if start < len(text):
        places.append((start, len(text)))
    elif places:
        places[-1] = (places[-1][0], len(text))
    return Steps(text, places, [n for n, (a, b) in enumerate(places) if _SWITCH.search(text, a, b)])


def count_switches(text: str) -> int:
    """How often a text goes over to another thought, by EvalThink's words ("alternatively", "but wait", …)."""
    return sum(1 for _ in _SWITCH.finditer(text))


def rule_for(target: str, options: Sequence[str] = (), *, any_of: bool = False) -> Rule | None:
    """What finds a right answer in paragraphs, by what the target is; None where no rule can.

    Letters of options: the paragraph settles on all of them, or with ``any_of`` on one. A number: it stands behind an
    equals sign, in a box, behind "the answer is" or last. Another expression: the same, and what stands between dollar
    signs, equal as in `maths.same_expression`. A few words: boxed, stated, or the paragraph as a whole.
    """
    target = target.strip()
    if not target:
        return None
    if options:
        if not set(target) <= set(ascii_uppercase[: len(options)]):
            return None
        return partial(_first, _chosen(target, options, any_of=any_of))
    if _NUMBER_TARGET.fullmatch(target):
        return _number_rule(target)
    if "\\" in target or re.search(r"\d|[=+^*/<>()]", target) or len(target) == 1:
        return partial(_first_equal, normal_form(target)) if len(target) <= LONGEST else None
    if len(target) > _LONGEST_TEXT or not (wanted := plain(target)):
        return None
    return partial(_first, lambda text: wanted in map(plain, _texts(text)))


def _first(is_right: Callable[[str], bool], paragraphs: Sequence[str]) -> int | None:
    """The first that is right; of equal ones only the first is looked at."""
    seen: set[str] = set()
    for number, text in enumerate(paragraphs):
        if text not in seen:
            seen.add(text)
            if is_right(text):
                return number
    return None


def _chosen(target: str, options: Sequence[str], *, any_of: bool) -> Callable[[str], bool]:
    wanted = set(target)
    # Who chooses writes a letter, or an option's words.
    has_words = all(map(_WRITTEN.search, options))

    def is_right(text: str) -> bool:
        if has_words and not _WRITTEN.search(text):
            return False
        if len(wanted) == 1 or any_of:
            return chosen_letter(text, options) in wanted
        return chosen_letters(text, options) == wanted

    return is_right


def _texts(paragraph: str) -> Iterator[str]:
    if (box := boxed(paragraph)) is not None:
        yield box
    for statement in islice(stated(paragraph), _MOST_STATED):
        yield statement.partition(". ")[0]
    if len(text := final_text(paragraph)) <= 2 * _LONGEST_TEXT:
        yield text


def _number_rule(target: str) -> Rule | None:
    numbers = numbers_in(with_decimal_points(target))
    wanted = value_of(numbers[0]) if len(numbers) == 1 else None
    if wanted is None:
        return None

    def is_right(paragraph: str) -> bool:
        text = paragraph if wanted.denominator == 1 else with_decimal_points(paragraph)
        found = (
            number for result in _results(text) if not _COMPUTES.search(result) for number in numbers_in(result)[:1]
        )
        return any(value_of(number) == wanted for number in chain(found, filter(None, [final_number(text)])))

    return partial(_first, lambda text: bool(re.search(r"\d", text)) and is_right(text))


def _results(paragraph: str) -> Iterator[str]:
    """What stands behind each equals sign of a paragraph."""
    for found in _EQUALS.finditer(paragraph):
        yield _RESULT_ENDS.split(found[1], maxsplit=1)[0].strip()


def _expressions(paragraph: str) -> Iterator[str]:
    r"""What a paragraph may have found: boxed, stated, between dollar signs, behind "=", at its end."""
    if (final := final_expression(paragraph)) is not None:
        yield final
    if (box := boxed(paragraph)) is not None:
        yield box
    yield from islice(stated_results(paragraph), _MOST_STATED)
    for _, formula in formulas_in(paragraph):
        yield formula
        if "=" in formula:
            yield formula.rpartition("=")[2].strip()
    yield from _results(paragraph)


def _first_equal(gold: Expression, paragraphs: Sequence[str]) -> int | None:
    """The first paragraph with an expression that is spelt like the right one, has its value, or is equal to it."""
    value, key, ingredients = exact_value(gold.latex), gold.key, _ingredients(gold)
    seen: set[str] = set()
    others: list[tuple[int, Expression]] = []
    found = None
    read: set[str] = set()
    for number, paragraph in enumerate(paragraphs):
        # What an equal one has was seen.
        if paragraph in read:
            continue
        read.add(paragraph)
        for written in _expressions(paragraph):
            if written in seen or not 0 < len(written) <= max(_LONGEST, 2 * len(gold.latex)):
                continue
            seen.add(written)
            candidate = normal_form(written)
            if candidate.percent == gold.percent and _is_alike(key, value, candidate):
                found = number
                break
            if value is None and _ingredients(candidate) == ingredients and depth(written) <= DEEPEST:
                others.append((number, candidate))
        if found is not None:
            break
    for number, candidate in others[:_MOST_COMPARED]:
        is_equal, why = equal(gold, candidate)
        if is_equal:
            return number
        if "of computing" in why:
            # One that nobody can compare may be followed by many.
            break
    return found


def _is_alike(key: str, value: object, candidate: Expression) -> bool:
    if candidate.key == key:
        return True
    bare = without_name(candidate.latex)[1]
    is_named = bare != candidate.latex
    return (is_named and Expression(bare).key == key) or (value is not None and exact_value(bare) == value)


def _ingredients(expression: Expression) -> set[str]:
    return set(_INGREDIENT.findall(without_name(expression.latex)[1])) - _TYPOGRAPHY
