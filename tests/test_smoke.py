"""smoke: each fault of a server fails the checks that it concerns, with its cause, and a healthy one passes all."""

import re
from fnmatch import fnmatch

import pytest

from pytest_modeleval.datasets.smoke import ROWS, SIZES
from tests import healthy
from tests.conftest import FaultyServer, run

TEMPLATE, CONTEXT, TOOLS = "--chat-template FILE", "--max-model-len N", "--enable-auto-tool-choice --tool-call-parser"
THOUGHTS, ENCODING = "no reasoning parser: *", "reads UTF-8 as another encoding"
NEEDS_TEXT = {"answer", "stop", "thinking", "languages", "long_prompt", "system", "turns", "json"}

FAULTS: dict[str, tuple[healthy.Fault, set[str], str]] = {
    "goes on with a turn": (healthy.alters(lambda text: f"{text}\nUser: And then?"), {"stop", "json"}, "it goes on with another turn, 'User:': the end of a turn is no stop token"),
    "never stops": (healthy.alters(lambda text: f"{text} " * 3000), {"answer", "stop", "json"}, "it did not stop within 2,048 tokens"),
    "special tokens": (healthy.alters(lambda text: f"{text}<|im_end|>"), {"stop", "json"}, "<|im_end|> stands in the answer: special tokens come through"),
    "no template": (healthy.alters(lambda text: "is a question that many people ask themselves."), NEEDS_TEXT - {"stop", "thinking"}, TEMPLATE),
    "thoughts": (healthy.alters(lambda text: f"<think>Well.</think>{text}"), {"thinking"}, THOUGHTS),
    "thoughts that the template opened": (healthy.alters(lambda text: f"Well.</think>{text}"), {"thinking"}, THOUGHTS),
    "thinks too long": (healthy.thinks_on, NEEDS_TEXT, "it was still thinking when its tokens were used up"),
    "all is thought": (healthy.thinks, NEEDS_TEXT, "the reasoning parser takes the answer for a thought"),
    "garbled": (healthy.alters(lambda text: text.encode().decode("latin-1")), {"languages"}, ENCODING),
    "garbled as Windows": (healthy.alters(lambda text: text.encode().decode("cp1252", "ignore")), {"languages"}, "its letters are garbled"),
    "cut characters": (healthy.alters(lambda text: re.sub("[^\0-\x7f]", "\ufffd", text)), {"languages"}, ENCODING),
    "English alone": (healthy.alters(lambda text: text if text.isascii() else "I speak English."), {"languages"}, "it does not answer in the language"),
    "cut prompts": (healthy.cuts, {"long_prompt"}, CONTEXT),
    "long prompts refused": (healthy.refuses(400, "This model's maximum context length is 512 tokens.", healthy.is_long), {"long_prompt"}, CONTEXT),
    "system lost": (healthy.without_roles("system"), {"system"}, "the chat template leaves the system prompt out"),
    "system refused": (healthy.refuses(400, "System role not supported", lambda body: body["messages"][0]["role"] == "system"), {"system"}, "refused: the chat template leaves the system prompt out"),
    "last message alone": (healthy.without_roles("user", "assistant"), {"turns"}, "passes the last message alone"),
    "prose around": (healthy.alters(lambda text: f"Sure: {text}" if "{" in text else text), {"json"}, "the answer is not JSON alone"),
    "tools off in vLLM": (healthy.refuses(400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set', lambda body: bool(body.get("tools"))), {"tool_call"}, TOOLS),
    "tools off in llama.cpp": (healthy.refuses(500, "tools param requires --jinja flag", lambda body: bool(body.get("tools"))), {"tool_call"}, "llama.cpp --jinja"),
    "tools unknown": (healthy.refuses(422, "Unrecognized request argument supplied: tools", lambda body: bool(body.get("tools"))), {"tool_call"}, TOOLS),
    "calls in the text": (healthy.writes_calls, {"tool_call"}, "the call stands in the text: tools are off"),
    "tools not heard": (healthy.drops("tools"), {"tool_call"}, "it calls no tool: tools are off"),
    "temperature lost": (healthy.sampled(), {"repeats", "json"}, "3 answers at temperature 0 begin differently: temperature 0 is not kept"),
    "max_tokens lost": (healthy.drops("max_tokens", {"max_tokens": 9999}), {"max_tokens"}, "the server or a proxy drops the setting"),
    "stop lost": (healthy.drops("stop"), {"stop_strings"}, "it goes on beyond '5'"),
    "temperature refused": (healthy.refuses(400, "Unsupported parameter: 'temperature' is not supported with this model.", lambda body: "temperature" in body), {"repeats"}, "refused: the model or its server takes no such setting"),
    "stop refused": (healthy.refuses(422, "Unknown parameter: 'stop'", lambda body: "stop" in body), {"stop_strings"}, "refused: the model or its server takes no such setting"),
    "no usage": (healthy.uncounted, {"usage"}, "leaves `usage` out"),
}  # fmt: skip


def failed(result: pytest.RunResult) -> set[str]:
    """The checks of which a sample failed."""
    return set(re.findall(r"^test_smoke\[(\w+)-\d{5}\]  asked", result.stdout.str(), re.MULTILINE))


def smoke(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return run(project, "--model", "faulty", "--eval", "smoke", "-rf", *arguments)


def test_a_healthy_server_passes_all(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = healthy.reply

    smoke(project, "--eval-concurrency", "64").assert_outcomes(passed=sum(SIZES.values()))


def test_a_thinking_model_with_a_parser_is_healthy(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = lambda handler, body: healthy.reply(handler, body, reasoning_content="Let me think.")

    smoke(project).assert_outcomes(passed=sum(SIZES.values()))


@pytest.mark.parametrize(("fault", "checks", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_fails_its_check_with_its_cause(
    project: pytest.Pytester, faulty: FaultyServer, fault: healthy.Fault, checks: set[str], said: str
) -> None:
    faulty.fault = fault

    result = smoke(project)

    assert result.ret == pytest.ExitCode.TESTS_FAILED, result.stdout.str()
    assert failed(result) == checks, result.stdout.str()
    # In one piece: at 80 columns a cause takes two or three lines.
    assert fnmatch(" ".join(result.stdout.str().split()), f"*{said.replace('[', '[[]')}*")


def test_a_server_without_a_template_is_told_so_by_every_check(project: pytest.Pytester, faulty: FaultyServer) -> None:
    message = (
        "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template"
    )
    faulty.fault = healthy.refuses(400, message, lambda body: True)

    result = smoke(project)

    result.assert_outcomes(failed=sum(SIZES.values()))
    result.stdout.fnmatch_lines(["    (refused: the chat template is missing or another model's: vLLM*"])


def test_what_a_server_refuses_is_not_asked_again(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = healthy.refuses(500, "tools param requires --jinja flag", lambda body: bool(body.get("tools")))

    smoke(project)

    assert len([body for body in faulty.asked if body.get("tools")]) == SIZES["tool_call"]


def test_it_is_asked_anew_each_time(project: pytest.Pytester, faulty: FaultyServer) -> None:
    """A server that was mended would else be judged by its old answers."""
    faulty.fault = healthy.alters(lambda text: f"{text}<|im_end|>")
    smoke(project, "-k", "smoke and json")
    faulty.fault = healthy.reply

    again = smoke(project, "-k", "smoke and json")

    again.assert_outcomes(passed=2)
    again.stdout.fnmatch_lines(["answers: 2 new, none stored"])


@pytest.mark.parametrize("arguments", [["--eval", "smoke"], ["-k", "smoke"], ["test_smoke.py"]])
def test_it_is_asked_by_its_name(project: pytest.Pytester, faulty: FaultyServer, arguments: list[str]) -> None:
    result = run(project, "--model", "faulty", *arguments, "--co", "-q")

    assert sum("test_smoke.py::" in line for line in result.outlines) == sum(SIZES.values())


@pytest.mark.parametrize("arguments", [[], ["-k", "not smoke"], ["-k", "arithmetic or json"], ["-m", "math"]])
def test_it_is_none_of_all(project: pytest.Pytester, faulty: FaultyServer, arguments: list[str]) -> None:
    (project.path / "test_answers.py").unlink()

    result = run(project, "--model", "faulty", *arguments, "--co", "-q")

    result.stdout.no_fnmatch_line("*test_smoke*")


def test_the_bundled_model_is_none_to_try_it_on(project: pytest.Pytester) -> None:
    result = run(project, "--model", "tiny", "--eval", "smoke")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: smoke looks at a server, and tiny, which only computes, is none: *--eval smoke*"]
    )


def test_every_check_has_a_row_that_says_what_is_expected() -> None:
    assert all(row["expected"] and row["messages"] for rows in ROWS.values() for row in rows)
