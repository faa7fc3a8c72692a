"""IFEval's scores of an answer, and rows that cannot be checked."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.sample import Completion, SampleError, Score, recorded_scores
from pytest_modeleval.scorers import language
from pytest_modeleval.scorers.instructions import follows_instructions, instructions, loose_forms

Asked = tuple[str, dict[str, Any]]
NO_COMMA: Asked = ("punctuation:no_comma", {})
BULLETS: Asked = ("detectable_format:number_bullet_lists", {"num_bullets": 1, "keywords": None})
QUOTED: Asked = ("startend:quotation", {"relation": None})


def scores(text: str, *asked: Asked) -> dict[str, Score]:
    made: list[Score] = []
    token = recorded_scores.set(made)
    try:
        names, arguments = zip(*asked, strict=True)
        follows_instructions(Completion(text), instructions(names, arguments))
    finally:
        recorded_scores.reset(token)
    return {score.name: score for score in made}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"no comma"', (1, 1, 1, 1)),
        ("no comma", (0, 0, 1 / 2, 1 / 2)),
        ("one, two", (0, 0, 0, 0)),
        # Loose: without the first line, the last line, both, or asterisks; each instruction in its own form.
        ('Sure, here:\n"it is"', (0, 1, 0, 1)),
        ('"it is"\nYes, done', (0, 1, 0, 1)),
        ('Sure:\n"it is"\nYes, done', (0, 1, 0, 1)),
        ('**"it is"**', (0, 1, 1 / 2, 1)),
        ('Sure:\n*"it is"*\nYes, done', (0, 1, 0, 1)),
        ('"one, two"\nno comma', (0, 1, 0, 1)),
        ('Sure,\nno comma\n"but, here"', (0, 0, 0, 1 / 2)),
        ("", (0, 0, 0, 0)),
        (" \n ", (0, 0, 0, 0)),
        # Nothing is left without the asterisks, and nothing follows no instruction.
        ("***", (0, 0, 1 / 2, 1 / 2)),
    ],
    ids=repr,
)
def test_the_four_scores(text: str, expected: tuple[float, ...]) -> None:
    made = scores(text, NO_COMMA, QUOTED)

    metrics = ["main", "prompt_level_loose", "inst_level_strict", "inst_level_loose"]
    assert tuple(made[metric].value for metric in metrics) == expected
    assert [made[metric].weight for metric in metrics] == [1, 1, 2, 2]
    assert len(made) == 4


def test_the_weighted_mean_pools_the_instructions() -> None:
    """The official script divides all followed instructions by all instructions: here 1 + 0 + 1 of 4."""
    made = [
        scores("one, two", NO_COMMA, QUOTED, BULLETS)["inst_level_strict"],
        scores("no comma", NO_COMMA)["inst_level_strict"],
    ]

    assert sum(score.value * score.weight for score in made) / sum(score.weight for score in made) == 1 / 4


def test_what_is_not_followed_is_named() -> None:
    main = scores("one, two", NO_COMMA, BULLETS, QUOTED)["main"]

    assert main.why == "not followed: punctuation:no_comma, detectable_format:number_bullet_lists, startend:quotation"
    assert scores("fine", NO_COMMA)["main"].why == ""


def test_the_first_score_recorded_is_the_samples_own() -> None:
    assert next(iter(scores("one, two", NO_COMMA))) == "main"


def test_the_loose_forms_are_the_papers() -> None:
    assert loose_forms("*a*\nb\nc*") == ["b\nc*", "*a*\nb", "b", "a\nb\nc", "b\nc", "a\nb"]
    assert loose_forms("one line") == []


@pytest.mark.parametrize(
    ("names", "arguments", "message"),
    [
        (["keywords:rhyme"], [{}], "unknown instruction 'keywords:rhyme'; known are change_case:"),
        ([], [], "0 instructions have 0 sets of arguments"),
        (["punctuation:no_comma"], [], "1 instructions have 0 sets of arguments: ['punctuation:no_comma']"),
        (["length_constraints:number_words"], [{"num_words": 3}], "number_words takes num_words, relation, not {'num_words': 3}"),
        (["length_constraints:number_words"], [{"num_words": 3, "relation": None}], "takes num_words, relation, not"),
        (["punctuation:no_comma"], [{"keywords": ["a"]}], "no_comma takes no arguments, not {'keywords': ['a']}"),
        (["length_constraints:number_words"], [{"num_words": "3", "relation": "at least"}], "cannot be checked with"),
        (["length_constraints:number_words"], [{"num_words": 3, "relation": "at most"}], "cannot be checked with"),
        (["length_constraints:number_words"], [{"num_words": -1, "relation": "at least"}], "cannot be checked with"),
        (["length_constraints:number_words"], [{"num_words": float("inf"), "relation": "at least"}], "cannot be"),
        (["detectable_format:number_bullet_lists"], [{"num_bullets": True}], "cannot be checked with"),
        (["detectable_format:number_bullet_lists"], [{"num_bullets": 1.5}], "cannot be checked with"),
        (["keywords:existence"], [{"keywords": []}], "cannot be checked with"),
        (["keywords:existence"], [{"keywords": "cat"}], "cannot be checked with"),
        (["keywords:forbidden_words"], [{"forbidden_words": ["a", 3]}], "cannot be checked with"),
        (["keywords:letter_frequency"], [{"letter": "ab", "let_frequency": 1, "let_relation": "at least"}], "cannot be"),
        (["language:response_language"], [{"language": "tlh"}], "cannot be checked with {'language': 'tlh'}"),
        (["startend:end_checker"], [{"end_phrase": " "}], "cannot be checked with"),
        (
            ["length_constraints:nth_paragraph_first_word"],
            [{"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}],
            "cannot be checked with",
        ),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_checked_is_an_error(names: list[str], arguments: list[Any], message: str) -> None:
    with pytest.raises(SampleError, match=re.escape(message)):
        instructions(names, arguments)


def test_numbers_may_be_floats_as_in_some_copies() -> None:
    assert scores("a b c", ("length_constraints:number_words", {"num_words": 3.0, "relation": "at least"}))["main"]


@pytest.fixture
def _unread() -> Iterator[None]:
    """Libraries and models are looked for anew."""
    for cached in (language._factory, language._nltk):
        cached.cache_clear()
    yield
    for cached in (language._factory, language._nltk):
        cached.cache_clear()


@pytest.mark.usefixtures("_unread")
@pytest.mark.parametrize(
    ("library", "name", "arguments"),
    [
        ("langdetect", "language:response_language", {"language": "de"}),
        ("langdetect", "change_case:english_capital", {}),
        ("nltk", "change_case:capital_word_frequency", {"capital_frequency": 1, "capital_relation": "at least"}),
        ("nltk", "length_constraints:number_sentences", {"num_sentences": 1, "relation": "at least"}),
    ],
)
def test_a_missing_library_is_said_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, library: str, name: str, arguments: dict[str, Any]
) -> None:
    for module in [library, *(module for module in sys.modules if module.startswith(f"{library}."))]:
        monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(SampleError, match=re.escape("pip install 'pytest-modeleval[ifeval]'")):
        instructions([name], [arguments])
    assert instructions(["punctuation:no_comma"], [{}])


@pytest.mark.usefixtures("_unread")
def test_a_missing_sentence_model_is_said_with_the_command_that_fetches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])
    nltk.tokenize._get_punkt_tokenizer.cache_clear()

    with pytest.raises(SampleError, match=r"python -m nltk\.downloader punkt_tab, or set NLTK_DATA to"):
        instructions(["length_constraints:number_sentences"], [{"num_sentences": 1, "relation": "at least"}])


@given(st.text(max_size=100))
def test_strict_implies_loose_and_nothing_follows_nothing(text: str) -> None:
    made = scores(text, NO_COMMA, BULLETS, QUOTED)

    assert made["main"].value <= made["prompt_level_loose"].value
    assert made["inst_level_strict"].value <= made["inst_level_loose"].value
    assert text.strip() or not any(made.values())


def real_rows(real_data: Path) -> list[dict[str, Any]]:
    lines = (real_data / "ifeval/ifeval_input_data.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_real_row_can_be_checked(real_data: Path) -> None:
    """541 prompts, 834 instructions: the paper's counts. The hubs' copies have null for what a checker does not take."""
    rows = real_rows(real_data)
    every = {argument: None for row in rows for arguments in row["kwargs"] for argument in arguments}
    asked = [
        instructions(row["instruction_id_list"], [every | arguments for arguments in row["kwargs"]]) for row in rows
    ]

    followed = sum(
        instruction.follows(row["prompt"]) for row, few in zip(rows, asked, strict=True) for instruction in few
    )
    assert (len(asked), sum(map(len, asked)), len({one.name for few in asked for one in few})) == (541, 834, 25)
    assert 0 < followed < 834


def test_no_real_keyword_is_a_pattern(real_data: Path) -> None:
    """The official code takes keywords for regular expressions; for these that is the same as their text."""
    kinds = ("keyword", "keywords", "forbidden_words", "section_spliter")
    keywords: list[str] = []
    for arguments in (arguments for row in real_rows(real_data) for arguments in row["kwargs"]):
        for kind in kinds:
            value = arguments.get(kind, [])
            keywords += [value] if isinstance(value, str) else value

    assert len(keywords) > 200
    assert not [keyword for keyword in keywords if set(keyword) & set(r".^$*+?{}[]\|()")]
