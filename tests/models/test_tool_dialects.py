"""Tools by the prompt: how they are offered, what earlier calls become, and which calls a text makes."""

import json
import time
from typing import Any

import pytest

from pytest_modeleval import Completion, answer_message, result_message
from pytest_modeleval.models.sent import as_read, as_sent
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.models.tool_dialects import LONGEST, parsed
from pytest_modeleval.requests import Chat
from tests.conftest import FaultyServer, alias, answer, run

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "Wie warm", "parameters": PARAMETERS}}
HERMES = '<tool_call>\n{"name": "weather", "arguments": {"city": "Åre"}}\n</tool_call>'
OSLO = '<tool_call>{"name": "weather", "arguments": {"city": "Oslo"}}</tool_call>'


def called(dialect: str, text: str) -> tuple[str, list[tuple[str, Any]]]:
    """What remains of a text, and the calls' names with their arguments, read where they can be."""
    rest, calls = parsed(dialect, text)
    found: list[tuple[str, Any]] = []
    for call in Completion(rest, tool_calls=calls).calls:
        try:
            found.append((call.name, call.values))
        except ValueError:
            found.append((call.name, call.arguments))
    return rest, found


@pytest.mark.parametrize(
    ("text", "rest", "calls"),
    [
        (HERMES, "", [("weather", {"city": "Åre"})]),
        (f"I look.\n{HERMES}\n{OSLO}", "I look.", [("weather", {"city": "Åre"}), ("weather", {"city": "Oslo"})]),
        (HERMES.removesuffix("</tool_call>"), "", [("weather", {"city": "Åre"})]),
        (OSLO.replace("</tool_call>", "") + OSLO, "", [("weather", {"city": "Oslo"})] * 2),
        ('<tool_call>{"name": "f", "parameters": {"x": 1}}</tool_call>', "", [("f", {"x": 1})]),
        ('<tool_call>{"name": "f", "arguments": "{\\"x\\": 1}"}</tool_call>', "", [("f", {"x": 1})]),
        ('<tool_call>[{"name": "f"}, {"name": "g"}]</tool_call>', "", [("f", {}), ("g", {})]),
        (
            '<tool_call>{"name": "f", "arguments": {"x": }}</tool_call>',
            "",
            [("f", '{"name": "f", "arguments": {"x": }}')],
        ),
        ("<tool_call>weather(Oslo)</tool_call>", "", [("", "weather(Oslo)")]),
        ('<tool_call>{"arguments": {}}</tool_call>', "", [("", {})]),
        ("A <tool_call> mark begins a call.", "A <tool_call> mark begins a call.", []),
        ('{"name": "weather", "arguments": {}}', '{"name": "weather", "arguments": {}}', []),
        ("It is warm.", "It is warm.", []),
    ],
)
def test_calls_in_hermes(text: str, rest: str, calls: list[Any]) -> None:
    assert called("hermes", text) == (rest, calls)


@pytest.mark.parametrize(
    ("text", "rest", "calls"),
    [
        ("[weather(city='Åre')]", "", [("weather", {"city": "Åre"})]),
        ("[f(a=1, b=-2.5), m.g()]", "", [("f", {"a": 1, "b": -2.5}), ("m.g", {})]),
        ("f(a=1)", "", [("f", {"a": 1})]),
        ("```python\n[f(a=1)]\n```", "", [("f", {"a": 1})]),
        ("`[f(a=1)]`", "", [("f", {"a": 1})]),
        ("I look it up.\n\n[f(a=1),\n g(b=2)]", "I look it up.", [("f", {"a": 1}), ("g", {"b": 2})]),
        ("[First]\nI look.\n[f(a=1)]", "[First]\nI look.", [("f", {"a": 1})]),
        ("So:\n```python\n[f(a=1)]\n```", "So:", [("f", {"a": 1})]),
        (
            "[f(a=True, b=true, c=None, d=null, e=x)]",
            "",
            [("f", {"a": True, "b": True, "c": None, "d": None, "e": "x"})],
        ),
        ("[f(a=(1, [2]), b={'k': {'n': 1}, 2: 3})]", "", [("f", {"a": [1, [2]], "b": {"k": {"n": 1}, "2": 3}})]),
        ("[f(a=date(2024, 1), b=1 + 1)]", "", [("f", {"a": "date(2024, 1)", "b": "1 + 1"})]),
        (r"[f(a='\d+\n')]", "", [("f", {"a": "\\d+\n"})]),
        ("[f('Oslo', a=1)]", "", [("f", "'Oslo', a=1")]),
        ("[f(**x)]", "", [("f", "**x")]),
        ("Hello(world)", "Hello(world)", []),
        ("[1, 2]", "[1, 2]", []),
        ("[]", "[]", []),
        ("[f(a=1", "[f(a=1", []),
        ("[f(a=)]", "[f(a=)]", []),
        ("It is warm (7 °C)", "It is warm (7 °C)", []),
    ],
)
def test_calls_in_python(text: str, rest: str, calls: list[Any]) -> None:
    assert called("python", text) == (rest, calls)


