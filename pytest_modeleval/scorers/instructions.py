"""Does an answer follow its instructions? IFEval's four accuracies (Zhou et al. 2023, arXiv:2311.07911)."""

import inspect
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pytest_modeleval.sample import Completion, Json, SampleError, Score
from pytest_modeleval.scorers.checkers import CHECKERS, RELATIONS
from pytest_modeleval.scorers.language import known_languages, need_sentences

# What some checkers cannot do without, looked for before anything is asked.
_NEEDS: Mapping[str, Callable[[], object]] = {
    "change_case:capital_word_frequency": need_sentences,
    "change_case:english_capital": known_languages,
    "change_case:english_lowercase": known_languages,
    "length_constraints:number_sentences": need_sentences,
}


@dataclass(frozen=True)
class Instruction:
    """One instruction of a prompt: ``follows`` says of a text whether it is followed."""

    name: str
    follows: Callable[[str], bool]


def instructions(names: Sequence[str], arguments: Sequence[Json]) -> tuple[Instruction, ...]:
    """A row's ``instruction_id_list`` and ``kwargs`` as checkers; `SampleError` when they are of no use.

    The official code draws an argument that is missing or out of range at random; here it is an error. Null is missing.
    """
    if not names or len(names) != len(arguments):
        raise SampleError(f"{len(names)} instructions have {len(arguments)} sets of arguments: {list(names)}")
    return tuple(map(_instruction, names, arguments))


def _instruction(name: str, arguments: Json) -> Instruction:
    if name not in CHECKERS:
        raise SampleError(f"unknown instruction {name!r}; known are {', '.join(CHECKERS)}")
    given = {argument: value for argument, value in (arguments or {}).items() if value is not None}
    _, *expected = inspect.signature(CHECKERS[name]).parameters
    if set(given) != set(expected):
        raise SampleError(f"{name} takes {', '.join(expected) or 'no arguments'}, not {given!r}")
    try:
        read = {argument: _ARGUMENTS[argument](value) for argument, value in given.items()}
        if "nth_paragraph" in read and not 1 <= read["nth_paragraph"] <= read["num_paragraphs"]:
            raise ValueError("there is no such paragraph")
    except (TypeError, ValueError, OverflowError):
        raise SampleError(f"{name} cannot be checked with {given!r}") from None
    _NEEDS.get(name, lambda: None)()
    return Instruction(name, partial(CHECKERS[name], **read))


def _number(value: Any) -> int:
    """A count; some hubs' copies have 3.0 for 3."""
    if isinstance(value, bool) or int(value) != value or value < 0:
        raise ValueError(value)
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(value)
    return value.strip()


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not value:
        raise ValueError(value)
    return tuple(map(_text, value))


def _letter(value: Any) -> str:
    if len(value) != 1:
        raise ValueError(value)
    return _text(value)


def _one_of(value: str, choices: Container[str]) -> str:
    if value not in choices:
        raise ValueError(value)
    return value


_ARGUMENTS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        [
            "capital_frequency",
            "frequency",
            "let_frequency",
            "nth_paragraph",
            "num_bullets",
            "num_highlights",
            "num_paragraphs",
            "num_placeholders",
            "num_sections",
            "num_sentences",
            "num_words",
        ],
        _number,
    ),
    **dict.fromkeys(["end_phrase", "first_word", "keyword", "postscript_marker", "prompt_to_repeat"], _text),
    **dict.fromkeys(["capital_relation", "let_relation", "relation"], partial(_one_of, choices=RELATIONS)),
    "forbidden_words": _texts,
    "keywords": _texts,
    "language": lambda value: _one_of(value, known_languages()),
    "letter": _letter,
    "section_spliter": _text,
}


def follows_instructions(answer: Completion | str, asked: Sequence[Instruction]) -> Score:
    """Whether the answer follows every instruction to the letter, the paper's prompt-level strict accuracy.

    Records ``prompt_level_loose``, ``inst_level_strict`` and ``inst_level_loose`` too. The last two are the share of
    the prompt's instructions, weighted by their number: their mean is the paper's, which pools all instructions.
    """
    text = str(answer)
    forms = loose_forms(text)
    strict = [bool(text.strip()) and instruction.follows(text) for instruction in asked]
    loose = [done or any(map(one.follows, forms)) for one, done in zip(asked, strict, strict=True)]
    missed = [one.name for one, done in zip(asked, strict, strict=True) if not done]
    why = f"not followed: {', '.join(missed)}" if missed else ""
    score = Score(float(all(strict)), all(strict), text.strip(), ", ".join(one.name for one in asked), why)
    of = len(asked)
    every, number = f"all {of} instructions", f"{sum(loose)} of {of}, loosely"
    Score(float(all(loose)), all(loose), number, every, name="prompt_level_loose")
    Score(sum(loose) / of, all(loose), number, every, name="inst_level_loose", weight=of)
    Score(sum(strict) / of, all(strict), f"{sum(strict)} of {of}", every, name="inst_level_strict", weight=of)
    return score


def loose_forms(text: str) -> list[str]:
    """The other texts that count for loose accuracy, where not blank: without first line, last line, asterisks."""
    lines = text.split("\n")
    cut = [text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    forms = dict.fromkeys([*cut, *(form.replace("*", "") for form in cut)])
    return [form for form in forms if form.strip() and form != text]
