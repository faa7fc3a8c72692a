"""How the user changes the way a benchmark is asked: flags, config, both."""

import json
from typing import Any

import pytest

from tests.conftest import FaultyServer, add_settings, answer, run

SHOTS = """
from pytest_modeleval import Completion, Sample, Shots, benchmark, hub
from pytest_modeleval.scorers.numbers import same_number

ROWS = hub(modelscope="a/sums", huggingface="a/sums", config="main", split="test")

@benchmark(ROWS, lambda row: Sample(row, row["a"]), prompt="{q}?", shots=Shots(2, "{split}"))
def test_sums(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
"""


@pytest.fixture
def sums(faulty: FaultyServer, project: pytest.Pytester) -> pytest.Pytester:
    """A benchmark of three questions with six examples, the first of which is the first question."""
    project.makepyfile(test_sums=SHOTS.replace("{split}", "train"))
    folder = project.path / "data/sums/main"
    folder.mkdir(parents=True)
    rows = [{"q": f"{n}+{n}", "a": str(2 * n)} for n in range(1, 7)]
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:3]))
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return project


def asked(sums: pytest.Pytester, faulty: FaultyServer, *flags: str) -> list[list[str]]:
    """The contents of every sample's messages, in the samples' order."""
    faulty.asked.clear()
    run(sums, "--model", "faulty", "--eval-data=data", "--eval-cache", "off", "test_sums.py", *flags)
    every: list[list[str]] = [[message["content"] for message in body["messages"]] for body in faulty.asked]
    return sorted(every, key=lambda contents: contents[-1])


def test_a_sample_is_never_its_own_example(sums: pytest.Pytester, faulty: FaultyServer) -> None:
    assert asked(sums, faulty) == [
        ["2+2?", "4", "3+3?", "6", "1+1?"],
        ["1+1?", "2", "3+3?", "6", "2+2?"],
        ["1+1?", "2", "2+2?", "4", "3+3?"],
    ]


def test_the_flags_say_how_many_and_in_which_shape(sums: pytest.Pytester, faulty: FaultyServer) -> None:
    *_, last = asked(
        sums, faulty, "--eval-shots", "1", "--eval-set", "run.shots_as=message", "--eval-system", "Be brief."
    )

    assert last == ["Be brief.", "2+2?\n\n4\n\n\n1+1?"]
    assert asked(sums, faulty, "--eval-shots", "0") == [["1+1?"], ["2+2?"], ["3+3?"]]


def test_seeded_examples_differ_by_sample_and_by_seed_and_never_hold_the_sample(
    sums: pytest.Pytester, faulty: FaultyServer
) -> None:
    one = asked(sums, faulty, "--eval-set", "run.shots_draw=seeded", "--eval-shots", "3")
    again = asked(sums, faulty, "--eval-set", "run.shots_draw=seeded", "--eval-shots", "3")
    other = asked(sums, faulty, "--eval-set", "run.shots_draw=seeded", "--eval-shots", "3", "--eval-seed", "1")

    assert one == again != other
    assert len({tuple(contents[:-1]) for contents in one}) == 3
    assert all(len(set(contents[::2])) == 4 for contents in one)


@pytest.mark.parametrize("draw", ["first", "seeded"])
def test_more_examples_than_rows_are_the_samples_error(sums: pytest.Pytester, faulty: FaultyServer, draw: str) -> None:
    flags = ("--eval-data=data", "--eval-shots", "6", "--eval-set", f"run.shots_draw={draw}")
    result = run(sums, "--model", "faulty", "test_sums.py", *flags)

    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(["*sums: main/train has 6 rows, 6 examples are asked for*"])


def test_a_split_of_examples_that_is_not_there_is_said(sums: pytest.Pytester) -> None:
    (sums.path / "data/sums/main/train.jsonl").unlink()

    result = run(sums, "--model", "faulty", "--eval-data=data", "test_sums.py")

    result.stderr.fnmatch_lines(
        ["ERROR: sums: * has no main/train *; the solved examples come from there, --eval-shots 0 asks without"]
    )


def test_examples_of_a_benchmark_that_has_none_are_refused(faulty: FaultyServer, project: pytest.Pytester) -> None:
    result = run(project, "--model", "faulty", "test_answers.py", "--eval-shots", "2")

    result.stderr.fnmatch_lines(["ERROR: answers has no split of solved examples: ask it with 0 shots, not 2"])


def test_the_config_speaks_of_one_benchmark_and_a_flag_goes_over_it(
    sums: pytest.Pytester, faulty: FaultyServer
) -> None:
    with (sums.path / "modeleval.toml").open("a") as file:
        file.write("[benchmarks.sums]\nshots = 0\nsystem = 'S'\nprompt = 'Say {q} ({a}).'\n[benchmarks.x]\nshots = 1\n")

    assert asked(sums, faulty)[0] == ["S", "Say 1+1 (2)."]
    assert asked(sums, faulty, "--eval-system", "T")[0] == ["T", "Say 1+1 (2)."]