def test_nothing_that_a_model_writes_is_run(tmp_path: Any) -> None:
    there = tmp_path / "there"

    called("python", f"[f(a=open({str(there)!r}, 'w'), b=__import__('os').getpid())]")

    assert not there.exists()
    assert called("python", "[f(b=__import__('os').getpid())]")[1] == [("f", {"b": "__import__('os').getpid()"})]


@pytest.mark.parametrize("dialect", ["hermes", "python"])
@pytest.mark.parametrize(
    "text",
    [
        *(
            "[f(a=" + "(" * 60_000,
            "[f(a=" + "-" * 49_000 + "1)]",
            "[f(a=b" + ".b" * 24_000 + ")]",
            "[a\n" * 16_000 + ")",
        ),
        *("[f(a=1" + "+1" * 24_000 + ")]", "[f(a=f'" + "{x}" * 16_000 + "')]", "[f(a=" + "9" * 49_000 + ")]"),
        *("<tool_call>" * 4_500, "<tool_call>{" * 4_000, "<tool_call>" + "[" * 49_000 + "</tool_call>"),
        *("[f(a=g" + "()" * 24_000 + ")]", "[f(a='" + "\\d" * 24_000 + "')]", "[f(a='\x00')]", "[f(a='\ud800')]"),
        "x" * (LONGEST + 1),
    ],
    ids=lambda text: text[:14],
)
def test_a_hostile_text_takes_no_time_and_no_depth(dialect: str, text: str) -> None:
    started = time.process_time()

    rest, calls = called(dialect, text)

    assert time.process_time() - started < 2
    assert rest == text or calls


@pytest.mark.parametrize(
    ("dialect", "call", "result"),
    [
        (
            "hermes",
            '<tool_call>\n{"name": "weather", "arguments": {"city": "Åre"}}\n</tool_call>',
            "<tool_response>\n{}\n</tool_response>",
        ),
        ("python", "[weather(city='Åre')]", "weather returned:\n{}"),
    ],
)
def test_a_conversation_with_tools_is_one_of_texts(dialect: str, call: str, result: str) -> None:
    made = {"id": "a", "function": {"name": "weather", "arguments": '{"city": "Åre"}'}}
    first = Completion("I look.", tool_calls=[made, {**made, "id": "b"}])
    talk = [
        {"role": "system", "content": "Be short."},
        *({"role": "user", "content": "How warm?"}, answer_message(first)),
        *(result_message(first.calls[0], "7 °C"), result_message(first.calls[1], "8 °C")),
        {"role": "user", "content": "And now?"},
    ]
    asked = Chat(talk, [WEATHER], {"tool_choice": "auto", "parallel_tool_calls": True, "max_tokens": 9})
    request = as_sent(ModelSpec("m", "openai", "m", tools=dialect), asked)
    assert isinstance(request, Chat)

    system, *rest = request.messages
    assert system["content"].startswith("Be short.\n\n# ")
    assert json.dumps(WEATHER["function"], ensure_ascii=False) in system["content"]
    both = call.replace("</tool_call>", "</tool_call>\n") + call if dialect == "hermes" else f"{call[:-1]}, {call[1:]}"
    assert rest == [
        {"role": "user", "content": "How warm?"},
        {"role": "assistant", "content": f"I look.\n{both}"},
        {"role": "user", "content": f"{result.format('7 °C')}\n{result.format('8 °C')}\nAnd now?"},
    ]
    assert (request.tools, request.generation, request.dialect) == ((), {"max_tokens": 9}, dialect)
    # What was called is read again.
    read = as_read(request, Completion(str(rest[1]["content"])))
    if dialect == "hermes":
        assert (read.text, read.finish_reason) == ("I look.", "tool_calls")
        assert [each.values for each in read.calls] == [{"city": "Åre"}] * 2


