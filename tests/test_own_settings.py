"""Settings that one benchmark alone takes, and the rows that they leave."""

import json
import re
from typing import Any

import pytest

from pytest_modeleval.items.settings import day
from tests.conftest import add_settings, run

CONTESTS = """
from pytest_modeleval import Completion, Sample, Setting, benchmark, hub
from pytest_modeleval.items.settings import day

ROWS = hub(modelscope="a/contests", huggingface=None, config="main", column="date")

def among(date, settings):
    return settings["since"] <= date[:10]

@benchmark(ROWS, lambda row: Sample(row["q"], row["q"]), settings={"since": Setting(day, "2024-01-01")}, among=among)
def test_contests(sample: Sample, completion: Completion) -> None:
    assert True
"""
DATES = ["2024-02-01T10:00", "2023-05-01T00:00", "2024-01-01T23:30", "2025-06-01T00:00", "2024-02-01T10:00"]


@pytest.fixture
def contests(project: pytest.Pytester) -> pytest.Pytester:
    project.makepyfile(test_contests=CONTESTS)
    folder = project.path / "data/contests/main"
    folder.mkdir(parents=True)
    rows = [{"q": f"{number}", "date": date} for number, date in enumerate(DATES)]
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return project


def asked(project: pytest.Pytester, *flags: str) -> list[int]:
    """The rows that are asked, in their order."""
    result = run(project, "--model", "tiny", "--eval-data", "data", "test_contests.py", "--co", "-q", *flags)
    return [int(row) for row in re.findall(r"\[main-(\d+)\]", result.stdout.str())]


def test_rows_keep_their_numbers(contests: pytest.Pytester) -> None:
    assert asked(contests) == [0, 2, 3, 4]
    assert asked(contests, "--eval-set", "contests.since=2024-02-01") == [0, 3, 4]
    assert asked(contests, "--eval-set", "contests.since=2025-01-01", "--eval-limit", "2") == [3]


def test_toml_says_a_day_as_such_or_as_a_text(contests: pytest.Pytester) -> None:
    add_settings(contests, "[benchmarks.contests]\nsince = 2025-01-01\n")
    assert asked(contests) == [3]
    add_settings(contests, "")
    assert asked(contests, "--eval-set", "contests.since=2023-01-01") == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("flag", "line"),
    [
        ("contests.since=2025-13-01", "--eval-set contests: since takes a day such as 2025-01-01, not '2025-13-01'"),
        ("contests.since=yes", "--eval-set contests: since takes a day such as 2025-01-01, not 'yes'"),
        ("contests.since=2025", "--eval-set contests: since takes a day such as 2025-01-01, not 2025"),
        ("contests.sinec=2025-01-01", "unknown key in --eval-set contests: 'sinec'; did you mean 'since'?"),
        ("contests.since=2026-01-01", "contests: no row of main is left by since = 2026-01-01"),
        ("gsm8k.since=2026-01-01", "unknown key in --eval-set gsm8k: 'since'"),
    ],
)
def test_a_mistake_is_a_line(contests: pytest.Pytester, flag: str, line: str) -> None:
    flags = ["--model", "tiny", "--eval-data", "data", "test_contests.py", "--eval-set", flag]

    result = run(contests, *flags)

    assert line in result.stderr.str()


def test_a_benchmark_that_is_not_asked_may_have_settings_of_its_own(contests: pytest.Pytester) -> None:
    add_settings(contests, "[benchmarks.contests]\nsince = 2025-01-01\n")

    result = run(contests, "--model", "tiny", "--eval", "arithmetic", "--co", "-q", "--eval-limit", "1")

    assert result.ret == 0


def test_rows_without_the_column_are_a_line(contests: pytest.Pytester) -> None:
    (contests.path / "data/contests/main/test.jsonl").write_text('{"q": "1"}\n')

    result = run(contests, "--model", "tiny", "--eval-data", "data", "test_contests.py")

    assert "has no field 'date'; its fields are: q" in result.stderr.str()


def test_rows_are_chosen_by_a_column_alone() -> None:
    from pytest_modeleval import benchmark, generated

    rows = generated(lambda subset, index: {"q": index}, {"main": 1})
    with pytest.raises(TypeError, match="column=NAME"):
        benchmark(rows, lambda row: row, among=lambda value, settings: True)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize("value", [20250101, 2025.5, None, True, "2025-1-1x", ""])
def test_what_is_no_day(value: Any) -> None:
    with pytest.raises(pytest.UsageError, match="takes a day such as 2025-01-01"):
        day("here", value)


SPANS = """
from pytest_modeleval import Completion, Sample, benchmark, hub

ROWS = hub(modelscope="a/spans", huggingface=None, config=["all", "v1", "v2"], unnamed="all")

@benchmark(ROWS, lambda row: Sample(row["q"], row["q"]))
def test_spans(sample: Sample, completion: Completion) -> None:
    assert True
"""


@pytest.mark.parametrize(
    ("flags", "subsets"),
    [
        (["test_spans.py"], {"all"}),
        (["test_spans.py", "-k", "spans and v2"], {"v2"}),
        (["test_spans.py", "-k", "spans"], {"all"}),
        (["--eval-collection", "mix.toml"], {"all"}),
        (["--eval-collection", "v1.toml"], {"v1"}),
    ],
    ids=lambda flags: " ".join(flags) if isinstance(flags, list) else "",
)
def test_one_subset_is_asked_where_none_is_named(project: pytest.Pytester, flags: list[str], subsets: set[str]) -> None:
    project.makepyfile(test_spans=SPANS)
    for subset in ("all", "v1", "v2"):
        folder = project.path / "data/spans" / subset
        folder.mkdir(parents=True)
        (folder / "test.jsonl").write_text('{"q": "1"}\n')
    for name, part in (("mix", ""), ("v1", ', subsets = ["v1"]')):
        (project.path / f"{name}.toml").write_text(
            f'name = "{name}"\ndatasets = [{{name = "spans", file = "test_spans.py"{part}}}]\n'
        )

    result = run(project, "--model", "tiny", "--eval-data", "data", "--co", "-q", *flags)

    assert {*re.findall(r"test_spans\[(\w+)-", result.stdout.str())} == subsets, result.stdout.str()


def test_a_collection_draws_among_the_rows_that_are_left(contests: pytest.Pytester) -> None:
    (contests.path / "mix.toml").write_text(
        'name = "mix"\ndatasets = [{name = "contests", file = "test_contests.py"}]\n'
        "[benchmarks.contests]\nsince = 2024-02-01\n"
    )
    flags = ["--model", "tiny", "--eval-data", "data", "--co", "-q"]

    drawn = run(contests, *flags, "--eval-collection", "mix.toml", "--eval-collection-save", "drawn.jsonl")
    again = run(contests, *flags, "--eval-collection", "drawn.jsonl")

    assert re.findall(r"\[main-(\d+)\]", drawn.stdout.str()) == ["00000", "00003", "00004"], drawn.stdout.str()
    assert re.findall(r"\[main-(\d+)\]", again.stdout.str()) == ["00000", "00003", "00004"], again.stdout.str()
