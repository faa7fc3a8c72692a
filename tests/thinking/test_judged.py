"""The first right paragraph by a judge, where no rule finds it before a right answer: a real server answers."""

import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from pytest_modeleval.history.past import Past
from tests.conftest import FaultyServer, alias, answer, modeleval, run
from tests.thinking.test_thinking import SUMS, record, thinks

WORDS = "Let me think now.\n\nSix sevens are forty-two.\n\nBut wait, is it? Yes."
RUN = ("--model", "one", "--model", "judge=strict", "--eval-set", "run.thinking=on", "test_sums.py")


@pytest.fixture
def judged(pytester: pytest.Pytester, faulty_server: FaultyServer) -> FaultyServer:
    """Five answers: two right ones thought in words, one in digits, a wrong one in words, and one without a thought."""
    return with_judge(
        pytester, faulty_server, thinks(WORDS), thinks(WORDS), thinks("So 42."), thinks(WORDS, "41"), {"text": "42"}
    )


def with_judge(project: pytest.Pytester, server: FaultyServer, *answers: dict[str, Any]) -> FaultyServer:
    project.makeini("[pytest]")
    project.makepyfile(test_sums=SUMS)
    record(project, "one", *answers)
    alias(project, "strict", base_url=server.url, model="judge", retries=1)
    server.fault = says(lambda _: 1)
    return server


