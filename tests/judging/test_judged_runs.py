"""Runs with a judge as a user asks for them: settings, strategies, money, gates and comparisons."""

import json
import re
from http.server import BaseHTTPRequestHandler
from typing import Any

import jsonschema
import pytest

from tests.conftest import FaultyServer, add_settings, alias, answer, modeleval, run, send
from tests.history.test_diff import SCHEMA
from tests.judging.conftest import (
    ASKED,
    JUDGED,
    RULED,
    fields,
    row,
    verdict,
)


def test_a_judge_that_is_always_to_be_asked_has_to_be_there(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer
) -> None:
    project.makepyfile(test_graded=RULED)

    result = run(project, "--model", "faulty", "--eval-set", "judge.strategy=always", "test_graded.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: graded: this benchmark needs a judge: --model judge=NAME" in result.errlines
    assert not faulty.asked


@pytest.mark.parametrize(
    ("strategy", "with_judge", "score", "asked"),
    [
        # The rule calls all wrong but the third, the judge two right.
        (None, False, 0.25, 0),
        (None, True, 0.5, 4),
        ("rule", True, 0.25, 0),
        ("always", True, 0.5, 4),
        # Only what the rule calls wrong is judged.
        ("recall", True, 0.75, 3),
    ],
)
def test_a_benchmark_with_a_rule_asks_as_the_strategy_says(
    project: pytest.Pytester,
    judged: FaultyServer,
    faulty: FaultyServer,
    strategy: str | None,
    with_judge: bool,
    score: float,
    asked: int,
) -> None:
    project.makepyfile(test_graded=RULED)

    def dotted(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        number = int(body["messages"][-1]["content"].split()[-1])
        answer({0: "0", 1: "1", 2: "x", 3: "3."}[number])(handler, body)

    faulty.fault = dotted
    judge = ["--model", "judge=strict"] if with_judge else []
    said = ["--eval-set", f"judge.strategy={strategy}"] if strategy else []

    run(project, "--model", "faulty", *judge, *said, "test_graded.py", "--eval-write", "out.json")

    assert (row(project)["score"], len(judged.asked)) == (score, asked)
    table = json.loads((project.path / "out.json").read_text())["rows"]
    beside = [(each["score"], each["samples"]) for each in table if each["metric"] == "rule"]
    assert beside == ([(0.25, 4)] if asked else [])


def test_a_judge_that_never_answers_leaves_what_the_rule_calls_wrong_without_a_score(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer
) -> None:
    project.makepyfile(test_graded=RULED)
    # The rule calls one of the four right.
    faulty.fault = lambda handler, body: answer("3." if "3" in body["messages"][-1]["content"] else "x")(handler, body)
    judged.fault = lambda handler, body: send(handler, 500, {"error": {"message": "away"}})

    result = run(project, *ASKED, "--eval-set", "judge.strategy=recall", "--eval-write", "out.json")

    result.assert_outcomes(passed=1, errors=3)
    told = row(project)
    assert (told["score"], told["samples"], told["judge_errors"], told["bounds"]) == (1.0, 1, 3, [0.25, 1.0])
    assert told["judges"]["judge=strict"]["errors"] == 3
    said = "graded: 3 answers have no verdict; the score is 0.250 if all of them are wrong, 1.000 if all are right"
    assert said in result.outlines


def test_the_user_says_how_judges_are_asked(project: pytest.Pytester, judged: FaultyServer) -> None:
    (project.path / "own.txt").write_text("Own words. {question}\nReference: {reference}\nAnswer:\n{answer}\nA or B?")
    add_settings(
        project,
        '[judge]\nprompt = "file:own.txt"\nsystem = "You are strict."\nscores = { A = 1.0, B = 0.25 }\n'
        'pattern = "grade ([AB])"\n',
    )

    def lettered(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        reference, given = fields(body)
        answer(f"A or B? I say grade {'A' if reference == given else 'B'}")(handler, body)

    judged.fault = lettered

    run(project, *ASKED, "--eval-write", "out.json").assert_outcomes(passed=2, failed=2)

    assert row(project)["score"] == pytest.approx((1 + 0.25) / 2)
    system, user = judged.asked[0]["messages"]
    assert system["content"] == "You are strict."
    assert user["content"].startswith("Own words. say ")
    assert "JSON" not in user["content"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            'judge.prompt="{question} {anwser} {answer}"',
            "prompt has the field {anwser}, and a judge is given {answer}, ",
        ),
        ('judge.prompt="{question}"', "a judge's prompt has the field {answer}, and this has not"),
        ("judge.repeats=0", "repeats is a whole number of at least 1, not 0"),
        ("judge.strategy=allways", "strategy is one of auto, rule, always, recall, not 'allways'"),
        ("judge.aggregation=vote", "aggregation is one of mean, median, majority, not 'vote'"),
        ("judge.scores={}", "labels have values from 0 to 1"),
        ('judge.scores={"A": 2, "B": 0}', "labels have values from 0 to 1"),
        ('judge.pattern="("', "is no pattern"),
        ("judge.repeat=3", "unknown key in --eval-set judge: 'repeat'; did you mean 'repeats'"),
        ("judge.min_valid=3", "min_valid = 3 of [judge] wants a verdict of so many judges, and 1 is given"),
        ('judge.believe={"kapa": 0.5}', "unknown key in --eval-set judge: believe: 'kapa'; did you mean 'kappa'"),
        ('judge.believe={"labels": 0}', "labels is a whole number of at least 1, not 0"),
        ('judge.believe={"rates": 80}', "rates is a share from 0 to 1, not 80"),
        ("judge.labels=away.jsonl", "cannot read the labels"),
        ("judge.strategy=rule", 'graded: strategy = "rule" of [judge] asks no judge, and this benchmark has no rule'),
        ('graded.judge_prompt="{question}"', "has the field {answer}"),
        ('graded.judge_prompt="{first}"', "has the field {second}"),
    ],
)
def test_what_nobody_can_judge_by_is_one_line_before_a_question(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer, said: str, why: str
) -> None:
    result = run(project, *ASKED, "--eval-set", said)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert why in result.stderr.str()
    assert faulty.asked == judged.asked == []


def test_a_judge_given_twice_and_one_that_is_the_model_itself(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer
) -> None:
    alias(project, "again", base_url=judged.url, model="strict")
    faulty.fault = answer(verdict("CORRECT"))

    twice = run(project, *ASKED, "--model", "judge=again")
    itself = run(project, "--model", "faulty", "--model", "judge=faulty", "test_graded.py")

    assert twice.ret == pytest.ExitCode.USAGE_ERROR
    assert "judge=again: this judge is given twice, also as judge=strict" in twice.stderr.str()
    itself.stdout.fnmatch_lines(["judge=faulty is faulty, the model under evaluation: judges prefer their own words"])


def test_a_samples_history_says_who_judged_it(project: pytest.Pytester, judged: FaultyServer) -> None:
    alias(project, "mild", base_url=judged.url, model="mild")
    run(project, *ASKED)
    run(project, *ASKED, "--model", "judge=mild")

    told = modeleval("history", "graded[main-00000]").outlines

    rows = [re.split("  +", line) for line in told if line.startswith(("run ", *"0123456789abcdef")) and " 1" in line]
    assert [row[4] for row in rows] == ["strict", "mild, strict"]


def test_money_is_told_of_what_was_not_stored(project: pytest.Pytester, judged: FaultyServer) -> None:
    price = {"input": 1000.0, "output": 1000.0}
    alias(project, "dear", base_url=judged.url, model="strict", price=price)
    asked = ("--model", "faulty", "--model", "judge=dear", "test_graded.py")

    first = run(project, *asked)
    again = run(project, *asked)

    # Four verdicts of 7 and 3 tokens.
    first.stdout.fnmatch_lines(["judge=dear: 4 answers (4 new, 0 stored), 40 tokens, $0.0400"])
    again.stdout.fnmatch_lines(["judge=dear: 4 answers (0 new, 4 stored), 40 tokens, $0.0000"])


def test_a_gate_compares_no_runs_whose_judges_are_asked_otherwise(
    project: pytest.Pytester, judged: FaultyServer
) -> None:
    run(project, *ASKED, "--eval-save-baseline", "base.json")

    other = run(project, *ASKED, "--eval-baseline", "base.json", "--eval-set", "judge.repeats=3")
    prompt = 'graded.judge_prompt="Be mild. {question} Reference: {reference}\\nAnswer:\\n{answer}"'
    words = run(project, *ASKED, "--eval-baseline", "base.json", "--eval-set", prompt)
    project.makepyfile(test_graded=JUDGED.replace("Is the answer right?", "Is that answer right?"))
    rubric = run(project, *ASKED, "--eval-baseline", "base.json")

    assert "roles" in other.stderr.str()
    assert "prompt" in words.stderr.str()
    assert "scorer" in rubric.stderr.str()


def test_runs_of_other_judges_are_no_comparison_of_the_model(project: pytest.Pytester, judged: FaultyServer) -> None:
    alias(project, "mild", base_url=judged.url, model="mild")
    run(project, *ASKED)
    judged.fault = lambda handler, body: answer(verdict("CORRECT"))(handler, body)
    run(project, "--model", "faulty", "--model", "judge=mild", "test_graded.py", "--eval-cache", "write")

    result = modeleval("diff", "last~1", "last", "--write", "diff.json")

    said = "graded: judged by judge=strict, then by judge=mild: what changed may be their doing"
    assert said in result.outlines
    result.stdout.no_re_match_line("graded  (passed|failed|inconclusive).*")
    document = json.loads((project.path / "diff.json").read_text())
    assert document["benchmarks"][0]["judges"] == [["judge=strict"], ["judge=mild"]]


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (["--eval-set", "judge.repeats=3"], ["settings of [judge]"]),
        (["--eval-set", "judge.system=Be mild."], ["settings of [judge]", "prompt"]),
        (
            ["--eval-set", 'graded.judge_prompt="Be mild. {question} Reference: {reference}\nAnswer:\n{answer}"'],
            ["prompt"],
        ),
        (["--eval-set", 'models.strict.generation={"top_p": 0.5}'], ["models or their generation"]),
        (["--eval-set", "judge.probe=1", "--eval-limit", "3"], []),
    ],
)
def test_judges_that_are_asked_otherwise_are_said_with_what_differs(
    project: pytest.Pytester, judged: FaultyServer, said: list[str], what: list[str]
) -> None:
    run(project, *ASKED)
    run(project, *ASKED, "--eval-generation", "seed=1", *said)

    result = modeleval("diff", "last~1", "last", "--write", "diff.json")

    other = (
        f"graded: judged by judge=strict with other {' and '.join(what)} than before: what changed may be their doing"
    )
    assert (other in result.outlines) == bool(what)
    table = next(number for number, line in enumerate(result.outlines) if line.startswith("benchmark "))
    assert max(map(len, result.outlines[table : table + 2])) <= 80
    assert any(re.match("graded  (passed|failed|inconclusive)", line) for line in result.outlines) == (not what)
    document = json.loads((project.path / "diff.json").read_text())
    jsonschema.validate(document, SCHEMA)
    assert document["benchmarks"][0]["judged_otherwise"] == what
