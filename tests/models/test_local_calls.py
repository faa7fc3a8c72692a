"""Calls of tools by a model in this process: what its template is given, and what is read out of its text."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import transformers

from pytest_modeleval import Completion, ToolCall, answer_message, result_message
from pytest_modeleval.models import decoding
from pytest_modeleval.models.spec import TINY, ModelSpec
from pytest_modeleval.models.transformers import TransformersModel
from pytest_modeleval.requests import Chat
from pytest_modeleval.sample import Refused, SampleError, StopRun
from tests.conftest import alias, run_alone

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
QUESTION = [{"role": "user", "content": "How warm?"}]
# As those of Qwen 3 are, but for the words.
HERMES = """\
{%- if tools %}tools: {% for tool in tools %}{{ tool | tojson }}{% endfor %}
{% endif %}
{%- for message in messages %}
{{- message.role }}: {{ message.content }}
{%- for call in message.tool_calls or [] %} <tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}
{% endfor %}assistant: """
# As `transformers serve` has it for Qwen 3 (5.23).
TEMPLATE = {
    "defaults": {"role": "assistant"},
    "start_anchor": "assistant: ",
    "fields": {
        "reasoning_content": {"open": "<think>", "close": "</think>", "content": "text"},
        "tool_calls": {
            "open_pattern": r"\s*<tool_call>",
            "close": "</tool_call>",
            "repeats": True,
            "content": "json",
            "transform": {"type": "function", "function": "{content}"},
        },
        "content": {"close_pattern": r"\s*<\|im_end\|>", "content": "text"},
    },
}
CALL = '<tool_call>\n{"name": "weather", "arguments": {"city": "Åre"}}\n</tool_call>'


def tokenizer(template: str | None = HERMES) -> Any:
    made = transformers.AutoTokenizer.from_pretrained(TINY)
    made.chat_template = template
    return made


def wrote(
    text: str,
    tokenizer: Any,
    *,
    tools: Sequence[Any] = (WEATHER,),
    hidden: set[int] = frozenset(),  # type: ignore[assignment]
) -> Completion:
    """The answer where a model wrote this text and its end."""
    ids = [*tokenizer.encode(text), tokenizer.eos_token_id]
    prompt = tokenizer.encode("assistant: ")
    ends = {tokenizer.eos_token_id}
    return decoding.completion(tokenizer, prompt, ids, ends=ends, hidden=hidden, stop=[], tools=tools)


def opened(**args: Any) -> TransformersModel:
    return TransformersModel(ModelSpec("tiny", "transformers", str(TINY), args={"dtype": "float32", **args}))


def asked(model: TransformersModel, request: Chat) -> Completion:
    async def once() -> Completion:
        try:
            return await model.answer(request)
        finally:
            await model.close()

    return asyncio.run(once())


def test_the_template_has_tools_calls_as_tables_and_results() -> None:
    model = opened(chat_template=HERMES)
    made = [{"id": "a", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}]
    first = Completion("I look.", tool_calls=made)
    talk = [*QUESTION, answer_message(first), result_message(first.calls[0], "7 °C")]

    ids = model.prompt(Chat(talk, [WEATHER])).tokens
    asyncio.run(model.close())

    prompt = model._tokenizer.decode(ids)
    assert prompt.startswith('tools: {"type": "function", "function": {"name": "weather"')
    assert prompt.endswith(
        'user: How warm?assistant: I look. <tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n'
        "</tool_call>tool: 7 °Cassistant: "
    )


def test_calls_in_the_form_of_hermes_are_read_where_the_template_has_it() -> None:
    answer = wrote(f"I look.\n{CALL}\n{CALL}", tokenizer())

    assert (answer.text, answer.finish_reason) == ("I look.", "tool_calls")
    assert answer.calls == (
        ToolCall("weather", '{"city": "Åre"}', "call00000"),
        ToolCall("weather", '{"city": "Åre"}', "call00001"),
    )


def test_a_thought_before_a_call_is_kept_apart() -> None:
    answer = wrote(f"<think>\nhm <tool_call>\n</think>\n\n{CALL}", tokenizer())

    assert (answer.thinking, answer.text) == ("hm <tool_call>", "")
    assert [call.name for call in answer.calls] == ["weather"]


@pytest.mark.parametrize("template", [HERMES.replace("<tool_call>", "<call>"), f"{HERMES}{{# <function= #}}"])
def test_without_that_form_the_text_stays(template: str) -> None:
    answer = wrote(CALL, tokenizer(template))

    assert (answer.text, answer.tool_calls, answer.finish_reason) == (CALL, (), "stop")


def test_a_text_that_was_offered_no_tools_calls_none() -> None:
    assert wrote(CALL, tokenizer(), tools=()).text == CALL


def by_template() -> Any:
    made = tokenizer(HERMES.replace("<tool_call>", "<call>"))
    if not hasattr(made, "response_template"):
        pytest.skip("this transformers reads answers by a schema of another form, or by none")
    made.response_template = TEMPLATE
    return made


def test_calls_are_read_by_the_tokenizers_own_template() -> None:
    answer = wrote(f"<think>\nhm\n</think>\n\nI look.\n{CALL}", by_template())

    assert (answer.thinking, answer.text, answer.finish_reason) == ("hm", "I look.", "tool_calls")
    assert answer.calls == (ToolCall("weather", '{"city": "Åre"}', "call00000"),)


@pytest.mark.parametrize(
    "text", ["It is warm.", '<tool_call>\n{"name": \n</tool_call>', "<tool_call>\n[1]\n</tool_call>"]
)
def test_what_the_template_cannot_read_stays_a_text(text: str) -> None:
    answer = wrote(text, by_template())

    assert [call for call in answer.calls if call.name] == []
    assert answer.text == text or answer.calls


def test_a_template_that_reads_nothing_is_no_wrong_answer() -> None:
    made = by_template()
    made.response_template = {"fields": TEMPLATE["fields"]}

    with pytest.raises(SampleError, match=r"its response template cannot be used: .*start_anchor"):
        wrote(CALL, made)


def test_marks_that_are_special_tokens_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tokenizer may have them among its special tokens, which are no text otherwise."""
    made = tokenizer()
    made.add_special_tokens({"additional_special_tokens": ["<tool_call>", "</tool_call>", "<other>"]})
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: made)
    model = opened(chat_template=HERMES)
    asyncio.run(model.close())

    answer = wrote(f"{CALL}<other>", made, hidden=model._hidden)

    assert [call.values for call in answer.calls] == [{"city": "Åre"}]
    assert answer.text == ""


