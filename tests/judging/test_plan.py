"""What a plan says that judges will be asked is what they are asked."""

import re

import pytest

from tests.conftest import FaultyServer, alias, answer, run
from tests.judging.conftest import ASKED, JUDGED, RULED, SYNC, fields, strict


def planned(project: pytest.Pytester, *flags: str, judge: str = "judge=strict") -> list[tuple[int, int, str]]:
    """Of each of a judge's lines of a plan its items, its stored replies, and what it is to be asked."""
    result = run(project, *flags, "--eval-plan")
    assert result.ret == 0, result.stderr.str()
    assert all(len(line) <= 80 for line in result.outlines[result.outlines.index("model, benchmark") :])
    found = re.findall(rf"^{judge}, .*\n +(\d+) +(\d+) +((?:at most )?\d+) ", result.stdout.str(), re.MULTILINE)
    return [(int(items), int(stored), requests) for items, stored, requests in found]


@pytest.mark.parametrize("body", [JUDGED, SYNC], ids=["async", "sync"])
def test_stored_verdicts_are_not_to_be_asked_again(project: pytest.Pytester, judged: FaultyServer, body: str) -> None:
    project.makepyfile(test_graded=body)
    before = planned(project, *ASKED)
    assert not judged.asked
    run(project, *ASKED)
    judged.asked.clear()

    assert before == [(4, 0, "at most 4")]
    assert planned(project, *ASKED) == [(4, 4, "0")]
    # Another rubric, another number of verdicts, and probes, of whose answers all is known by now.
    assert planned(project, *ASKED, "--eval-set", "judge.repeats=3") == [(4, 4, "8")]
    assert planned(project, *ASKED, "--eval-set", "judge.probe=3") == [(4, 4, "3")]
    project.makepyfile(test_graded=body.replace("Is the answer right?", "Right or wrong?"))
    assert planned(project, *ASKED) == [(4, 0, "4")]
    assert not judged.asked
    run(project, *ASKED, "--eval-set", "judge.repeats=2", "--eval-set", "judge.probe=3")
    assert len(judged.asked) == 4 * 2 + 3


def test_before_there_are_answers_it_says_the_most(project: pytest.Pytester, judged: FaultyServer) -> None:
    flags = ("--eval-set", "judge.repeats=3", "--eval-set", "judge.probe=2")

    assert planned(project, *ASKED, *flags) == [(4, 0, "at most 14")]
    run(project, *ASKED, *flags)

    assert len(judged.asked) == 14
    assert planned(project, *ASKED, *flags) == [(4, 14, "0")]
    # A gate's run is served by no other's answers.
    assert planned(project, *ASKED, "--eval-save-baseline", "b.json") == [(4, 0, "at most 4")]


def test_of_a_verdict_that_could_not_be_read_one_is_to_be_asked(project: pytest.Pytester, judged: FaultyServer) -> None:
    judged.fault = lambda handler, body: (
        answer("no idea")(handler, body) if fields(body)[0] == "0" else strict(handler, body)
    )
    run(project, *ASKED)

    assert planned(project, *ASKED) == [(4, 5, "1")]


def test_what_a_rule_settles_is_not_asked(project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer) -> None:
    project.makepyfile(test_graded=RULED)
    faulty.fault = lambda handler, body: answer("3." if "3" in body["messages"][-1]["content"] else "x")(handler, body)
    run(project, "--model", "faulty", "test_graded.py")

    assert planned(project, *ASKED) == [(4, 0, "4")]
    assert planned(project, *ASKED, "--eval-set", "judge.strategy=recall") == [(4, 0, "3")]
    assert planned(project, *ASKED, "--eval-set", "judge.strategy=rule") == [(4, 0, "0")]


CRITERIA = JUDGED.replace(
    "    assert await judge.grade(GRADE, completion, question=sample.asked, reference=sample.target)",
    """    first = await judge.ask(GRADE, completion, question="first", reference=sample.target)
    second = await judge.ask(GRADE, completion, question="second", reference=sample.target)
    assert first.value == second.value == 1, 1 / (1 - first.value)""",
).replace("@benchmark(ROWS, ", "@benchmark(ROWS, judging=Judging(calls=2), to_sample=")


def test_a_body_goes_on_behind_a_verdict_that_nobody_has_given(project: pytest.Pytester, judged: FaultyServer) -> None:
    project.makepyfile(test_graded=CRITERIA.replace('"second", reference', '"?", reference'))
    run(project, *ASKED)
    project.makepyfile(test_graded=CRITERIA)

    # What others set up around each test, such as pytest-asyncio, changes nothing.
    project.makeconftest("import pytest\n\n@pytest.fixture(autouse=True)\ndef around():\n    yield\n")

    assert planned(project, *ASKED) == [(4, 4, "4")]


def test_a_body_that_needs_more_than_a_sample_is_not_gone_through(
    project: pytest.Pytester, judged: FaultyServer
) -> None:
    project.makepyfile(test_graded=JUDGED.replace("judge: Judge)", "judge: Judge, tmp_path)"))
    run(project, *ASKED)

    assert planned(project, *ASKED) == [(4, 0, "at most 4")]


def test_tokens_are_told_of_what_is_not_stored(project: pytest.Pytester, judged: FaultyServer) -> None:
    price = {"input": 1000.0, "output": 1000.0}
    alias(project, "dear", base_url=judged.url, model="strict", price=price)
    asked = ("--model", "faulty", "--model", "judge=dear", "test_graded.py")
    run(project, *asked)

    plans = [run(project, *asked, "--eval-plan", "--eval-set", f"judge.repeats={repeats}") for repeats in (1, 2)]

    # Verdicts of 7 and 3 tokens.
    for plan, told in zip(plans, (r"0 +0 +0 +\$0\.0000", r"4 +about 28 +about 12 +\$0\.0400"), strict=True):
        plan.stdout.re_match_lines(["judge=dear, graded", rf" +4 +4 +{told}"], consecutive=True)
