"""general_fc: who calls a tool where one should be called, and whether its arguments fit."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from pytest_modeleval.sample import Completion, Json, Sample, SampleError
from pytest_modeleval.scorers import function_calls
from pytest_modeleval.scorers.function_calls import call_score, is_called, misfits
from tests.conftest import FaultyServer, answer, modeleval, run, send
from tests.reports.conftest import Data

NUMBER = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}},
    "required": ["a"],
    "additionalProperties": False,
}


def tool(parameters: object = None, name: str = "add") -> Json:
    function = {"name": name} if parameters is None else {"name": name, "parameters": parameters}
    return {"type": "function", "function": function}


def calling(*arguments: str, name: str = "add", ended: str = "tool_calls") -> Completion:
    calls = [{"id": f"id{n}", "function": {"name": name, "arguments": each}} for n, each in enumerate(arguments)]
    return Completion("", finish_reason=ended, tool_calls=calls)


@pytest.mark.parametrize(
    ("arguments", "parameters", "wrong"),
    [
        # As EvalScope 1.14.1's `validate_tool_call` has it.
        ('{"a": 1}', NUMBER, ""),
        ('{"a": 1.0}', NUMBER, ""),
        ('{"a": 2, "b": "x"}', NUMBER, ""),
        ('{"a": true}', NUMBER, "add: $.a: True is not of type 'integer'"),
        ('{"a": 2, "b": "z"}', NUMBER, "add: $.b: 'z' is not one of ['x', 'y']"),
        ("{}", NUMBER, "add: $: 'a' is a required property"),
        ('{"a": 1, "c": 2}', NUMBER, "add: $: Additional properties are not allowed ('c' was unexpected)"),
        ('{"a": ', NUMBER, "add: its arguments cannot be read: Expecting value: line 1 column 6 (char 5)"),
        ("{}", {"query": "company X"}, ""),
        ("{}", True, ""),
        # Otherwise: see docs/tools.md.
        ("", {"type": "object"}, ""),
        ('{"any": 1}', None, ""),
        ('{"any": 1}', {}, ""),
        ("[1]", {}, "add: its arguments cannot be read: no JSON object but a list"),
        ('{"a": NaN}', {}, "add: its arguments cannot be read: NaN is no JSON"),
    ],
)
def test_a_call_fits_where_its_arguments_do(arguments: str, parameters: object, wrong: str) -> None:
    assert misfits(calling(arguments), [tool(parameters)]) == ([wrong] if wrong else [])


def test_every_call_must_fit_and_be_of_a_tool_that_was_offered() -> None:
    other = misfits(calling("{}", name="sub"), [tool()])
    second = misfits(calling('{"a": 1}', '{"a": "x"}'), [tool(NUMBER)])

    assert other == ["sub: no tool of that name was offered"]
    assert second == ["add: $.a: 'x' is not of type 'integer'"]
    assert misfits(calling(), [tool()]) == ["it ended by tool_calls, and there is no call"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "^(a+)+$"}, f"{'a' * 60}b"),
        ({"uniqueItems": True}, [{"n": n} for n in range(20_000)]),
        ({"$ref": "#/$defs/n"}, json.loads("[" * 40 + "1" + "]" * 40)),
    ],
    ids=["pattern", "unique", "nested"],
)
def test_arguments_that_take_for_ever_to_check_do_not_fit(
    monkeypatch: pytest.MonkeyPatch, schema: Json, value: Any
) -> None:
    monkeypatch.setattr(function_calls, "CPU_SECONDS", 1)
    n = {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/n"}] * 3}}
    offered = [tool({"properties": {"x": schema}, "$defs": {"n": n}})]

    wrong = misfits(calling(json.dumps({"x": value}), json.dumps({"x": []})), offered)

    assert wrong == ["add: the arguments take over 1 s of computing to check"] * 2
    assert misfits(calling("{}"), offered) == []


def test_a_schema_that_takes_for_ever_by_itself_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_calls, "CPU_SECONDS", 1)
    deep = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 9} for n in range(12)}

    with pytest.raises(SampleError, match=r"the schemas of its tools take over 1 s to check \{\}"):
        misfits(calling("{}"), [tool({"$ref": "#/$defs/d0", "$defs": {**deep, "d12": {}}})])


def test_a_number_that_cannot_be_compared_does_not_fit() -> None:
    wrong = misfits(calling(f'{{"x": {"9" * 400}}}'), [tool({"properties": {"x": {"multipleOf": 0.1}}})])

    assert wrong == ["add: it cannot be compared: int too large to convert to float"]


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        ([tool({"type": "dict"})], "the parameters of a tool are no JSON schema: 'dict' is not valid*"),
        ([{"name": "add"}], "a tool is {'type': 'function', 'function': {'name': …}}, not*"),
        ([tool({"$ref": "http://127.0.0.1:9/x.json"})], "the schema of the tool 'add' cannot be used: *"),
        ([tool({"$ref": "#"})], "the schema of the tool 'add' cannot be used: *"),
    ],
)
def test_a_schema_that_is_none_is_an_error_and_none_is_fetched(tools: list[Json], said: str) -> None:
    with pytest.raises(SampleError) as raised:
        misfits(calling("{}"), tools)

    assert str(raised.value).startswith(said.rstrip("*"))


@pytest.mark.parametrize(
    ("completion", "called"),
    [
        (calling("{}"), True),
        (calling("{}", ended="stop"), True),
        (calling("{}", ended="length"), False),
        (calling("{}", ended="content_filter"), False),
        (calling(), True),
        (Completion("no"), False),
    ],
)
def test_what_ends_by_tool_calls_or_by_stop_with_a_call_calls(completion: Completion, *, called: bool) -> None:
    assert is_called(completion) is called


@pytest.mark.parametrize(
    ("target", "completion", "right"),
    [
        ("a call", calling('{"a": 1}'), True),
        ("a call", calling('{"a": "x"}'), False),
        ("a call", Completion("no"), False),
        ("no call", calling('{"a": 1}'), False),
        ("no call", Completion("no"), True),
        ("", calling('{"a": 1}'), True),
        ("", Completion("no"), True),
        ("", calling("[]"), False),
    ],
)
def test_right_is_to_call_just_where_one_should(target: str, completion: Completion, *, right: bool) -> None:
    assert bool(call_score(Sample("q", target, tools=[tool(NUMBER)]), completion)) is right


def test_without_jsonschema_a_line_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jsonschema", None)

    with pytest.raises(SampleError, match=r"pip install 'pytest-modeleval\[tools\]'"):
        misfits(calling("{}"), [tool({"type": "object", "title": "not seen before"})])


# The figures, by a run over a user's own file.

ROWS = [
    *({"messages": [{"role": "user", "content": f"call {n}"}], "should_call_tool": True} for n in range(4)),
    *({"messages": [{"role": "user", "content": f"talk {n}"}], "should_call_tool": False} for n in range(3)),
]
# Of those that should be called two are, one of them by what fits; of the others one is, by what fits.
CALLS = {"call 0": '{"a": 1}', "call 1": '{"a": "x"}', "talk 0": '{"a": 1}'}


@pytest.fixture
def calls(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        asked = body["messages"][-1]["content"]
        if asked == "call 3":
            send(handler, 400, {"error": {"message": "not this"}})
            return
        function = {"name": "add", "arguments": CALLS.get(asked)}
        calls = [{"id": "a", "type": "function", "function": function}] if asked in CALLS else []
        answer("no", tool_calls=calls)(handler, body)

    faulty.fault = fault
    rows = [{**row, "tools": [tool(NUMBER)]} for row in ROWS]
    (project.path / "calls.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return project


def test_the_four_figures_are_those_of_evalscope_but_errors_count_nowhere(calls: pytest.Pytester) -> None:
    result = run(calls, "--model", "faulty", "--eval-file", "calls.jsonl", "--eval-write", "run.json", "-rfE")

    result.assert_outcomes(passed=3, failed=3, errors=1)
    rows = json.loads((calls.path / "run.json").read_text())["rows"]
    metrics = {row["metric"]: row["score"] for row in rows}
    assert metrics == {
        "main": 0.5,
        "count_finish_reason_tool_call": 3,
        "count_successful_tool_call": 2,
        "schema_accuracy": pytest.approx(2 / 3),
        # Two called that should be, one that should not, one not called that should be.
        "tool_call_f1": pytest.approx(2 * 2 / (2 * 2 + 1 + 1)),
        "should_call_tool": 0.5,
    }
    result.stdout.fnmatch_lines(
        [
            "*expected 'a call', got 'a call that does not fit'",
            "*(add: $.a: 'x' is not of type 'integer')",
            """*expected 'no call', got 'a call' (calls add({"a": 1}))""",
            "*the server refused this prompt: 400: not this",
        ]
    )


def test_a_prompt_with_tools_is_shown_with_them_and_with_its_calls(calls: pytest.Pytester) -> None:
    run(calls, "--model", "faulty", "--eval-file", "calls.jsonl", "--eval-write", "page.html")

    shown = modeleval("show", "calls[main-00001]").outlines

    assert shown[1:8] == [
        *("-- tools (1): add", "-- user", "   call 1", "-- answer", "   no"),
        *("-- call of add", '   {"a": "x"}'),
    ]
    detail = Data(calls.path / "page.html").details[1]
    assert [name for name, *_ in detail["tools"]] == ["add"]
    assert detail["calls"] == [{"name": "add", "arguments": '{"a": "x"}', "result": None, "fault": ""}]
    assert detail["talk"] is None
