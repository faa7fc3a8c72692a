"""--eval-only as a user meets it."""

import re

import pytest

from tests.conftest import ANSWERS, FaultyServer, alias, run
from tests.history.conftest import Ask


def asked(result: pytest.RunResult) -> set[str]:
    """The samples that a run with -v asked."""
    return set(
        re.findall(r"test_answers\[(?:\w+-)?((?:easy|hard)-\d{5})[^\]]*\] (?:PASSED|FAILED|ERROR)", result.stdout.str())
    )


@pytest.fixture
def three_runs(ask: Ask) -> None:
    """Over three runs: easy 0 flips, easy 1 regresses, easy 2 fails always, easy 3 is fixed, hard 0 ends in error."""
    ask("easy 0", "easy 2", "easy 3")
    ask("easy 2", "easy 3")
    ask("easy 0", "easy 1", "easy 2", "!hard 0")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("failed", {"easy-00000", "easy-00001", "easy-00002"}),
        ("regressed", {"easy-00000", "easy-00001"}),
        ("errors", {"hard-00000"}),
        ("flaky", {"easy-00000"}),
    ],
)
def test_only_what_is_named_is_asked(
    project: pytest.Pytester, ask: Ask, three_runs: None, kind: str, expected: set[str]
) -> None:
    result = ask(flags=("--eval-cache", "off", "--eval-only", kind, "-v"))

    assert asked(result) == expected
    result.assert_outcomes(passed=len(expected), deselected=10 - len(expected))
    result.stdout.fnmatch_lines([f"modeleval: --eval-only {kind}: {len(expected)} samples in earlier runs"])


def test_each_sample_goes_by_the_latest_run_that_asked_it(project: pytest.Pytester, ask: Ask, three_runs: None) -> None:
    ask("easy 2", flags=("--eval-cache", "off", "-k", "easy-00001 or easy-00002"))

    result = ask("easy 0", flags=("--eval-cache", "off", "--eval-only", "failed", "-v"))

    assert asked(result) == {"easy-00000", "easy-00002"}


def test_workers_ask_the_same(project: pytest.Pytester, ask: Ask, three_runs: None) -> None:
    result = ask("easy 0", flags=("--eval-cache", "off", "--eval-only", "failed", "-n", "2"))

    result.assert_outcomes(passed=2, failed=1)


def test_a_repeat_brings_its_sample(project: pytest.Pytester, ask: Ask) -> None:
    ask("easy 4", flags=("--eval-cache", "off"))

    result = ask(flags=("--eval-only", "failed", "--eval-repeats", "3", "-v"))

    assert asked(result) == {"easy-00004"}
    assert result.parseoutcomes()["passed"] == 3


def test_another_models_history_does_not_count(project: pytest.Pytester, ask: Ask, faulty: FaultyServer) -> None:
    alias(project, "other", base_url=faulty.url, model="faulty")
    ask("easy 1")
    run(project, "--model", "other", "test_answers.py")

    result = ask("easy 1", "easy 2", flags=("--model", "other", "--eval-only", "failed", "-v"))

    assert "test_answers[faulty-easy-00001]" in result.stdout.str()
    assert "test_answers[other-easy-00001]" in result.stdout.str()


def test_regressed_may_look_back_to_a_baseline(project: pytest.Pytester, ask: Ask, three_runs: None) -> None:
    ask("easy 5", "easy 2", flags=("--eval-cache", "off", "--eval-save-baseline", "b.json"))
    ask("easy 2")
    ask("easy 2", "easy 4", "hard 1")
    ask("easy 2", "easy 4", "hard 1")

    result = ask(flags=("--eval-cache", "off", "--eval-only", "regressed", "--eval-baseline", "b.json", "-v"))

    assert asked(result) == {"easy-00004", "hard-00001"}
    assert result.ret == 0
    assert "= gate =" not in result.stdout.str()


@pytest.mark.parametrize("flags", [(), ("--eval-baseline", "b.json")], ids=["run", "baseline"])
def test_the_same_score_is_no_regression(project: pytest.Pytester, ask: Ask, flags: tuple[str, ...]) -> None:
    project.makepyfile(
        test_answers=ANSWERS.replace("assert same_number(", "assert Score(2 / 3, True) or same_number(").replace(
            "Sample, b", "Sample, Score, b"
        )
    )
    ask(flags=("--eval-cache", "off", "--eval-repeats", "3", "--eval-save-baseline", "b.json"))
    ask()

    result = ask(flags=("--eval-cache", "off", "--eval-only", "regressed", *flags))

    result.assert_outcomes(deselected=10)


def test_stored_answers_are_judged_again_and_errors_asked(
    project: pytest.Pytester, ask: Ask, faulty: FaultyServer
) -> None:
    ask("easy 1", "!easy 2", flags=())
    before = len(faulty.asked)

    ask(flags=("--eval-only", "failed")).assert_outcomes(failed=1, deselected=9)
    assert len(faulty.asked) == before
    ask(flags=("--eval-only", "errors")).assert_outcomes(passed=1, deselected=9)
    assert len(faulty.asked) == before + 1


def test_nothing_to_ask_is_pytests_own_status(project: pytest.Pytester, ask: Ask) -> None:
    ask()

    result = ask(flags=("--eval-only", "failed", "-k", "test_answers"))

    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["modeleval: --eval-only failed: 0 samples in earlier runs", "*10 deselected*"])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--eval-only", "wrong"], "--eval-only takes one of regressed, failed, errors, flaky, not 'wrong'"),
        (
            ["--eval-only", "failed", "--eval-min-score", "answers=0.5"],
            "--eval-only failed asks samples chosen for how they went, which no gate can weigh: leave --eval-min-score out",
        ),
        (["--eval-only", "flaky", "--eval-save-baseline", "b"], "--eval-only flaky asks *: leave --eval-save-baseline out"),
        (["--eval-only", "flaky", "--eval-baseline", "b"], "--eval-only flaky asks *: leave --eval-baseline out"),
        (["--eval-only", "regressed", "--eval-baseline", "b"], "there is no baseline *"),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_wrong_use_is_one_line(project: pytest.Pytester, ask: Ask, flags: list[str], said: str) -> None:
    ask()

    result = ask(flags=tuple(flags))

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_a_model_without_runs_is_said(project: pytest.Pytester, ask: Ask, faulty: FaultyServer) -> None:
    alias(project, "faulty2", base_url=faulty.url, model="faulty")
    ask()

    result = run(project, "--model", "faulty2", "--eval-only", "failed", "test_answers.py")

    result.stderr.fnmatch_lines(
        ["ERROR: unknown model in the run store, for --eval-only: 'faulty2'; did you mean 'faulty'? Known: faulty."]
    )