@pytest.mark.parametrize(
    ("dialect", "said"), [("hermes", "<tool_response>\n{}\n</tool_response>"), ("python", "weather returned:\n{}")]
)
def test_a_picture_in_a_result_stands_behind_its_text(dialect: str, said: str) -> None:
    made = Completion("", tool_calls=[{"id": "a", "function": {"name": "weather", "arguments": "{}"}}])
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    result = {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "7 °C"}, picture]}
    talk = [{"role": "user", "content": "How warm?"}, answer_message(made), result, {"role": "user", "content": "Now?"}]

    request = as_sent(ModelSpec("m", "openai", "m", tools=dialect), Chat(talk, [WEATHER]))

    assert isinstance(request, Chat)
    texts = [{"type": "text", "text": text} for text in (said.format("7 °C"), "Now?")]
    assert request.messages[-1] == {"role": "user", "content": [texts[0], picture, texts[1]]}


def test_tools_that_may_not_be_called_are_not_offered() -> None:
    spec = ModelSpec("m", "openai", "m", tools="hermes")
    question = [{"role": "user", "content": "q"}]

    assert as_sent(spec, Chat(question, [WEATHER], {"tool_choice": "none"})) == Chat(question)
    assert as_sent(spec, Chat(question)) == Chat(question)
    must, named = (
        as_sent(spec, Chat(question, [WEATHER], {"tool_choice": choice})).messages[0]["content"]
        for choice in ("required", {"type": "function", "function": {"name": "weather"}})
    )
    assert must.endswith("Call at least one function now.")
    assert named.endswith("Call weather now.")


CALLING = """
from pytest_modeleval import Sample, answer_message, benchmark, generated, result_message

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
ROWS = generated(lambda subset, index: {"q": f"{index}: how warm is it?"}, {"main": 2})

@benchmark(ROWS, lambda row: Sample(row["q"], "Oslo"))
async def test_calls(sample, model):
    messages = [*sample.messages]
    first = await model.complete(messages, tools=[TOOL])
    (call,) = first.calls
    assert call.values == {"city": sample.target}
    messages += [answer_message(first), result_message(call, "7")]
    await model.complete(messages, tools=[TOOL])
"""


@pytest.mark.parametrize(("dialect", "text"), [("hermes", f"I look. {OSLO}"), ("python", "[weather(city='Oslo')]")])
def test_a_model_without_tools_calls_one(
    project: pytest.Pytester, faulty_server: FaultyServer, dialect: str, text: str
) -> None:
    faulty_server.fault = answer(text)
    project.makepyfile(test_calling=CALLING)
    alias(project, "m", base_url=faulty_server.url, model="faulty", tools=dialect)

    run(project, "--model", "m", "test_calling.py").assert_outcomes(passed=2)

    assert not any("tools" in body for body in faulty_server.asked)
    assert [message["role"] for message in faulty_server.asked[-1]["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    # They are stored as they were read.
    asked = len(faulty_server.asked)
    run(project, "--model", "m", "test_calling.py").assert_outcomes(passed=2)
    run(project, "--model", "run:last", "test_calling.py").assert_outcomes(passed=2)
    assert len(faulty_server.asked) == asked
