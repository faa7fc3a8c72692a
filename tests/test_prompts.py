"""From a sample's fields to the messages that are sent."""

import pytest

from pytest_modeleval.prompts import MULTIPLE_CHOICE, composed, filled, lettered
from pytest_modeleval.sample import Sample, SampleError

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
        ("{question.secret}", "the prompt template asks for .*attribute 'secret'; there are"),
        ("{options[7]}", "the prompt template asks for"),
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
    with pytest.raises(SampleError, match="chat messages are no solved example"):
        composed(Sample("a", "b"), [chat], template=None)


def test_options_are_lettered() -> None:
    assert lettered(["ice", "steam"]) == "A. ice\nB. steam"
