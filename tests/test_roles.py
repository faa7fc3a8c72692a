"""Models in roles beside the one under evaluation: judge, user, reranker and embedder."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.conftest import FaultyServer, add_settings, alias, answer, modeleval, run, run_alone, send

JUDGED = """
from pytest_modeleval import Completion, Model, Sample, Score, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 3})

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_judged(sample: Sample, completion: Completion, judge: Model) -> None:
    verdict = await judge.complete(f"is {completion.text} right? {sample.prompt}")
    assert Score(float(verdict.text == "yes"), verdict.text == "yes", verdict.text, "yes")
"""
SYNC = JUDGED.replace("async def", "def").replace("await ", "")
PANEL = """
from pytest_modeleval import Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 2})

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_panel(sample, completion, judges):
    said = [(await each.complete(f"is {completion.text} right?")).text for each in judges]
    assert [each.name for each in judges] == ["judge=strict", "judge=mild"] and said == ["yes", "yes"]
"""


@pytest.fixture
def judged(project: pytest.Pytester, faulty: FaultyServer, other_server: FaultyServer) -> FaultyServer:
    """The alias ``strict`` of a second server, which says yes, beside the alias ``faulty``; a benchmark that asks it."""
    project.makepyfile(test_judged=JUDGED)
    alias(project, "strict", base_url=other_server.url, model="strict", retries=1, timeout=60)
    other_server.models = ["strict", "mild"]
    other_server.fault = answer("yes")
    faulty.fault = answer("42")
    return other_server


OTHERS = """
from pytest_modeleval import Model, Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 1})

@benchmark(ROWS, lambda row: Sample("How many legs have ten cats?", "40"))
async def test_asked(sample: Sample, model: Model, user: Model) -> None:
    first = await model.complete(sample.messages)
    more = await user.complete(f"You are a user. You were told: {first.text}")
    said = [*sample.messages, {"role": "assistant", "content": first.text}, {"role": "user", "content": more.text}]
    assert (await model.complete(said)).text == "42"
    assert user.name == "user=aside"

@benchmark(ROWS, lambda row: Sample("which is longer?", "abc"))
async def test_reranked(sample: Sample, reranker: Model) -> None:
    assert (await reranker.rerank(sample.prompt, ["a", "abc", "ab"])).ranked == [1, 2, 0]

@benchmark(ROWS, lambda row: Sample("cat", "42"))
async def test_embedded(sample: Sample, embedder: Model) -> None:
    assert (await embedder.embed([sample.prompt, "dog"])).vectors == [[3.0, 1.0], [3.0, 1.0]]
