"""`--model run:ID`: a stored run's answers, judged again."""

import sqlite3

import pytest

from pytest_modeleval.history.past import Past
from tests.conftest import ANSWERS, FaultyServer, alias, answer, run, send


def last(project: pytest.Pytester) -> str:
    return Past(project.path / ".modeleval").run("last").id


@pytest.fixture
def answered(project: pytest.Pytester, faulty: FaultyServer) -> FaultyServer:
    """A run of the alias ``faulty`` whose easy samples are right and whose hard ones are wrong."""

    def told(handler: object, body: dict[str, object]) -> None:
        text = "42" if "easy" in str(body["messages"]) else "41"
        answer(text)(handler, body)  # type: ignore[arg-type]

    faulty.fault = told
    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=6, failed=4)
    return faulty


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_each_sample_gets_its_own_answer_and_nothing_is_asked(
    project: pytest.Pytester, answered: FaultyServer, workers: tuple[str, ...]
) -> None:
    asked, named = len(answered.asked), f"run:{last(project)[:8]}"

    for _ in range(2):
        result = run(project, "--model", named, "test_answers.py", *workers)

        result.assert_outcomes(passed=6, failed=4)
        result.stdout.fnmatch_lines(["answers: 0 new, 10 stored, the oldest * old"])
    assert len(answered.asked) == asked


def test_its_answers_are_as_old_as_they_are(project: pytest.Pytester, answered: FaultyServer) -> None:
    with sqlite3.connect(project.path / ".modeleval/store.sqlite") as store:
        store.execute("update completions set created = created - 9 * 86400")
    store.close()

    for flags in ([], ["--eval-cache", "off"], ["--eval-save-baseline", "b.json"]):
        result = run(project, "--model", f"run:{last(project)[:8]}", *flags, "test_answers.py")

        result.stdout.fnmatch_lines(["answers: 0 new, 10 stored, the oldest 9 days old"])


def test_a_run_that_kept_no_answers_has_none(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "--eval-cache", "off", "test_answers.py")

    result = run(project, "--model", "run:last", "test_answers.py")

    result.assert_outcomes(errors=10)
    result.stdout.fnmatch_lines(["*kept no answer to answers[[]*[]]: a run with --eval-cache off or read keeps none"])


def test_another_scorer_judges_the_last_run(project: pytest.Pytester, answered: FaultyServer) -> None:
    project.makepyfile(test_answers=ANSWERS.replace("assert same_number(completion, sample.target)", "assert True"))

    run(project, "--model", "run:last", "test_answers.py").assert_outcomes(passed=10)


def test_what_it_was_not_asked_is_an_error(project: pytest.Pytester, answered: FaultyServer) -> None:
    project.makepyfile(test_answers=ANSWERS.replace('"hard": 4', '"hard": 5').replace("{subset} {index}", "{index}"))

    result = run(project, "--model", "run:last", "-rE", "test_answers.py")

    result.assert_outcomes(errors=11)
    result.stdout.fnmatch_lines(
        [
            "*run * asked something else of answers[[]easy-00000[]], so that it has no answer to this*",
            "*run * has no answer of faulty to answers[[]hard-00004[]]*",
        ]
    )


def test_a_run_that_asked_none_of_these_benchmarks_is_one_line(
    project: pytest.Pytester, answered: FaultyServer
) -> None:
    project.makepyfile(test_others=ANSWERS.replace("test_answers", "test_others"))

    result = run(project, "--model", "run:last", "test_others.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --model run:last: it asked answers, and has no answer to others"])


def test_an_error_of_the_run_is_one_again(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = lambda handler, body: (
        send(handler, 400, {"error": {"message": "content_filter", "code": "content_filter"}})
        if "easy 3" in str(body["messages"])
        else answer("42")(handler, body)
    )
    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=9, errors=1)

    result = run(project, "--model", "run:last", "test_answers.py")

    result.assert_outcomes(passed=9, errors=1)
    result.stdout.fnmatch_lines(["*easy-00003*had no answer to answers[[]easy-00003[]] either*"])


