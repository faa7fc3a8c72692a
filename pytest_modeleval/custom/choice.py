"""The format ``choice``: questions whose options are the columns A, B, … or a list."""

import re
from collections.abc import Collection, Sequence
from string import ascii_uppercase
from typing import Any

from pytest_modeleval.custom.columns import ASKED, SEVERAL, filled, is_blank, lists, system_of, text_of, the_one
from pytest_modeleval.custom.pictures import pictures_of
from pytest_modeleval.datasets import Row
from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Completion, Sample, SampleError, Score
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.several import same_choices

NEEDS = "question (or query), A, B, … (or options, choices) and answer"

PROMPT = """\
{question}

{options}

End with a line that says ANSWER: and {letters}."""

_LETTERS = "ABCDEFGHIJ"
_LISTED = ("options", "choices")


def fits(columns: Collection[str]) -> bool:
    """Whether a file with these columns may be one of choices."""
    # Without B too, which is then said to be missing: as a free question it would be asked without its options.
    return "A" in columns or any(name in columns for name in _LISTED)


def to_sample(row: Row) -> Sample:
    """The row's question; `SampleError` names the column that is wrong."""
    question = text_of(row[the_one(row, ASKED)], "question")
    options = _options(row)
    answer = row[the_one(row, ["answer"])]
    right = _right(answer, options)
    several = bool(row.get(SEVERAL)) or lists(answer) or len(right) > 1
    letters = "the letters of all right options" if several else "the letter of the right option"
    fields = {**row, "question": question, "letters": letters}
    return Sample(
        fields,
        "".join(right),
        options,
        system=system_of(row),
        metadata={"id": row.get("id"), SEVERAL: several},
        pictures=pictures_of(row),
    )


def scored(sample: Sample, completion: Completion) -> Score:
    """Whether the answer settles on the right option, or on all right options and no other."""
    score = same_choices if sample.metadata[SEVERAL] else same_choice
    return score(completion, sample.target, sample.options)


def _options(row: Row) -> list[str]:
    listed = filled(row, _LISTED)
    columns = filled(row, _LETTERS)
    if listed and columns:
        raise SampleError(f"columns {listed[0]!r} and {columns[0]!r} are both filled; keep one")
    if listed:
        values = _listed_in(row[the_one(row, _LISTED)])
        if not lists(values) or not 2 <= len(values) <= len(ascii_uppercase) or any(map(is_blank, values)):
            raise SampleError(f"column {listed[0]!r} is a list of 2 to 26 options, not {values!r}")
        return [text_of(value, listed[0]) for value in values]
    # The options fill the columns from A on; what lies beyond the last filled one is not offered.
    last = max((_LETTERS.index(name) for name in columns), default=0)
    wanted = _LETTERS[: max(last + 1, 2)]
    return [text_of(row[the_one(row, [name])], name) for name in wanted]


def _listed_in(value: Any) -> Any:
    """A list that stands as JSON in a table's cell."""
    try:
        return from_json(value) if isinstance(value, str) and value.startswith("[") else value
    except ValueError:
        return value


def _right(answer: Any, options: Sequence[str]) -> list[str]:
    """The letters of the right options, in order."""
    parts = answer if lists(answer) else [answer]
    numeric = any(re.fullmatch(r"[-+]?[\d.,]*\d", option.strip()) for option in options)
    if numeric and any(type(part) in (int, float) for part in parts):
        raise SampleError(
            f"column 'answer' is ambiguous: the number {answer!r} could be an option's text, or count from 0 or "
            "from 1; write the letter"
        )
    found = [_letters(text_of(part, "answer").strip(), options) for part in parts]
    letters = [letter for part in found for letter in part]
    if len(set(letters)) < len(letters):
        raise SampleError(f"column 'answer' names an option twice: {answer!r}")
    return sorted(letters)


def _letters(answer: str, options: Sequence[str]) -> list[str]:
    """The letters that an answer writes, or that of the option whose text it is; never both."""
    offered = ascii_uppercase[: len(options)]
    by_text = [letter for letter, option in zip(offered, options, strict=True) if option.strip() == answer]
    # One letter in either case, or several as AC, "A, C" or "A C".
    written = (
        re.findall("[A-Z]", answer.upper()) if re.fullmatch(r"[A-Za-z]|[A-Z](?:[\s,;、，]*[A-Z])+", answer) else []
    )
    strange = [letter for letter in written if letter not in offered]
    if by_text and written and not strange and by_text != written:
        raise SampleError(f"column 'answer' is ambiguous: {answer!r} is a letter and the text of option {by_text[0]}")
    if len(by_text) > 1:
        raise SampleError(f"column 'answer' is ambiguous: {answer!r} is the text of options {' and '.join(by_text)}")
    if strange and not by_text:
        raise SampleError(f"column 'answer' is {answer!r}, but there is no option {strange[0]}: {_listed(options)}")
    if not (by_text or written):
        index = "; a number could count from 0 or from 1, so write the letter" if answer.isdigit() else ""
        raise SampleError(f"column 'answer' is {answer!r}, no letter and no option's text: {_listed(options)}{index}")
    return by_text or written


def _listed(options: Sequence[str]) -> str:
    return ", ".join(f"{letter} {option[:30]!r}" for letter, option in zip(ascii_uppercase, options, strict=False))
