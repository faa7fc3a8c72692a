"""Calls that texts write. Each is what bfcl-eval 2026.3.23 decodes, but where a test says otherwise."""

from typing import Any

import pytest

from pytest_modeleval.calls import ToolCall
from pytest_modeleval.scorers.bfcl.calls import read_calls, read_gold, read_tool_calls
from pytest_modeleval.scorers.bfcl.source_calls import read_source_call


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("[f(a=1), g.h(b='x', c=[1, {'k': (2,)}])]", [("f", {"a": 1}), ("g.h", {"b": "x", "c": [1, {"k": (2,)}]})]),
        ("f(a=-1.5)", [("f", {"a": -1.5})]),
        ("f(a=1), g()", [("f", {"a": 1}), ("g", {})]),
        ("```\n[f(a=None, b=True)]\n```", [("f", {"a": None, "b": True})]),
        ("[f(a=x, b=y[0], c=...)]", [("f", {"a": "x", "b": "y[0]", "c": "..."})]),
        ("[f(a=g(1, 2), b=g(c=1))]", [("f", {"a": "g(1, 2)", "b": {"g": {"c": 1}}})]),
        ("[f(a=2 * 3 + 1, b='x' + 'y', c=2**10, d=1 / 4)]", [("f", {"a": 7, "b": "xy", "c": 1024, "d": 0.25})]),
        ("[f(1, 2, a=3)]", [("f", {"a": 3})]),
        ("[f(**x)]", [("f", {"": "x"})]),
        ("[f(a=1, a=2)]", [("f", {"a": 2})]),
        (r"[f(a='\d')]", [("f", {"a": r"\d"})]),
        ("[]", []),
        ("", []),
    ],
)
def test_a_list_of_calls(text: str, calls: Any) -> None:
    assert read_calls(text) == calls


@pytest.mark.parametrize(
    "text",
    [
        "I cannot do that.",
        "Sure: [f(a=1)]",
        "```python\n[f(a=1)]\n```",
        "[f(a=1)] and more",
        "[f]",
        "[[f()]]",
        "[f(a=b.c)]",
        "[f(a={1, 2})]",
        "[f(a={[1]: 2})]",
        "[f(a=lambda: 1)]",
        "[f(a=1/0)]",
        "[f(a=x + 1)]",
        "[f(a=f'{x}')]",
        "[f(a=10**100**100)]",
        "[f(a='x' * 10**9)]",
        "[f(a=" + "[" * 90_000,
        "[f(a=" + "-" * 90_000 + "1)]",
        "[f(a=" + "x." * 40_000 + "y)]",
        "[f(a=" + "1+" * 40_000 + "1)]",
        "[f(a='" + "x" * 200_000 + "')]",
        "[f(a='\0')]",
        "[f(a='\ud800')]",
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_are_no_calls(text: str) -> None:
    with pytest.raises(ValueError, match="no calls"):
        read_calls(text)


def test_signs_before_numbers_are_signs() -> None:
    """There ``+1`` and ``~1`` are -1."""
    assert read_calls("[f(a=+1)]") == [("f", {"a": 1})]
    with pytest.raises(ValueError, match="no calls"):
        read_calls("[f(a=~1)]")


def test_nothing_is_run(tmp_path: Any) -> None:
    """There a sum goes to `eval`."""
    path = tmp_path / "made"
    with pytest.raises(ValueError, match="no calls"):
        read_calls(f"[f(a=open({str(path)!r}, 'w') + 1)]")

    assert not path.exists()


def test_calls_of_an_api() -> None:
    assert read_tool_calls([ToolCall("f", '{"a": 1}'), ToolCall("g", "")]) == [("f", {"a": 1}), ("g", {})]


# The deep one is read by Python, and handed over by no session: it was an error, and no wrong answer.
@pytest.mark.parametrize("text", ["{", "[1]", "null", '"{}"', "[" * 100_000, f'{{"a": {"[" * 700}{"]" * 700}}}'])
def test_calls_of_an_api_whose_arguments_are_no_object(text: str) -> None:
    with pytest.raises(ValueError, match="no calls: the arguments of f are no JSON object"):
        read_tool_calls([ToolCall("g"), ToolCall("f", text)])


def test_a_gold_call() -> None:
    assert read_gold("mv('a', destination='b')") == ("mv", ["a"], {"destination": "b"})
    with pytest.raises(ValueError, match="no call: 'mv'"):
        read_gold("mv")


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ('A.f(a="x, y", b=5L, c=true)', "A.f", {"a": "x, y", "b": "5L", "c": "true"}),
        ("```\n[f(a='c', b=x)]\n```", "f", {"a": "c", "b": "x"}),
        ("f()", "f", {}),
        ('f(a=new ArrayList<>(Arrays.asList("a", "b")))', "f", {"a": 'new ArrayList<>(Arrays.asList("a", "b"))'}),
        # There the block is lost, and the map empty.
        (
            'f(a=new HashMap<String, Object>() {{ put("k", 1); }}, b=1)',
            "f",
            {"a": 'new HashMap<String, Object>() {{ put("k", 1); }}', "b": "1"},
        ),
        ("f(a=new int[]{1,\n2})", "f", {"a": "new int[]{1, 2}"}),
        ('f(a="say \\"hi\\"", b=x -> x + 1)', "f", {"a": 'say \\"hi\\"', "b": "x -> x + 1"}),
        ("f(5, x, a=-1)", "f", {"": "x", "a": "-1"}),
        ("f(a=b.c(1).d, e=x < y)", "f", {"a": "b.c(1).d", "e": "x < y"}),
    ],
)
def test_a_call_in_java(text: str, name: str, arguments: dict[str, str]) -> None:
    assert read_source_call(text, "java") == [(name, arguments)]


def test_a_call_in_javascript() -> None:
    text = "f(a=[1, {b: 'x, y'}], c=(x) => { return x; }, d=`t`, e={},)"

    assert read_source_call(text, "javascript") == [
        ("f", {"a": "[1, {b: 'x, y'}]", "c": "(x) => { return x; }", "d": "`t`", "e": "{}"})
    ]


@pytest.mark.parametrize(
    "text",
    [
        "I cannot do that.",
        "Sure: f(a=1)",
        "f(a=1) g(b=2)",
        "f(a=1), g(b=2)",
        "f(a=1",
        "f(a=1]",
        "f(a=)",
        "f(a=1,, b=2)",
        "f(a=1, a=2)",
        "f(a=/home/x)",
        "f(a=[1, 2])",
        "f(a=1.2.3)",
        "f(a=x.)",
        "f(a=x y)",
        'f(a="x)',
        "f" + "(" * 90_000,
        "f(a='" * 20_000,
        "f(a=" + "x" * 200_000 + ")",
        "",
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_no_call_in_java(text: str) -> None:
    with pytest.raises(ValueError, match=r"call|argument|brackets"):
        read_source_call(text, "java")
