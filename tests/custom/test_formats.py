"""Rows of a user's files as samples, and what is wrong with rows."""

from typing import Any

import pytest

from pytest_modeleval import Completion, Row, SampleError
from pytest_modeleval.custom import choice, qa
from pytest_modeleval.items.prompts import composed

CITIES = {"question": "Capital?", "A": "Paris", "B": "London", "C": "Rome"}


@pytest.mark.parametrize(
    ("fields", "target", "options"),
    [
        ({**CITIES, "answer": "B"}, "B", ["Paris", "London", "Rome"]),
        ({**CITIES, "answer": " b "}, "B", ["Paris", "London", "Rome"]),
        ({**CITIES, "answer": "Rome"}, "C", ["Paris", "London", "Rome"]),
        ({**CITIES, "answer": ["A", "C"]}, "AC", ["Paris", "London", "Rome"]),
        ({**CITIES, "answer": ["Rome", "Paris"]}, "AC", ["Paris", "London", "Rome"]),
        ({**CITIES, "answer": "AC"}, "AC", ["Paris", "London", "Rome"]),
        ({**CITIES, "answer": "A, C"}, "AC", ["Paris", "London", "Rome"]),
        ({**CITIES, "C": "", "D": None, "answer": "A"}, "A", ["Paris", "London"]),
        ({"query": "Two?", "options": ["one", "two"], "answer": "two"}, "B", ["one", "two"]),
        ({"question": "Two?", "choices": [1, 2], "answer": "2"}, "B", ["1", "2"]),
        ({"question": "Which?", "A": "x", "B": "y", "answer": "y"}, "B", ["x", "y"]),
        ({"question": "Which?", "A": "X", "B": "Y", "answer": "Y"}, "B", ["X", "Y"]),
        ({**CITIES, "C": float("nan"), "id": float("nan"), "system": float("nan"), "answer": "A"}, "A", ["Paris", "London"]),
        ({"question": "Which letter?", "A": "A", "B": "B", "answer": "A"}, "A", ["A", "B"]),
    ],
    ids=["letter", "lower case", "text", "list", "texts", "letters", "with comma", "fewer", "options", "numbers", "small text", "text", "nan", "same"],
)  # fmt: skip
def test_a_row_of_choices(fields: dict[str, Any], target: str, options: list[str]) -> None:
    sample = choice.to_sample(Row(fields, "row"))

    assert (sample.target, list(sample.options)) == (target, options)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answer": ""}, "column 'answer' is empty"),
        ({"answer": None}, "column 'answer' is empty"),
        ({"answer": []}, "column 'answer' is empty"),
        ({"question": "  "}, "column 'question' is empty"),
        ({"question": ["x"]}, r"column 'question' holds \['x'\]; write it as text"),
        ({"query": "again?"}, "columns 'question' and 'query' are both filled; keep one"),
        ({"B": ""}, "column 'B' is empty"),
        ({"A": None, "B": None, "C": None}, "column 'A' is empty"),
        ({"options": ["x", "y"]}, "columns 'options' and 'A' are both filled; keep one"),
        ({"answer": "D"}, "column 'answer' is 'D', but there is no option D: A 'Paris', B 'London', C 'Rome'"),
        ({"answer": "AD"}, "column 'answer' is 'AD', but there is no option D"),
        ({"answer": "Bern"}, "column 'answer' is 'Bern', no letter and no option's text: A 'Paris'"),
        ({"answer": 1}, "column 'answer' is '1', .*; a number could count from 0 or from 1, so write the letter"),
        (
            {"A": "1", "B": "2", "C": "3", "answer": 1},
            "column 'answer' is ambiguous: the number 1 could be an option's text",
        ),
        ({"A": 10, "B": "n/a", "C": 2.5, "answer": 2.5}, "column 'answer' is ambiguous: the number 2.5 could be"),
        ({"A": 1, "B": 2, "C": 3, "answer": [1, 2]}, r"column 'answer' is ambiguous: the number \[1, 2\] could be"),
        ({"answer": float("nan")}, "column 'answer' is empty"),
        ({"question": float("nan")}, "column 'question' is empty"),
        ({"A": float("nan")}, "column 'A' is empty"),
        ({"B": "y", "C": "y", "answer": "y"}, "column 'answer' is ambiguous: 'y' is the text of options B and C"),
        ({"answer": True}, "column 'answer' holds True; write it as text"),
        ({"answer": "AA"}, "column 'answer' names an option twice: 'AA'"),
        ({"answer": ["A", "Paris"]}, "column 'answer' names an option twice"),
        ({"C": "Paris", "answer": "Paris"}, "column 'answer' is ambiguous: 'Paris' is the text of options A and C"),
        ({"A": "B", "answer": "B"}, "column 'answer' is ambiguous: 'B' is a letter and the text of option A"),
    ],
)
def test_a_wrong_row_of_choices(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SampleError, match=said):
        choice.to_sample(Row({**CITIES, "answer": "B", **change}, "row"))


@pytest.mark.parametrize("options", ["one, two", ["one"], ["one", ""], {"A": "one", "B": "two"}])
def test_options_that_are_no_list_of_two(options: object) -> None:
    with pytest.raises(SampleError, match="column 'options' is a list of 2 to 26 options, not"):
        choice.to_sample(Row({"question": "?", "options": options, "answer": "A"}, "row"))


