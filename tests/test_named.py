"""A word of -k that is a benchmark's name means that benchmark."""

import re
import shutil
from collections.abc import Iterator

import pytest

from pytest_modeleval.items.elsewhere import ELSEWHERE
from pytest_modeleval.items.shipped import shipped_names
from tests.conftest import ANSWERS, FaultyServer, add_settings, run
from tests.test_benchmarks import write_rows

OWN = """
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"q": f"{subset} {index}"}, {"first": 2, "second": 2})

@benchmark(ROWS, lambda row: Sample(row["q"], "42"), tags=["sums"])
def test_others(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
def test_first(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
def test_sums(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)

def test_first_of_all() -> None: pass
"""


def collected(result: pytest.RunResult) -> Iterator[str]:
    """The benchmarks and subsets of the items that are listed."""
    for line in result.outlines:
        if found := re.search(r"::test_(\w+)(?:\[(.+)-\d{5}\])?$", line):
            yield f"{found[1]}[{found[2]}]" if found[2] else found[1]


@pytest.fixture
def shipped(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A project with rows of benchmarks whose names stand in each other's and in their subsets'."""
    for name in ("gsm8k", "process_bench", "mmlu", "mmlu_redux", "cmmlu"):
        write_rows(project, name)
    shutil.copytree(project.path / "data/mmlu/abstract_algebra", project.path / "data/mmlu/anatomy")
    return project


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("gsm8k", {"gsm8k[main]"}),
        ("GSM8K", {"gsm8k[main]"}),
        ("process_bench and gsm8k", {"process_bench[gsm8k]"}),
        ("(process_bench and omnimath) or gsm8k", {"gsm8k[main]", "process_bench[gsm8k]", "process_bench[omnimath]"}),
        ("mmlu and abstract_algebra", {"mmlu[abstract_algebra]"}),
        ("mmlu_redux and anatomy", {"mmlu_redux[anatomy]"}),
        ("anatomy", {"mmlu[anatomy]", "mmlu_redux[anatomy]", "cmmlu[anatomy]"}),
    ],
)
def test_a_shipped_benchmarks_name_means_it_alone(shipped: pytest.Pytester, expression: str, asked: set[str]) -> None:
    flags = ("--eval-data", "data", "--eval-shots", "0", "--collect-only", "-q")
    result = run(shipped, "--model", "faulty", "-k", expression, *flags)

    assert set(collected(result)) == asked


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["--eval", "gsm8k,process_bench/math"], {"gsm8k[main]", "process_bench[math]"}),
        (["--eval", "gsm8k", "--eval", "process_bench/math, process_bench/gsm8k"], {"gsm8k[main]", "process_bench[math]", "process_bench[gsm8k]"}),
        (["--eval=process_bench,process_bench/math", "-k", "gsm8k"], {"process_bench[gsm8k]"}),
        (["--eval", "mmlu/STEM", "-k", "abstract_algebra"], {"mmlu[abstract_algebra]"}),
        (["--eval", "gsm8k", "test_answers.py"], {"gsm8k[main]", "answers[easy]", "answers[hard]"}),
    ],
)  # fmt: skip
def test_what_is_asked_is_named_exactly(shipped: pytest.Pytester, arguments: list[str], asked: set[str]) -> None:
    flags = ("--eval-data", "data", "--eval-shots", "0", "--collect-only", "-q")
    result = run(shipped, "--model", "faulty", *arguments, *flags)

    assert set(collected(result)) == asked


@pytest.mark.parametrize("key", ["eval = 'gsm8k, process_bench/math'", "eval = ['gsm8k', 'process_bench/math']"])
def test_a_named_run_may_name_it(shipped: pytest.Pytester, key: str) -> None:
    add_settings(shipped, f"[runs.pr]\n{key}")
    flags = ("--eval-data", "data", "--eval-shots", "0", "--collect-only", "-q")

    result = run(shipped, "--model", "faulty", "--eval-run", "pr", *flags)

    assert set(collected(result)) == {"gsm8k[main]", "process_bench[math]"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--eval", "gsmk8"], "unknown benchmark in --eval: 'gsmk8'; did you mean 'gsm8k'?"),
        (["--eval", "tool_bench"], "'tool_bench' is called toolbench_static here"),
        (["--eval", "wikitext"], "there is no benchmark 'wikitext' here yet: `modeleval list` has those that there are"),
        (["--eval", "process_bench/maths"], "unknown part of process_bench in --eval: 'maths'; did you mean 'math'? Known: gsm8k, math, olympiadbench, omnimath."),
        (["--eval", "gsm8k/"], "--eval takes NAME or NAME/PART, such as gsm8k,mmlu/STEM, not 'gsm8k/'"),
        (["--eval", "gsm8k,,arc"], "--eval takes NAME or NAME/PART, such as gsm8k,mmlu/STEM, not ''"),
        (["--eval", "gsm8k", "--eval-collection", "test_answers.py"], "--eval-collection says what is asked: leave --eval out"),
        (["--eval", "gsm8k", "--perf-parallel", "1"], "--eval is for benchmarks, and this is a load test: it sends what --perf-dataset and the like say"),
    ],
)  # fmt: skip
def test_a_slip_in_it_is_one_line(shipped: pytest.Pytester, arguments: list[str], said: str) -> None:
    result = run(shipped, "--model", "faulty", *arguments, "--eval-data", "data")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_a_table_of_it_is_one_line(shipped: pytest.Pytester) -> None:
    add_settings(shipped, "[run]\neval = {mmlu = ['STEM']}")

    result = run(shipped, "--model", "faulty")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: modeleval.toml: [[]run[]] eval takes NAME or NAME/PART, such as gsm8k,mmlu/STEM, not a table: {'mmlu': *"
        ]
    )


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("first and not of_all", 4),
        ("sums", 4),
        ("others and first", 2),
        ("others and sums", 4),
        ("second", 6),
    ],
)
def test_a_users_own_name_does_too(
    project: pytest.Pytester, faulty: FaultyServer, expression: str, asked: int, processes: tuple[str, ...]
) -> None:
    (project.path / "test_answers.py").unlink()
    (project.path / "own").mkdir()
    (project.path / "own" / "test_own.py").write_text(OWN)

    run(project, "--model", "faulty", "own", "-k", expression, *processes).assert_outcomes(passed=asked)


@pytest.mark.parametrize("tag", ["knowledge", "zh"])
def test_a_tag_names_its_benchmarks_too(project: pytest.Pytester, faulty: FaultyServer, tag: str) -> None:
    result = run(project, "--model", "faulty", "-k", f"{tag} or arithmetic", "--eval-offline")

    # And so their data are missed, not left out in the open.
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert faulty.asked == []


def test_what_others_have_is_here_or_said_not_to_be() -> None:
    assert not ELSEWHERE & shipped_names()


def test_a_file_that_is_typed_is_named_too(shipped: pytest.Pytester) -> None:
    flags = ("--eval-data", "data", "--collect-only", "-q")
    result = run(shipped, "--model", "faulty", "test_process_bench.py", "-k", "gsm8k", *flags)

    assert set(collected(result)) == {"process_bench[gsm8k]"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-m", "maths"], "unknown tag in -m 'maths': 'maths'; did you mean 'math'?*"),
        (["-k", "mmlu and Stemm"], "unknown benchmark, subset or tag in -k 'mmlu and Stemm': 'Stemm'; did you mean 'stem'?*"),
        (["-k", "mmlu and anatommy"], "unknown benchmark, subset or tag in -k *: 'anatommy'; did you mean 'anatomy'?*"),
        (["-k", "gsm8k[main-99999]"], "there is no gsm8k[main-99999]: main has 2 samples, numbered from 00000"),
        (["test_gsm8k.py::test_gsm8k[main-99999]"], "there is no gsm8k[main-99999]: main has 2 samples, numbered from 00000"),
        (["test_gsm8k.py::test_gsm8k[mian-00001]"], "there is no test_gsm8k[mian-00001] in test_gsm8k.py; did you mean test_gsm8k[main-00001]?"),
        (["test_gsm8k.py::test_gsm8k[main-1]"], "there is no test_gsm8k[main-1] in test_gsm8k.py; did you mean test_gsm8k[main-00001]?"),
        (["test_gsm8k.py::test_gsm9k[main-00001]"], "there is no test_gsm9k in test_gsm8k.py; did you mean test_gsm8k?"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_one_line(shipped: pytest.Pytester, arguments: list[str], said: str) -> None:
    (shipped.path / "test_answers.py").unlink()

    result = run(shipped, "--model", "faulty", *arguments, "--eval-data", "data", "--eval-shots", "0")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said.replace('[', '[[]')}"])


@pytest.mark.parametrize("processes", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_what_has_no_data_is_not_counted_as_deselected(
    shipped: pytest.Pytester, faulty: FaultyServer, processes: tuple[str, ...]
) -> None:
    (shipped.path / "test_answers.py").unlink()

    result = run(
        shipped, "--model", "faulty", "-k", "gsm8k", "--eval-data", "data", "--eval-shots", "0", "-rf", *processes
    )

    result.assert_outcomes(failed=2, deselected=0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--eval", "gsm8k,process_bench/math"], "gsm8k (2), process_bench/math (5)"),
        (["-k", "process_bench and gsm8k"], "process_bench/gsm8k (5)"),
        (["-k", "mmlu and abstract_algebra"], "mmlu/abstract_algebra (*)"),
        (["test_gsm8k.py", "--eval-limit", "1"], "gsm8k (1)"),
        (["test_answers.py", "--eval-repeats", "3"], "answers (10)"),
        (["test_answers.py", "-k", "easy"], "answers/easy (6)"),
    ],
)
def test_the_header_says_what_is_asked(shipped: pytest.Pytester, arguments: list[str], said: str) -> None:
    result = run(shipped, "--model", "faulty", *arguments, "--eval-data", "data", "--eval-shots", "0", "--co")

    result.stdout.fnmatch_lines([f"modeleval: asks {said}"])


def test_workers_say_what_is_asked_too(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "test_answers.py", "-k", "easy", "-n", "2")

    assert result.outlines.count("modeleval: asks answers/easy (6)") == 1


@pytest.mark.parametrize(("expression", "asked"), [("strict", 10), ("main or (easy and loose)", 6), ("not strict", 10)])
def test_a_users_own_parameter_is_named_by_its_words(
    project: pytest.Pytester, faulty: FaultyServer, expression: str, asked: int
) -> None:
    project.makeconftest(
        "def pytest_generate_tests(metafunc):\n"
        "    if 'how' in metafunc.fixturenames: metafunc.parametrize('how', ['strict', 'loose'])"
    )
    project.makepyfile(test_answers=ANSWERS.replace("completion: Completion", "completion: Completion, how: str"))

    result = run(project, "--model", "faulty", "test_answers.py", "-k", expression)

    result.assert_outcomes(passed=asked, deselected=20 - asked)


def test_a_groups_name_stands_for_its_subsets(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "-k", "arithmetic and (add or multiply-1)", "--co")

    result.stdout.fnmatch_lines(["modeleval: asks arithmetic/add (75), arithmetic/multiply-1 (25)"])


def test_after_one_mistake_no_further_data_is_opened(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_two="""
        from pathlib import Path
        import pytest
        from pytest_modeleval import Sample, benchmark


        class Away:
            subsets = {"main": ""}

            def open(self, place, subsets, examples):
                assert not Path("opened").exists()
                Path("opened").write_text(place.benchmark)
                raise pytest.UsageError(f"{place.benchmark}: nothing answers")


        @benchmark(Away(), lambda row: Sample("?", "42"))
        def test_one(sample, completion): ...


        @benchmark(Away(), lambda row: Sample("?", "42"))
        def test_two(sample, completion): ...
        """
    )

    result = run(project, "--model", "tiny", "test_two.py")

    result.stderr.fnmatch_lines(["ERROR: one: nothing answers"])
    assert (project.path / "opened").read_text() == "one"
