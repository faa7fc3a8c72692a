"""From a sample's fields to the messages that are sent."""

from collections.abc import Sequence

import pytest

from pytest_modeleval.items.prompts import MULTIPLE_CHOICE, Cloze, composed, filled, lettered, weighed
from pytest_modeleval.requests import LogLikelihood
from pytest_modeleval.sample import Sample, SampleError, last_question

QUESTION = Sample({"question": "Is {x} ice?", "options": ["raw"]}, "B", options=["yes", "no"])


def test_fields_and_lettered_options_fill_the_template() -> None:
    assert filled(QUESTION, "{question}|{options}") == "Is {x} ice?|A. yes\nB. no"
    assert filled(QUESTION, MULTIPLE_CHOICE).splitlines()[0] == "Is {x} ice?"  # type: ignore[union-attr]


def test_a_text_is_a_field_of_a_template_too() -> None:
    assert filled(Sample("Why?", "x"), "Tell me. {prompt}") == "Tell me. Why?"
    assert filled(Sample("Why {x}?", "x"), None) == "Why {x}?"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{qestion}", "the prompt template asks for 'qestion'; there are: question, options"),
        ("{question.secret}", "the prompt template cannot be filled: .*attribute 'secret'; there are"),
        ("{options[7]}", "the prompt template asks for"),
        ("{question[first]}", "the prompt template cannot be filled: string indices"),
    ],
)
def test_a_field_that_is_not_there_is_the_samples_error(template: str, message: str) -> None:
    sample = Sample({"question": "x", "options": ["raw"]}, "A")

    with pytest.raises(SampleError, match=message):
        filled(sample, template)


def test_fields_without_a_template_are_an_error() -> None:
    with pytest.raises(SampleError, match=r"these fields need a prompt template, .*: question, options"):
        composed(QUESTION, [], template=None)


def test_examples_are_turns_that_end_with_their_solutions() -> None:
    example = Sample({"question": "Is snow ice?"}, "A", options=["yes", "no"])

    asked = composed(QUESTION, [example], template="{question}", system="Be brief.")

    assert asked.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Is snow ice?"},
        {"role": "assistant", "content": "ANSWER: A"},
        {"role": "user", "content": "Is {x} ice?"},
    ]
    assert asked.target == "B"


def test_examples_may_be_one_message() -> None:
    example = Sample({"question": "1+1?"}, "2", solution="It is 2.")

    asked = composed(Sample({"question": "1+2?"}, "3"), [example], template="{question}", turns=False)

    assert asked.messages == [{"role": "user", "content": "1+1?\n\nIt is 2.\n\n\n1+2?"}]


def test_a_system_prompt_replaces_the_samples_own() -> None:
    chat = Sample([{"role": "system", "content": "old"}, {"role": "user", "content": "Hi"}], "x")

    assert composed(chat, [], template=None, system="new").messages == [
        {"role": "system", "content": "new"},
        {"role": "user", "content": "Hi"},
    ]


def test_chat_messages_take_no_examples() -> None:
    chat = Sample([{"role": "user", "content": "Hi"}], "x")

    with pytest.raises(SampleError, match="a prompt of chat messages takes no solved examples"):
        composed(chat, [Sample("a", "b")], template=None)
    with pytest.raises(SampleError, match="a prompt of chat messages takes no solved examples"):
        composed(Sample("a", "b"), [chat], template=None)


def test_options_are_lettered() -> None:
    assert lettered(["ice", "steam"]) == "A. ice\nB. steam"


WATER = Sample({"question": "Is ice wet?"}, "B", options=["yes", "no"])
SNOW = Sample({"question": "Is snow white?"}, "A", options=["yes", "no"])


def pairs(sample: Sample) -> Sequence[tuple[str, str]]:
    assert isinstance(sample.prompt, LogLikelihood)
    return sample.prompt.pairs


def test_options_are_weighed_after_the_question() -> None:
    sample = weighed(WATER, [], Cloze())

    context = "Question: Is ice wet?\nAnswer:"
    assert pairs(sample) == [(context, " yes"), (context, " no")]
    assert sample.messages == [{"role": "user", "content": context}]


def test_solved_examples_and_an_opening_stand_above() -> None:
    sample = weighed(WATER, [SNOW, WATER], Cloze("Q: {question}\nA:", opening="Answer well."))

    above = "Answer well.\n\nQ: Is snow white?\nA: yes\n\nQ: Is ice wet?\nA: no\n\nQ: Is ice wet?\nA:"
    assert pairs(sample) == [(above, " yes"), (above, " no")]


def test_letters_may_be_weighed_instead() -> None:
    sample = weighed(WATER, [], Cloze("{question}\n{options}\nAnswer:", " {letter}"))

    assert pairs(sample)[1] == ("Is ice wet?\nA. yes\nB. no\nAnswer:", " B")


def test_one_continuation_may_be_weighed_after_each_option() -> None:
    sample = weighed(WATER, [SNOW], Cloze("It is {option}", ", I say."))

    assert pairs(sample) == [
        ("It is yes, I say.\n\nIt is yes", ", I say."),
        ("It is yes, I say.\n\nIt is no", ", I say."),
    ]
    assert sample.asked == "Is ice wet?"
    assert last_question(sample.messages) == "It is yes, I say.\n\nIt is yes\nIt is yes, I say.\n\nIt is no"


def test_spaces_that_end_a_context_belong_to_the_continuation() -> None:
    assert pairs(weighed(WATER, [], Cloze("It is ", "{option}"))) == [("It is", " yes"), ("It is", " no")]


def test_further_texts_are_weighed_behind_the_options() -> None:
    sample = weighed(Sample(WATER.prompt, "B", WATER.options, further=["never"]), [], Cloze("A:"))

    assert pairs(sample) == [("A:", " yes"), ("A:", " no"), ("A:", " never")]


@pytest.mark.parametrize(
    ("sample", "cloze", "message"),
    [
        (Sample({"question": "x"}, "A", ["one"]), Cloze(), "choose among 2 to 26 options, this sample has 1$"),
        (Sample({"question": "x"}, "A", ["o"] * 27), Cloze(), "choose among 2 to 26 options, this sample has 27$"),
        (
            Sample({"q": "x"}, "A", ["a", "b"]),
            Cloze(),
            "template asks for 'question'; there are: q, options, option, letter",
        ),
        (
            Sample("x", "A", ["a", "b"]),
            Cloze(),
            "template asks for 'question'; there are: prompt, options, option, letter",
        ),
        (WATER, Cloze(opening="{topic}"), "template asks for 'topic'; there are: question, options"),
        (Sample({"question": "x"}, "A", ["a", " "]), Cloze("Q:"), "nothing to weigh: option ' ' makes '  ' after 'Q:'"),
        (WATER, Cloze(" ", "{option}"), "nothing to weigh: option 'yes' makes 'yes' after ''"),
    ],
    ids=["one", "27", "field", "text", "opening", "empty", "context"],
)
def test_what_cannot_be_weighed_is_the_samples_error(sample: Sample, cloze: Cloze, message: str) -> None:
    with pytest.raises(SampleError, match=message):
        weighed(sample, [], cloze)