# A template with no place for tools.
BARE = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"


def test_a_template_without_a_place_for_tools_ends_the_run() -> None:
    with pytest.raises(StopRun, match=r'tiny: its chat template has no place for tools, .* tools = "hermes"'):
        asked(opened(chat_template=BARE), Chat(QUESTION, [WEATHER], {"max_tokens": 2}))


@pytest.mark.parametrize("said", [{"tool_choice": "required"}, {"parallel_tool_calls": False}])
def test_what_nobody_can_hold_a_model_to_ends_the_run(said: dict[str, Any]) -> None:
    with pytest.raises(StopRun, match=f"cannot be held to {next(iter(said))}"):
        asked(opened(chat_template=HERMES), Chat(QUESTION, [WEATHER], said))


@pytest.mark.parametrize("said", [{"tool_choice": "auto", "parallel_tool_calls": True}, {"tool_choice": "none"}])
def test_what_changes_nothing_is_heard(said: dict[str, Any]) -> None:
    answer = asked(opened(chat_template=HERMES), Chat(QUESTION, [WEATHER], {**said, "max_tokens": 2}))

    without = answer.prompt_tokens is not None and answer.prompt_tokens < 30
    assert without == (said["tool_choice"] == "none")


def test_messages_that_the_template_refuses_are_that_samples_error() -> None:
    strict = "{{ raise_exception('roles must alternate') if messages | length > 1 }}"

    with pytest.raises(Refused, match="the chat template refuses these messages: roles must alternate"):
        asked(opened(chat_template=strict), Chat(QUESTION * 2))


TALK = f"""
from pytest_modeleval import Sample, answer_message, benchmark, generated

ROWS = generated(lambda subset, index: {{"q": "What is 3 + 4?"}}, {{"main": 1}})

@benchmark(ROWS, lambda row: Sample(row["q"], "7", tools=[{WEATHER}]))
def test_talk(sample, completion):
    assert completion.calls == ()
    assert completion.prompt_tokens > 100
"""


def test_a_dialect_is_that_of_a_model_in_this_process_too(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_talk=TALK)
    arguments = {"dtype": "float32", "chat_template": BARE}
    keys = {"model": str(Path(TINY)), "args": arguments, "generation": {"max_tokens": 4}}
    alias(pytester, "native", **keys)
    alias(pytester, "asked", tools="hermes", **keys)

    result = run_alone(pytester, "--model", "native", "test_talk.py")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: native: its chat template has no place for tools*"])

    run_alone(pytester, "--model", "asked", "test_talk.py").assert_outcomes(passed=1)