def says(verdict: Callable[[str], object]) -> Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]:
    def told(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        prompt = body["messages"][-1]["content"]
        answer(json.dumps({"reason": "as I see it", "verdict": verdict(prompt)}))(handler, body)

    return told


def prompts(server: FaultyServer) -> list[str]:
    """What the judge was asked; the first request to a server is a greeting."""
    asked = [body["messages"][-1]["content"] for body in server.asked]
    return [prompt for prompt in asked if prompt != "Hi"]


def written(project: pytest.Pytester, *flags: str) -> dict[str, Any]:
    result = run(project, *RUN, "--eval-write", "out.json", *flags)
    assert result.ret == 1, result.outlines
    found: dict[str, Any] = json.loads((project.path / "out.json").read_text())["thinking"]
    return found


def test_it_is_asked_of_right_answers_alone_and_shown_what_was_thought(
    pytester: pytest.Pytester, judged: FaultyServer
) -> None:
    found = written(pytester)

    assert len(prompts(judged)) == 2
    prompt = prompts(judged)[0]
    assert re.search(
        r"Problem:\neasy \d: what is 6 \* 7\?\n\nRight answer: 42\n\nThought:\n<answer (\w{16})>\n"
        r"\[0\] Let me think now\.\n\n\[1\] Six sevens are forty-two\.\n\n\[2\] But wait, is it\? Yes\.\n</answer \1>",
        prompt,
    )
    assert "a number from -1 to 2" in prompt
    (whole, *_) = found["answers"]
    assert (whole["first_right_by"], whole["right_without"]) == ({"judge": 2, "rule": 1}, 0)
    share = WORDS.index("\n\nBut wait") / len(WORDS)
    # The wrong one's thought was searched by rule alone.
    assert found["measures"]["sums"]["token_efficiency"]["all"]["one"]["value"] == pytest.approx((2 * share + 1) / 4)


def test_none_is_none_and_what_was_said_is_kept(pytester: pytest.Pytester, judged: FaultyServer) -> None:
    judged.fault = says(lambda _: -1)

    assert written(pytester)["answers"][0]["right_without"] == 2

    past = Past(pytester.path / ".modeleval")
    rows = past.verdicts(past.run("last").id, name="first right paragraph")
    past.close()
    assert [(row.judge, row.value, row.reason) for row in rows] == [("judge=strict", -1, "as I see it")] * 2
    modeleval("thinking", "last").stdout.fnmatch_lines(["* was not found count as 0"])


def test_a_judge_that_fails_makes_no_nought(pytester: pytest.Pytester, judged: FaultyServer) -> None:
    judged.fault = answer("no idea")

    found = written(pytester)

    assert (found["answers"][0]["right_without"], found["answers"][0]["judge_errors"]) == (0, 2)
    # The one in digits and the wrong one.
    assert found["measures"]["sums"]["token_efficiency"]["all"]["one"]["samples"] == 2
    assert found["measures"]["sums"]["accuracy"]["all"]["one"]["samples"] == 4


@pytest.mark.parametrize("verdict", [1.5, 7, "one", True])
def test_a_paragraph_that_there_is_not_is_no_verdict(
    pytester: pytest.Pytester, judged: FaultyServer, verdict: object
) -> None:
    judged.fault = says(lambda _: verdict)

    assert written(pytester)["answers"][0]["judge_errors"] == 2


def test_what_was_judged_is_not_asked_again_and_says_what_it_took(
    pytester: pytest.Pytester, judged: FaultyServer
) -> None:
    for _ in range(2):
        result = run(pytester, *RUN)
        result.stdout.fnmatch_lines(["judge=strict: 2 verdicts on thoughts, * tokens"])
        result.stdout.no_fnmatch_line("*no sample asked it*")

    assert len(prompts(judged)) == 2


def test_each_worker_asks_of_its_own_samples(pytester: pytest.Pytester, judged: FaultyServer) -> None:
    found = written(pytester, "-n", "2")

    assert len(prompts(judged)) == 2
    assert found["answers"][0]["first_right_by"] == {"judge": 2, "rule": 1}


def test_of_several_judges_the_lower_median_counts(
    pytester: pytest.Pytester, judged: FaultyServer, other_server: FaultyServer
) -> None:
    alias(pytester, "mild", base_url=other_server.url, model="judge", retries=1)
    other_server.fault = says(lambda _: 0)

    found = written(pytester, "--model", "judge=mild")

    share = len("Let me think now.") / len(WORDS)
    assert found["measures"]["sums"]["efficiency_when_found"]["all"]["one"]["value"] == pytest.approx(
        (2 * share + 1) / 3
    )


@pytest.mark.parametrize("flag", ["run.thinking=page", "judge.strategy=rule"])
def test_none_is_asked_where_nobody_wants_it(pytester: pytest.Pytester, judged: FaultyServer, flag: str) -> None:
    run(pytester, *RUN, "--eval-set", flag)

    assert not judged.asked


def test_a_judge_that_cannot_be_asked_is_said_and_the_run_reported(
    pytester: pytest.Pytester, judged: FaultyServer
) -> None:
    judged.fault = lambda handler, _: handler.send_error(401)

    result = run(pytester, *RUN)

    result.stdout.fnmatch_lines(["Thinking: sums"])
    assert any("401" in line for line in result.outlines)


SOLVED = "First 6 * 7 = 41 + 1 = 42.\n\nSo 42.\n\nBut wait, 6 * 7 is 42.\n\nSeven sixes are 42 too."


@pytest.fixture
def parted(pytester: pytest.Pytester, faulty_server: FaultyServer) -> FaultyServer:
    """Four answers that found it in four paragraphs, one of them wrong in the end, and one in a single paragraph."""
    answers = [thinks(SOLVED), thinks(SOLVED), thinks(SOLVED), thinks(SOLVED, "41"), thinks("So 42.")]
    return with_judge(pytester, faulty_server, *answers)


SOLUTIONS = ("--eval-set", "run.thinking=solutions")


@pytest.mark.parametrize(
    ("rounds", "new"),
    [
        # One solution is all new.
        ([[0, 1]], [(0, 4)]),
        # The check of the third paragraph goes the way of the first solution.
        ([[0, 1], [2, 1], [3, 2]], [(0, 2), (3, 4)]),
        ([[0, 1], [1, 1], [2, 1], [3, 1]], [(0, 1)]),
        ([[0, 7], [2, 7]], [(0, 2)]),
    ],
)
def test_process_efficiency_is_the_share_of_the_solutions_that_go_a_new_way(
    pytester: pytest.Pytester, parted: FaultyServer, rounds: list[list[int]], new: list[tuple[int, int]]
) -> None:
    """The mean of D/T over all thoughts, right or wrong (Chen et al. 2024); one of a single paragraph is 1."""
    parted.fault = says(lambda _: rounds)

    found = written(pytester, *SOLUTIONS)

    starts = [*(SOLVED.index(text) for text in SOLVED.split("\n\n")), len(SOLVED)]
    share = sum(starts[end] - starts[start] for start, end in new) / len(SOLVED)
    mean = found["measures"]["sums"]["process_efficiency"]["all"]["one"]
    assert (mean["value"], mean["samples"]) == (pytest.approx((4 * share + 1) / 5), 5)
    prompt = prompts(parted)[0]
    assert re.search(
        r"Problem:\neasy \d: what is 6 \* 7\?\n\nThought:\n<answer (\w{16})>\n\[0\] First 6 .*</answer \1>",
        prompt,
        re.S,
    )
    assert "[paragraph" not in prompt
    assert "a list such as [[0, 1], [3, 1], [5, 2]]" in prompt
    assert len(prompts(parted)) == 4


@pytest.mark.parametrize(
    "verdict",
    [[], [[1, 1]], [[0, 1], [4, 2]], [[0, 1], [0, 2]], [[0, 1, 2]], [[0, True]], [0, 1], "[[0, 1]]", 3, {"a": 1}],
)
def test_what_parts_no_thought_is_no_verdict_and_no_nought(
    pytester: pytest.Pytester, parted: FaultyServer, verdict: object
) -> None:
    parted.fault = says(lambda _: verdict)

    found = written(pytester, *SOLUTIONS)

    # The thought of one paragraph alone.
    assert found["measures"]["sums"]["process_efficiency"]["all"]["one"]["samples"] == 1
    assert found["answers"][0]["without_solutions"] == 4


def test_of_several_judges_the_lower_median_of_new_solutions_counts(
    pytester: pytest.Pytester, parted: FaultyServer, other_server: FaultyServer
) -> None:
    alias(pytester, "mild", base_url=other_server.url, model="judge", retries=1)
    parted.fault, other_server.fault = says(lambda _: [[0, 1]]), says(lambda _: [[0, 1], [2, 1]])

    found = written(pytester, "--model", "judge=mild", *SOLUTIONS)

    share = SOLVED.index("But wait") / len(SOLVED)
    value = found["measures"]["sums"]["process_efficiency"]["all"]["one"]["value"]
    assert value == pytest.approx((4 * share + 1) / 5)


def test_without_a_judge_there_is_no_process_efficiency_and_a_line_says_so(
    pytester: pytest.Pytester, parted: FaultyServer
) -> None:
    result = run(pytester, "--model", "one", *SOLUTIONS, "--eval-write", "out.json", "test_sums.py")

    said = "no process efficiency: no judge said which solutions are new (--model judge=NAME --eval-set run.thinking=*"
    result.stdout.fnmatch_lines([said])
    measures = json.loads((pytester.path / "out.json").read_text())["thinking"]["measures"]["sums"]
    assert "process_efficiency" not in measures
    assert modeleval("thinking", "last").stdout.str().count("no process efficiency") == 1


def test_no_judge_is_asked_for_solutions_that_nobody_wants(pytester: pytest.Pytester, parted: FaultyServer) -> None:
    found = written(pytester)

    assert not prompts(parted)
    assert "process_efficiency" not in found["measures"]["sums"]


def test_a_plan_counts_what_will_be_asked_of_solutions(pytester: pytest.Pytester, parted: FaultyServer) -> None:
    def planned() -> list[tuple[str, ...]]:
        told = run(pytester, *RUN, *SOLUTIONS, "--eval-plan").stdout.str()
        return re.findall(r"^judge=strict, sums, thoughts\n +(\d+) +(\d+) +(.*?)  ", told, re.MULTILINE)

    parted.fault = says(lambda _: [[0, 1]])

    # Of an answer that nobody knows, where the right one stands and which solutions are new.
    assert planned() == [("5", "0", "at most 10")]
    run(pytester, *RUN[:2], "test_sums.py")
    assert planned() == [("5", "0", "4")]
    run(pytester, *RUN, *SOLUTIONS)
    assert planned() == [("5", "4", "0")]


def test_who_judges_thoughts_has_not_judged_the_answers(pytester: pytest.Pytester, judged: FaultyServer) -> None:
    run(pytester, *RUN[:2], "test_sums.py")
    run(pytester, *RUN)

    modeleval("diff", "last~1", "last").stdout.no_fnmatch_line("*judged by judge=*")
    modeleval("history", "sums[easy-00000]").stdout.no_fnmatch_line("*strict*")


def test_a_plan_counts_what_will_be_asked_of_thoughts(pytester: pytest.Pytester, judged: FaultyServer) -> None:
    def planned(*flags: str) -> list[tuple[str, ...]]:
        told = run(pytester, *RUN, *flags, "--eval-plan").stdout.str()
        found: list[tuple[str, ...]] = re.findall(r"^judge=strict, (.*)\n +(\d+) +(\d+) +(.*?)  ", told, re.MULTILINE)
        return found

    assert planned() == [("sums, thoughts", "5", "0", "at most 5")]
    assert not judged.asked
    run(pytester, *RUN[:4], "--eval-set", "run.thinking=page", "test_sums.py")
    # Of the two right answers in whose thoughts no rule finds it.
    assert planned() == [("sums, thoughts", "5", "0", "2")]
    assert planned("--eval-set", "judge.repeats=2") == [("sums, thoughts", "5", "0", "4")]
    run(pytester, *RUN)
    assert planned() == [("sums, thoughts", "5", "2", "0")]
    # By now it is known what a verdict takes: the server says 7 and 3 tokens.
    twice = run(pytester, *RUN, "--eval-set", "judge.repeats=2", "--eval-plan")
    twice.stdout.re_match_lines(["judge=strict, sums, thoughts", r" +5 +2 +2 +about 14 +about 6 .*"], consecutive=True)
    assert planned("--eval-set", "run.thinking=page") == []
    assert len(prompts(judged)) == 2
