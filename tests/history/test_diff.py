"""`modeleval diff` as a user meets it."""

import json
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest

import pytest_modeleval.reports
from pytest_modeleval.commands.main import WRONG
from pytest_modeleval.history.difference import records
from pytest_modeleval.history.past import Past
from tests.conftest import ANSWERS, FaultyServer, alias, modeleval, run
from tests.history.conftest import Ask

SCHEMA = json.loads((Path(pytest_modeleval.reports.__file__).parent / "diff.schema.json").read_text())


def test_what_changed_stands_side_by_side(project: pytest.Pytester, ask: Ask) -> None:
    ask("easy 0", "easy 5")
    ask("hard 1", "easy 5")
    ask("easy 0", "hard 3", "!hard 2")

    result = modeleval("diff", "last~1", "last", "--write", "deep/diff.json")

    assert result.ret == 0
    result.stdout.re_match_lines(
        [
            r"from run [0-9a-f]{8} \(.*\) to run [0-9a-f]{8} \(.*\)",
            r"regressed: 1",
            r"answers\[hard-00003\]  asked 'hard 3: what is 6 \* 7\?', expected '42', got '42' → '41'",
            r"fixed: 1",
            r"answers\[easy-00005\]  asked 'easy 5: .*', expected '42', got '41' → '42'",
            r"flipping \(flaky over all runs\): 2",
            r"answers\[easy-00000\]  .* got '42' → '41'",
            r"answers\[hard-00001\]  .* got '41' → '42'",
            r"benchmark +model +in both +regressed +fixed +flaky +errors +only in one",
            r"answers +faulty +9 +2 +2 +2 +0 → 1 +1 → 0",
            r"answers  inconclusive  change \+0\.0 pp \[.*\], 2 regressed and 2 fixed of 9, p .*; margin 1 pp, .*",
        ]
    )
    document = json.loads((project.path / "deep/diff.json").read_text())
    jsonschema.validate(document, SCHEMA)
    (part,) = document["benchmarks"]
    assert (part["samples"], part["regressed"], part["fixed"], part["flaky"], part["errors"], part["only"]) == (
        9, 2, 2, 2, [0, 1], [1, 0],
    )  # fmt: skip
    changed = {each["sample"]: (each["change"], each["flaky"]) for each in document["samples"]}
    assert changed == {
        "easy-00000": ("regressed", True),
        "easy-00005": ("fixed", False),
        "hard-00001": ("fixed", True),
        "hard-00003": ("regressed", False),
    }
    assert document["samples"][0]["before"] == {"score": 1.0, "got": ["42"]}


def test_a_run_is_like_itself(project: pytest.Pytester, ask: Ask) -> None:
    first = ask("easy 1")
    (name,) = [line.split("run ")[1][:8] for line in first.outlines if line.startswith("modeleval: faulty")]

    result = modeleval("diff", name, "last")

    result.stdout.re_match_lines([rf"from run {name} .* to run {name} .*", r"answers +faulty +10 +0 +0 +0 .*"])
    assert "regressed:" not in result.stdout.str()


def test_the_same_stored_answers_judged_twice_are_no_comparison(project: pytest.Pytester, ask: Ask) -> None:
    ask("easy 1", flags=())
    ask(flags=())

    result = modeleval("diff", "last~1", "last", "--write", "diff.json", "--write", "diff.html")

    result.stdout.fnmatch_lines(["answers: 10 samples were judged by the same stored answers twice"])
    result.stdout.no_re_match_line("answers  (passed|failed|inconclusive).*")
    document = json.loads((project.path / "diff.json").read_text())
    jsonschema.validate(document, SCHEMA)
    assert document["benchmarks"][0]["same_answers"] == 10
    assert "10 samples were judged by the same stored answers twice" in (project.path / "diff.html").read_text()


def test_two_models_are_compared_one_with_one(project: pytest.Pytester, ask: Ask, faulty: FaultyServer) -> None:
    alias(project, "other", base_url=faulty.url, model="faulty")
    ask()
    run(project, "--model", "other", "test_answers.py", "--eval-repeats", "2", "--eval-cache", "off")

    result = modeleval("diff", "last~1", "last")

    result.stdout.re_match_lines(
        [r"answers +faulty → other +10 +0 +0 +0 .*", r"answers  inconclusive  change \+0.0 pp .*"]
    )


def test_of_many_repeats_three_answers_are_shown(project: pytest.Pytester, ask: Ask) -> None:
    flags = ("--eval-cache", "off", "--eval-repeats", "5", "-k", "easy-00000")
    ask("easy 0", flags=flags)
    ask(flags=flags)

    result = modeleval("diff", "last~1", "last")

    result.stdout.fnmatch_lines(["*, got '41', '41', '41' and 2 more → '42', '42', '42' and 2 more"])


def test_another_question_is_said(project: pytest.Pytester, ask: Ask) -> None:
    ask()
    project.makepyfile(test_answers=ANSWERS.replace("what is 6", "say what 6"))
    ask()

    result = modeleval("diff", "last~1", "last")

    result.stdout.fnmatch_lines(["answers: 10 samples ask or expect something else than before"])


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (("last", "nope"), "there is no run 'nope' in *store.sqlite. Known, newest first: ???????? (*, faulty), ???????? (*"),
        (("last~2", "last"), "there is no run 'last~2' in *"),
        (("last", ""), "there is no run '' in *"),
    ],
)  # fmt: skip
def test_an_unknown_run_lists_those_there_are(
    project: pytest.Pytester, ask: Ask, runs: tuple[str, str], said: str
) -> None:
    ask()
    ask()

    result = modeleval("diff", *runs)

    assert result.ret == WRONG
    result.stderr.fnmatch_lines([f"modeleval: {said}"])


def test_runs_without_a_common_benchmark_are_refused(project: pytest.Pytester, ask: Ask) -> None:
    ask()
    project.makepyfile(test_others=ANSWERS.replace("test_answers", "test_others"))
    run(project, "--model", "faulty", "test_others.py")

    result = modeleval("diff", "last~1", "last")

    result.stderr.fnmatch_lines(
        [
            "modeleval: the runs * and * have nothing in common: the first asked answers of faulty, the second others of faulty"
        ]
    )


def test_a_file_that_cannot_be_written_is_said(project: pytest.Pytester, ask: Ask) -> None:
    ask()
    (project.path / "file").touch()

    result = modeleval("diff", "last", "last", "--write", "file/diff.json")

    assert result.ret == WRONG
    result.stderr.fnmatch_lines(["modeleval: --write: *file/diff.json cannot be written: *file is no folder *"])


def test_a_stored_sample_is_of_its_subsets_group(project: pytest.Pytester, ask: Ask) -> None:
    project.makepyfile(
        test_answers="""
        from pytest_modeleval import Sample, benchmark, generated

        ROWS = generated(lambda subset, row: {}, {"algebra": 1, "law": 1, "art": 1},
                         groups={"algebra": "STEM", "law": "humanities", "art": "humanities"})

        @benchmark(ROWS, lambda row: Sample("6 * 7?", "42"))
        def test_answers(sample, completion):
            assert completion.text == sample.target
        """
    )
    ask()

    with closing(Past(project.path / ".modeleval")) as past:
        found = {record.subset: record.group for record in records(past, past.run("last"))}
    assert found == {"algebra": "STEM", "law": "humanities", "art": "humanities"}