def test_one_right_option_is_asked_for_as_in_shipped_benchmarks() -> None:
    from pytest_modeleval.items.prompts import MULTIPLE_CHOICE

    row = Row({**CITIES, "answer": "B"}, "row")
    asked = composed(choice.to_sample(row), [], template=choice.PROMPT)

    assert asked.prompt == composed(choice.to_sample(row), [], template=MULTIPLE_CHOICE).prompt
    assert choice.scored(asked, Completion("ANSWER: B"))
    assert not choice.scored(asked, Completion("ANSWER: A"))


@pytest.mark.parametrize("fields", [{"answer": ["A", "C"]}, {"answer": "AC"}], ids=["list", "letters"])
def test_several_right_options_are_asked_for_and_all_wanted(fields: dict[str, Any]) -> None:
    asked = composed(choice.to_sample(Row({**CITIES, **fields}, "row")), [], template=choice.PROMPT)

    assert str(asked.prompt).endswith("End with a line that says ANSWER: and the letters of all right options.")
    assert choice.scored(asked, Completion("ANSWER: A, C"))
    assert not choice.scored(asked, Completion("ANSWER: A"))


@pytest.mark.parametrize(
    ("fields", "messages", "answers"),
    [
        ({"query": "Who?", "response": "Me"}, [{"role": "user", "content": "Who?"}], ["Me"]),
        ({"question": "1+1?", "answer": 2}, [{"role": "user", "content": "1+1?"}], ["2"]),
        ({"question": "Who?", "answer": ["Me", "I"]}, [{"role": "user", "content": "Who?"}], ["Me", "I"]),
        (
            {"system": "Be short.", "query": "Who {x}?", "response": "Me"},
            [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Who {x}?"}],
            ["Me"],
        ),
        (
            {"messages": '[{"role": "user", "content": "Who?"}]', "response": "Me"},
            [{"role": "user", "content": "Who?"}],
            ["Me"],
        ),
    ],
    ids=["query", "number", "several", "system", "json"],
)
def test_a_row_of_a_question(fields: dict[str, Any], messages: list[Any], answers: list[str]) -> None:
    sample = composed(qa.to_sample(Row(fields, "row")), [], template=qa.PROMPT)

    assert (sample.messages, sample.metadata["answers"], sample.target) == (messages, answers, answers[0])


def test_messages_with_content_parts_pass_unchanged() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages = [
        {"role": "system", "content": "Look."},
        {"role": "user", "content": [{"type": "text", "text": "What {animal}?"}, image]},
    ]

    sample = composed(qa.to_sample(Row({"messages": messages, "answer": "Dog"}, "row")), [], template=qa.PROMPT)

    assert sample.messages == messages


def test_the_runs_system_prompt_goes_over_the_rows() -> None:
    sample = qa.to_sample(Row({"question": "Who?", "answer": "Me", "system": "row's"}, "row"))

    assert composed(sample, [], template=qa.PROMPT, system="run's").messages[0]["content"] == "run's"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"question": "?"}, "column 'answer' is missing"),
        ({"question": "?", "response": ""}, "column 'response' is empty"),
        ({"answer": "x"}, "column 'question' is missing"),
        ({"question": "?", "answer": "x", "response": "y"}, "columns 'answer' and 'response' are both filled; keep one"),
        ({"question": "?", "answer": ["x", ""]}, "column 'answer' holds an empty text"),
        ({"question": "?", "answer": {"text": "x"}}, "column 'answer' holds .*; write it as text"),
        ({"question": "?", "answer": "x", "system": 3.5j}, "column 'system' holds"),
        ({"messages": "[", "answer": "x"}, "column 'messages' is not JSON"),
        ({"messages": ["hi"], "answer": "x"}, "column 'messages' is a list of .* not"),
        ({"messages": {"role": "user"}, "answer": "x"}, "column 'messages' is a list of .* not"),
        ({"messages": [{"role": "assistant"}], "answer": "x"}, "ends with an assistant's message; the right answer"),
    ],
)  # fmt: skip
def test_a_wrong_row_of_a_question(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(SampleError, match=said):
        qa.to_sample(Row(fields, "row"))


@pytest.mark.parametrize(
    ("metrics", "values"),
    [
        (["exact"], {"main": 0}),
        (["exact", "f1"], {"main": 0, "f1": 2 / 3}),
        (["f1"], {"main": 2 / 3}),
        (["rouge"], {"main": 2 / 3, "rouge-1": 2 / 3, "rouge-l-precision": 0.5, "rouge-l-recall": 1, "rouge-2": 0}),
        (["bleu"], {"main": (1 / 2 * 1 / 2) ** 0.5, "bleu-1": 0.5}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_first_metric_is_the_samples_own(metrics: list[str], values: dict[str, float]) -> None:
    from pytest_modeleval.sample import recorded_scores

    sample = qa.to_sample(Row({"question": "?", "answer": "Paris"}, "row"))
    scores: list[Any] = []
    token = recorded_scores.set(scores)
    try:
        main = qa.scorer_of(metrics, 0.5)(sample, Completion("Hello Paris"))
    finally:
        recorded_scores.reset(token)

    found = {score.name: score.value for score in scores}
    assert main is scores[0]
    assert {name: found[name] for name in values} == pytest.approx(values)


def test_the_pass_mark_decides_what_is_right() -> None:
    sample = qa.to_sample(Row({"question": "?", "answer": "Paris"}, "row"))

    assert qa.scorer_of(["f1"], 0.6)(sample, Completion("Hello Paris"))
    below = qa.scorer_of(["f1"], 0.7)(sample, Completion("Hello Paris"))
    assert (below.passed, below.why) == (False, "f1 0.667 is below 0.7")