"""


def rows(project: pytest.Pytester) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((project.path / "out.json").read_text())["rows"]
    return found


ASKED = ("--model", "faulty", "--model", "judge=strict", "test_judged.py")


@pytest.mark.parametrize("body", [JUDGED, SYNC], ids=["async", "sync"])
def test_a_body_is_given_the_judge_which_is_no_model_under_evaluation(
    project: pytest.Pytester, judged: FaultyServer, body: str
) -> None:
    project.makepyfile(test_judged=body)

    result = run(project, *ASKED, "--eval-write", "out.json")

    result.assert_outcomes(passed=3)
    asked = sorted(body["messages"][-1]["content"] for body in judged.asked)
    assert asked == [f"is 42 right? say {number}" for number in range(3)]
    (row,) = rows(project)
    assert (row["model"], row["samples"], row["new"], row["prompt_tokens"]) == ("faulty", 3, 3, 21)
    told = row["roles"]
    assert isinstance(told, dict)
    assert told["judge=strict"]["seconds"] > 0
    assert {**told["judge=strict"], "seconds": 0} == {
        "answers": 3, "stored": 0, "prompt_tokens": 21, "completion_tokens": 9, "seconds": 0,
        "paid_prompt_tokens": 21, "paid_completion_tokens": 9,
    }  # fmt: skip
    result.stdout.fnmatch_lines(["judge=strict: 3 answers (3 new, 0 stored), 30 tokens"])


@pytest.mark.parametrize(
    ("role", "name", "asked"),
    [
        ("user", "asked", "/v1/chat/completions"),
        ("reranker", "reranked", "/v1/rerank"),
        ("embedder", "embedded", "/v1/embeddings"),
    ],
)
def test_a_body_is_given_the_user_the_reranker_and_the_embedder(
    project: pytest.Pytester, faulty: FaultyServer, other_server: FaultyServer, role: str, name: str, asked: str
) -> None:
    project.makepyfile(test_others=OTHERS)
    alias(project, "aside", base_url=other_server.url, model="aside")
    faulty.fault = answer("42")
    paths: list[str] = []

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        paths.append(handler.path)
        if "input" in body:
            data = [{"index": at, "embedding": [len(text), 1.0]} for at, text in enumerate(body["input"])]
            send(handler, 200, {"data": data})
        elif "documents" in body:
            scores = [{"index": at, "relevance_score": len(text)} for at, text in enumerate(body["documents"])]
            send(handler, 200, {"results": scores})
        else:
            answer("Are you sure?")(handler, body)

    other_server.fault = fault

    result = run(project, "--model", "faulty", "--model", f"{role}=aside", f"test_others.py::test_{name}")

    result.assert_outcomes(passed=1)
    assert set(paths) == {asked}
    said = [body["messages"][-1]["content"] for body in faulty.asked]
    assert said == (["How many legs have ten cats?", "Are you sure?"] if role == "user" else [])
    result.stdout.fnmatch_lines([f"{role}=aside: 1 answer (1 new, 0 stored)*"])


@pytest.mark.parametrize("taken", ["sample", "sample, judge", "sample, tmp_path"])
def test_a_prompt_that_no_body_reads_the_answer_to_is_not_asked(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer, taken: str
) -> None:
    project.makepyfile(
        test_judged=f"{SYNC.partition('def test')[0]}def test_judged({taken}):\n    assert sample.target"
    )

    run(project, *ASKED).assert_outcomes(passed=3)

    assert not faulty.asked


def test_the_same_command_again_asks_no_judge_and_another_judge_is_asked(
    project: pytest.Pytester, judged: FaultyServer
) -> None:
    run(project, *ASKED)
    asked = len(judged.asked)

    again = run(project, *ASKED)

    assert len(judged.asked) == asked
    again.stdout.fnmatch_lines(["judge=strict: 3 answers (0 new, 3 stored), 30 tokens"])
    run(project, "--model", "faulty", "--model", f"judge={judged.url}#mild", "test_judged.py").assert_outcomes(passed=3)
    assert [body["model"] for body in judged.asked[asked:]] == ["mild"] * 3


def test_workers_count_a_judge_once(project: pytest.Pytester, judged: FaultyServer) -> None:
    result = run_alone(project, *ASKED, "-n", "2")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["judge=strict: 3 answers (3 new, 0 stored), 30 tokens"])


def test_who_gave_an_answer_is_kept(project: pytest.Pytester, judged: FaultyServer) -> None:
    run(project, *ASKED)

    shown = modeleval("show", "judged[main-00000]")

    shown.stdout.fnmatch_lines(["*judge=strict*", "*yes*"])


def test_the_table_names_a_judge_and_the_flag_is_over_it(project: pytest.Pytester, judged: FaultyServer) -> None:
    add_settings(project, '[roles]\njudge = "faulty"')

    by_table = run(project, "--model", "faulty", "test_judged.py")
    by_flag = run(project, "--model", "judge=strict", "--model", "faulty", "test_judged.py")

    by_table.assert_outcomes(failed=3)
    by_table.stdout.fnmatch_lines(["judge=faulty: 3 answers *"])
    by_flag.assert_outcomes(passed=3)
    by_flag.stdout.no_fnmatch_line("*judge=faulty*")


def test_a_judge_alone_leaves_the_model_of_the_settings(project: pytest.Pytester, judged: FaultyServer) -> None:
    add_settings(project, '[run]\nmodel = "faulty"')

    run(project, "--model", "judge=strict", "test_judged.py").assert_outcomes(passed=3)


def test_a_panel_is_taken_as_judges(project: pytest.Pytester, judged: FaultyServer) -> None:
    project.makepyfile(test_panel=PANEL)
    alias(project, "mild", base_url=judged.url, model="mild")
    panel = ["--model", "judge=strict", "--model", "judge=mild"]

    run(project, "--model", "faulty", *panel, "test_panel.py").assert_outcomes(passed=2)
    refused = run(project, "--model", "faulty", *panel, "test_judged.py")

    refused.stderr.fnmatch_lines(["ERROR: 2 judges are given, and this benchmark asks one for a text of its own: *"])


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "workers"])
def test_a_benchmark_without_its_judge_is_one_line_before_a_question(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer, workers: tuple[str, ...]
) -> None:
    result = run_alone(project, "--model", "faulty", "test_judged.py", *workers)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: judged: this benchmark needs a judge: --model judge=NAME"])
    assert faulty.asked == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["jugde=strict"], "unknown role in --model jugde=strict: 'jugde'; did you mean 'judge'? Known: *"),
        (["judge="], "--model judge=: no model stands behind the ="),
        (["judge=strickt"], "unknown model 'strickt'; did you mean 'strict'?*"),
        (["user=strict", "user=faulty"], "--model: a run has one user, and 2 are given: strict, faulty"),
        (["judge=strict", "judge=strict"], "--model names a model twice: strict, strict; *"),
        (
            ["judge=strict", "--eval-set=roles.judge=mild"],
            "--model names a judge, and so does --eval-set roles: leave one of them out",
        ),
    ],
)
def test_a_slip_in_a_role_is_one_line(
    project: pytest.Pytester, judged: FaultyServer, given: list[str], said: str
) -> None:
    flags = [each if each.startswith("--") else f"--model={each}" for each in given]

    result = run(project, "--model", "faulty", *flags, "test_judged.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[roles]\njugde = "strict"', "unknown role in modeleval.toml: [[]roles[]]: 'jugde'; did you mean 'judge'?*"),
        ("[roles]\njudge = 5", "modeleval.toml: [[]roles[]]: judge is a model's name, not 5"),
        ('[run]\nroles = { judge = "strict" }', "modeleval.toml: [[]run[]] roles belongs into [[]roles[]]"),
        ('[role]\njudge = "strict"', "unknown table in modeleval.toml: 'role'; did you mean 'roles'?*"),
    ],
)
def test_a_slip_in_the_table_is_one_line(project: pytest.Pytester, judged: FaultyServer, toml: str, said: str) -> None:
    add_settings(project, toml)

    result = run(project, "--model", "faulty", "test_judged.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_a_role_and_no_model_is_one_line(project: pytest.Pytester, judged: FaultyServer) -> None:
    result = run(project, "--model", "judge=strict", "test_judged.py")

    result.stderr.fnmatch_lines(["ERROR: judge=strict is to be asked by what evaluates a model: give --model NAME"])


def test_a_name_with_an_equals_sign_is_still_a_models(project: pytest.Pytester, faulty: FaultyServer) -> None:
    add_settings(project, f'[models."judge=me"]\nbase_url = "{faulty.url}"\nmodel = "faulty"')
    rows = [{"id": f"answers[{part}-{row:05}]", "text": "42"} for part in ("easy", "hard") for row in range(6)]
    (project.path / "judge=a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    for name in ("judge=me", "replay:judge=a.jsonl"):
        run(project, "--model", name, "test_answers.py").assert_outcomes(passed=10)


def test_a_judge_that_nothing_asks_is_said(project: pytest.Pytester, judged: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "--model", "judge=strict", "test_answers.py")

    result.assert_outcomes(passed=10)
    result.stdout.fnmatch_lines(["judge=strict was given, and no sample asked it"])
    assert judged.asked == []


def test_a_judges_failure_is_no_mistake_of_the_model(project: pytest.Pytester, judged: FaultyServer) -> None:
    judged.fault = lambda handler, _: handler.send_error(500)

    result = run(project, *ASKED, "--junitxml", "junit.xml", "-rE")

    result.stdout.fnmatch_lines(["test_judged*main-00000]  judge=strict: no answer after 2 attempts: 500*"])
    result.stdout.no_fnmatch_line("*no sample asked it*")
    assert "judge error" in (project.path / "junit.xml").read_text()


def test_a_gate_compares_under_the_same_judge_alone(project: pytest.Pytester, judged: FaultyServer) -> None:
    alias(project, "mild", base_url=judged.url, model="mild")
    judge = ["--model", "judge=mild", "test_judged.py"]

    run(project, *ASKED, "--eval-save-baseline", "base.json").assert_outcomes(passed=3)
    same = run(project, *ASKED, "--eval-baseline", "base.json")
    other = run(project, "--model", "faulty", *judge, "--eval-baseline", "base.json")
    waived = run(project, "--model", "faulty", *judge, "--eval-baseline", "base.json", "--eval-set", "gate.waive=roles")

    assert "cannot be compared" not in same.stdout.str() + same.stderr.str()
    assert other.ret == pytest.ExitCode.USAGE_ERROR
    other.stderr.fnmatch_lines(
        ["ERROR: judged: the baseline's judge was strict *, this run's is mild *gate.waive=roles"]
    )
    assert "cannot be compared" not in waived.stdout.str() + waived.stderr.str()


def test_a_budget_holds_for_a_judge_too(project: pytest.Pytester, judged: FaultyServer) -> None:
    budget = ["--eval-budget", "100k tokens", "--eval-generation", "max_tokens=16"]

    result = run(project, *ASKED, *budget)

    result.stderr.fnmatch_lines(["ERROR: --eval-budget caps tokens or money, and an answer of 'judge=strict' may be *"])


def test_an_ordinary_test_takes_a_judge_or_is_skipped(project: pytest.Pytester, judged: FaultyServer) -> None:
    project.makepyfile(test_ordinary='def test_it(judge):\n    assert judge.complete("well?").text == "yes"\n')

    run(project, *ASKED[:-1], "test_ordinary.py").assert_outcomes(passed=1)
    run(project, "--model", "faulty", "test_ordinary.py").assert_outcomes(skipped=1)


def test_the_plan_names_a_judge(project: pytest.Pytester, judged: FaultyServer) -> None:
    result = run(project, *ASKED, "--eval-plan")

    result.stdout.fnmatch_lines(["judge=strict, judged", "*3 * at most 3 *"])
    assert judged.asked == []