def test_a_long_text_may_stand_in_a_file(sums: pytest.Pytester, faulty: FaultyServer) -> None:
    (sums.path / "prompt.txt").write_text("Now {q}\n")

    assert asked(sums, faulty, "--eval-prompt", "file:prompt.txt", "--eval-shots", "0")[0] == ["Now 1+1"]


@pytest.mark.parametrize("said", [(), ("--eval-set", "sums.system=file:inside/brief.txt")], ids=["file", "set"])
def test_a_long_text_of_a_table_may_stand_in_a_file_too(
    sums: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch, said: tuple[str, ...]
) -> None:
    inside = sums.path / "inside"
    inside.mkdir()
    (inside / "brief.txt").write_text("Be brief.")
    if not said:
        add_settings(sums, "[benchmarks.sums]\nsystem = 'file:inside/brief.txt'")

    assert asked(sums, faulty, "--eval-shots", "0", *said)[0] == ["Be brief.", "1+1?"]


def test_filters_come_before_scoring(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("Draft: 41. Final: 42. Checked against 43")

    wrong = run(project, "--model", "faulty", "test_answers.py")
    right = run(project, "--model", "faulty", "test_answers.py", "--eval-filter", r"regex=Final: (\d+)")
    said = run(project, "--model", "faulty", "test_answers.py", "--eval-set", r"answers.filters=regex=Final: (\d+)")

    wrong.assert_outcomes(failed=10)
    right.assert_outcomes(passed=10)
    said.assert_outcomes(passed=10)
    assert len(faulty.asked) == 10, "filters do not change what is asked"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("shots = -1", "modeleval.toml: benchmark 'answers': shots is a whole number of at least 0, not -1"),
        ("shot = 1", "unknown key in modeleval.toml: benchmark 'answers': 'shot'; did you mean 'shots'?*"),
        ("shots_draw = 'x'", "*benchmark 'answers': shots_draw is one of first, seeded, not 'x'"),
        ("shots_as = 'x'", "*benchmark 'answers': shots_as is one of turns, message, not 'x'"),
        ("prompt = 3", "*benchmark 'answers': prompt is a text, not 3"),
        ("prompt = 'no field'", "*'no field' asks nothing: it has no field such as {question}"),
        (r"prompt = '\boxed{} {q}'", r"*{} in '\\boxed{} {q}' names no field; a brace that is meant is written twice"),
        ("prompt = '{q'", "*expected '}' before end of string in '{q'; a brace that is meant is written twice"),
        ("filters = ['x']", "unknown filter in modeleval.toml: benchmark 'answers': 'x'*"),
    ],
)
def test_settings_that_are_not_understood_are_one_line(
    project: pytest.Pytester, faulty: FaultyServer, table: str, message: str
) -> None:
    with (project.path / "modeleval.toml").open("a") as file:
        file.write(f"[benchmarks.answers]\n{table}\n")

    result = run(project, "--model", "faulty", "test_answers.py")

    result.stderr.fnmatch_lines([f"ERROR: {message.replace('[', '[[]')}"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--eval-shots", "-1"], "--eval-shots takes a whole number of at least 0, not '-1'"),
        (["--eval-set", "run.shots_as=x"], "--eval-set run.shots_as takes one of turns, message, not 'x'"),
        (["--eval-set", "run.shots_draw=x"], "--eval-set run.shots_draw takes one of first, seeded, not 'x'"),
        (["--eval-system", "file:nowhere"], "--eval-system cannot read 'nowhere': *"),
        (["--eval-filter", "{x"], "--eval-filter takes NAME, NAME=VALUE or a JSON object: *"),
        (["--eval-prompt", "{"], "--eval-prompt: *"),
    ],
)
def test_flags_that_are_not_understood_are_one_line(
    project: pytest.Pytester, faulty: FaultyServer, flags: list[str], message: str
) -> None:
    result = run(project, "--model", "faulty", "test_answers.py", *flags)

    result.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_repeats_are_reported_with_pass_at_k(project: pytest.Pytester, faulty: FaultyServer) -> None:
    asked_so_far: dict[str, int] = {}

    def second_time_right(handler: Any, body: dict[str, Any]) -> None:
        question = body["messages"][-1]["content"]
        asked_so_far[question] = asked_so_far.get(question, 0) + 1
        answer("42" if asked_so_far[question] == 2 else "41")(handler, body)

    faulty.fault = second_time_right
    result = run(project, "--model", "faulty", "test_answers.py", "--eval-repeats", "2", "--eval-concurrency", "1")

    result.stdout.re_match_lines(
        [r"faulty +answers +main +20 +0 +0\.500", r".*pass@2 +10 +0 +1\.000", r".*pass\^2 +10 +0 +0\.000"]
    )