def test_repeats_and_conversations_get_each_its_own(project: pytest.Pytester, faulty: FaultyServer) -> None:
    body = """
from pytest_modeleval import Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 2})

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_talk(sample, completion, model):
    again = await model.complete(sample.messages)
    third = await model.complete([*sample.messages, {"role": "assistant", "content": again.text}])
    assert (completion.text, again.text, third.text) == "EXPECTED"
"""
    project.makepyfile(test_talk=body)
    texts = iter(map(str, range(100)))
    faulty.fault = lambda handler, body: answer(next(texts))(handler, body)
    flags = ("--eval-repeats", "2", "--eval-concurrency", "1", "-rf", "test_talk.py")

    first = run(project, "--model", "faulty", *flags)
    again = run(project, "--model", "run:last", *flags)

    said = [
        [line for line in result.outlines if "AssertionError" in line or "assert (" in line]
        for result in (first, again)
    ]
    assert said[0] == said[1]
    assert len(said[0]) >= 4
    assert len(faulty.asked) == 12


@pytest.mark.parametrize("model", ["run:last", "faulty"])
def test_a_role_gets_what_the_same_role_of_the_run_gave(
    project: pytest.Pytester, faulty: FaultyServer, model: str
) -> None:
    project.makepyfile(
        test_talk="""
from pytest_modeleval import Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 2})

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_talk(sample, completion, judge, user):
    said = [(await each.complete(f"{by} {completion.text}")).text for by, each in (("j", judge), ("u", user))]
    assert said == [f"j {completion.text}", f"u {completion.text}"]
"""
    )
    faulty.fault = lambda handler, body: answer(body["messages"][-1]["content"])(handler, body)
    roles = ("--model", "judge=faulty", "--model", "user=faulty")
    run(project, "--model", "faulty", *roles, "test_talk.py").assert_outcomes(passed=2)
    asked = len(faulty.asked)

    roles = ("--model", "judge=run:last", "--model", "user=run:last")
    result = run(project, "--model", model, *roles, "test_talk.py")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"{role}=run:last: 2 answers (0 new, 2 stored), *" for role in ("judge", "user")])
    assert len(faulty.asked) == asked


def test_a_run_of_two_models_needs_one_of_them(project: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(project, "other", base_url=faulty.url, model="faulty")
    run(project, "--model", "faulty", "--model", "other", "test_answers.py").assert_outcomes(passed=20)

    named = run(project, "--model", "run:last#other", "test_answers.py")
    both = run(project, "--model", "run:last~1", "test_answers.py")
    wrong = run(project, "--model", "run:last~1#othr", "test_answers.py")

    named.assert_outcomes(passed=10)
    both.stderr.fnmatch_lines(
        ["ERROR: --model run:last~1: this run asked 2 models (faulty, other): say which, as in *#faulty"]
    )
    wrong.stderr.fnmatch_lines(["ERROR: unknown model of run *: 'othr'; did you mean 'other'?*"])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("run:lsat", "there is no run 'lsat' in *store.sqlite; did you mean 'last'? Known, newest first: * faulty)"),
        ("run:ffffffffff", "there is no run 'ffffffffff' in *Known, newest first: * faulty)"),
        ("run:", "--model run:: nothing stands after the colon"),
    ],
)
def test_a_run_that_is_not_there_is_one_line(
    project: pytest.Pytester, answered: FaultyServer, typed: str, said: str
) -> None:
    result = run(project, "--model", typed, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_a_gate_refuses_the_run_that_its_baseline_is(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py", "--eval-save-baseline", "base.json").assert_outcomes(passed=10)
    blessed = last(project)
    run(project, "--model", "faulty", "test_answers.py")
    gate = ["test_answers.py", "--eval-baseline", "base.json"]

    itself = run(project, "--model", f"run:{blessed}", *gate)
    its_answers = run(project, "--model", "run:last", *gate)
    run(project, "--model", "run:last", "test_answers.py")
    asked_of_a_run = run(project, "--model", "run:last", *gate)
    run(project, "--model", "faulty", "--eval-cache", "off", "test_answers.py")
    another = run(project, "--model", "run:last", *gate)

    for result in (itself, its_answers, asked_of_a_run):
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["ERROR: answers: the baseline *base.json was made of these recorded answers, *"])
    assert another.ret != pytest.ExitCode.USAGE_ERROR


def test_where_nothing_is_named_what_that_run_asked_is_judged_again(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    run(project, "--model", "faulty", "--eval", "arithmetic", "--eval-limit", "2")

    again = run(project, "--model", "run:last")

    again.assert_outcomes(failed=2, deselected=223)
    again.stdout.fnmatch_lines(["modeleval: asks arithmetic*", "answers: 0 new, 2 stored, *"])


def test_an_own_benchmark_of_that_run_needs_its_file(project: pytest.Pytester, answered: FaultyServer) -> None:
    result = run(project, "--model", "run:last")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --model run:last: it asked answers: name its file"])
