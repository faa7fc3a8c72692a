"""What a run of load tests leaves: files, comparisons, pytest-benchmark, JUnit and Allure."""

import importlib.util
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

import pytest_modeleval.reports
from pytest_modeleval import evaluate
from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer
from tests.conftest import FaultyServer, add_settings, alias, run_alone, send
from tests.perf.conftest import FEW, perf
from tests.perf.truth import true_ttft

pytestmark = pytest.mark.usefixtures("whatever_machine")


def test_allure_has_each_load_and_the_plots_over_all(served: pytest.Pytester) -> None:
    pytest.importorskip("allure_pytest")
    perf(served, "--perf-parallel", "1,4", *FEW, "--alluredir", "results")

    found = [json.loads(path.read_text()) for path in (served.path / "results").glob("*-result.json")]
    (everything,) = (served.path / "results").glob("*-globals.json")
    names = [each["name"] for each in json.loads(everything.read_text())["attachments"]]
    assert sorted(each["name"] for each in found) == [
        "scores, gate and plots of the run",
        "test_load[parallel=1]",
        "test_load[parallel=4]",
    ]
    assert {"overview", "figures", "throughput", "latency"} <= set(names)


HOOK = """
from pytest_modeleval import FinishedRun, Loads

def pytest_modeleval_finished(run: FinishedRun) -> None:
    (section,) = run.sections
    assert isinstance(section, Loads)
    loads = [(load.point.name, load["success"]) for load in section.measured]
    with open("told.txt", "a") as told:
        told.write(f"{run.models} {run.ended} {run.exit_status} {run.rows} {loads}\\n")
"""


def schema() -> Any:
    return json.loads((Path(pytest_modeleval.reports.__file__).parent / "results.schema.json").read_text())


@pytest.mark.parametrize("asked", [["--perf-parallel", "1,4"], ["test_mine.py"]], ids=["flag", "mark"])
def test_what_is_made_of_every_run_is_made_of_loads(served: pytest.Pytester, asked: list[str]) -> None:
    served.makeconftest(HOOK)
    served.makepyfile(
        test_mine="import pytest\n@pytest.mark.perf(parallel=[1, 4])\ndef test_mine(load): assert load.figures.sent"
    )
    files = ("--eval-write", "run.json", "--eval-write", "run.md")
    result = perf(served, *asked, *FEW, "--perf-slo", "p50_latency<60s", *files, "--perf-out", "out")
    assert result.ret == 0

    found = json.loads((served.path / "run.json").read_text())
    jsonschema.validate(found, schema())
    assert (found["run"]["ended"], found["run"]["exit_status"], found["rows"]) == ("complete", 0, [])
    assert found["loads"] == json.loads((served.path / "out" / "perf.json").read_text())["loads"]
    assert [load["load"] for load in found["loads"]] == [{"parallel": 1}, {"parallel": 4}]
    summary = (served.path / "run.md").read_text().splitlines()
    assert [line for line in summary if line.startswith("#")] == [
        "## Load test of bench",
        *("### Gate", "### Loads", "### Measurement"),
        *("### Figures of parallel=1", "### Figures of parallel=4", "### Set-up"),
    ]
    assert len([line for line in summary if line.startswith("| ✅ passed | parallel=")]) == 2
    told = "['bench'] complete 0 () [('parallel=1', 1.0), ('parallel=4', 1.0)]\n"
    assert (served.path / "told.txt").read_text() == told


COUNTING = """
from pytest_modeleval import FinishedRun

def pytest_modeleval_finished(run: FinishedRun) -> None:
    with open("told.txt", "a") as told:
        told.write(f"{run.ended} {run.reported} of {run.selected} {run.id}\\n")
"""
BROKEN_OFF = """
import pytest

def pytest_runtest_setup(item):
    if item.name == "test_mine[parallel=4]":
        pytest.exit("enough")
"""
MINE = """
import pytest

@pytest.mark.perf(parallel=[1, 4])
def test_mine(load):
    pass

def test_ordinary():
    pass
"""


def told(project: pytest.Pytester) -> list[str]:
    return (project.path / "told.txt").read_text().split()


@pytest.mark.parametrize(
    ("arguments", "broken_off", "reported", "ret"),
    [
        (["test_mine.py"], BROKEN_OFF, "1 of 3", 2),
        (["test_mine.py", "-x", "--perf-slo", "p50_ttft<=1us"], "", "1 of 3", 1),
        (["test_mine.py", "--model", "gone"], "", "0 of 5", 4),
        (["--perf-parallel", "1,4", "-x", "--perf-slo", "p50_ttft<=1us"], "", "1 of 2", 1),
    ],
    ids=["pytest.exit between two loads", "-x", "no server", "-x of a flag's"],
)
def test_loads_that_were_broken_off_are_no_complete_run(
    served: pytest.Pytester, arguments: list[str], broken_off: str, reported: str, ret: int
) -> None:
    served.makeconftest(COUNTING + broken_off)
    served.makepyfile(test_mine=MINE)
    alias(served, "gone", base_url="http://127.0.0.1:9/v1", model="gone")
    result = perf(served, *arguments, *FEW, "--eval-write", "run.json")

    assert result.ret == ret
    said = f"interrupted: {reported} selected tests were reported"
    assert [line for line in result.outlines if line.startswith("interrupted")] == [said]
    assert json.loads((served.path / "run.json").read_text())["run"]["ended"] == "interrupted"
    assert told(served)[:4] == ["interrupted", *reported.split()]
    with closing(sqlite3.connect(served.path / ".modeleval" / "store.sqlite")) as store:
        assert store.execute("select ended from runs").fetchall() == [("interrupted",)]


@pytest.mark.parametrize(
    ("asked", "reported"),
    [(["test_mine.py"], "3 of 3"), (["--perf-find", "max parallel to 2 where success>=1%"], "1 of 1")],
    ids=["an ordinary test", "a search"],
)
def test_a_finished_run_counts_its_tests_and_not_its_loads(
    served: pytest.Pytester, asked: list[str], reported: str
) -> None:
    served.makeconftest(COUNTING)
    served.makepyfile(test_mine=MINE)
    result = perf(served, *asked, *FEW)

    assert result.ret == 0
    assert told(served)[:4] == ["complete", *reported.split()]
    # Where a run is told apart, it is by what the header says.
    result.stdout.re_match_lines([rf".*; run {told(served)[4][:8]}"])


def lines_of(project: pytest.Pytester) -> list[str]:
    """The gate's lines in the summary run.md."""
    lines = (project.path / "run.md").read_text().splitlines()
    return [line for line in lines if re.match(r"\| \S+ (passed|failed|inconclusive|invalid) \|", line)]


def test_failed_requests_stand_in_the_gate_of_every_report(served: pytest.Pytester, bench: BenchServer) -> None:
    bench.behave(Behaviour(ttft=0.01, gap=0.001, error_every=10))
    result = perf(served, "--perf-parallel", "4", *FEW, "--eval-write", "run.md", "--eval-write", "page.html")

    assert result.ret == 7
    why = "1 of 16 requests failed, --perf-max-error-rate is 0: 1 http 500"
    assert [line for line in lines_of(served) if line.startswith(f"| ❌ failed | parallel=4 | {why}")] == lines_of(
        served
    )
    assert len(lines_of(served)) == 1
    assert why in (served.path / "page.html").read_text()


def test_what_is_worse_than_an_earlier_run_stands_in_the_gate(served: pytest.Pytester, bench: BenchServer) -> None:
    load = ["--perf-parallel", "4", *FEW, "--perf-number", "40"]
    perf(served, *load)
    bench.behave(Behaviour(ttft=0.15, gap=0.001, tokens=16))
    compared = ["--perf-compare", "last", "--perf-compare-fail", "p50_ttft:10%"]
    result = perf(served, *load, *compared, "--eval-write", "run.md", "--eval-write", "run.json")

    assert result.ret == 1
    (line,) = lines_of(served)
    assert re.match(r"\| ❌ failed \| parallel=4 \| p50&#95;ttft: \+.* since that run, up to \+10% is accepted", line)
    found = json.loads((served.path / "run.json").read_text())
    jsonschema.validate(found, schema())
    assert [(each["name"], each["result"]) for each in found["comparisons"]] == [
        ("test_load.py::test_load[parallel=4]", "failed")
    ]


def test_loads_of_several_tests_are_told_apart(served: pytest.Pytester) -> None:
    served.makepyfile(
        test_mine="import pytest\n@pytest.mark.perf(parallel=2)\ndef test_a(load): pass\n"
        "@pytest.mark.perf(parallel=2)\ndef test_b(load): pass"
    )
    perf(served, "test_mine.py", *FEW)
    result = perf(served, "test_mine.py", *FEW, "--perf-compare", "last")

    heads = [line.split()[0] for line in result.outlines if re.match(r"\S+ +(mean|before) ", line)]
    assert heads == ["test_a[parallel=2]", "test_b[parallel=2]"] * 2


def gate_of(project: pytest.Pytester, *arguments: str) -> tuple[int, list[list[str]]]:
    """The exit status, and the cells of the gate in the summary."""
    result = perf(project, *arguments, *FEW, "--eval-write", "run.md")
    lines = (project.path / "run.md").read_text().splitlines()
    return int(result.ret), [
        line.strip("| ").split(" | ") for line in lines if line.startswith(("| ✅", "| ❌", "| ❔"))
    ]


def test_what_fails_a_load_is_said_in_every_report(served: pytest.Pytester, bench: BenchServer) -> None:
    perf(served, "--perf-parallel", "2", *FEW)
    bench.behave(Behaviour(ttft=0.2, gap=0.001))
    slo = ("--perf-slo", "p50_latency<=60s", "--alluredir", "results")
    status, gate = gate_of(
        served, "--perf-parallel", "2", "--perf-compare", "last", "--perf-compare-fail", "p50_ttft:10%", *slo
    )

    assert (status, [cells[:2] for cells in gate]) == (1, [["✅ passed", "parallel=2"], ["❌ failed", "parallel=2"]])
    assert re.match(r"p50&#95;ttft: \+\d+\.\d% .* since that run, up to \+10% is accepted", gate[1][2])
    found = [json.loads(path.read_text()) for path in (served.path / "results").glob("*-result.json")]
    assert [each["status"] for each in found if each["name"].startswith("scores, gate")] == ["failed"]


def test_a_load_of_failed_requests_does_not_only_pass(pytester: pytest.Pytester, faulty_server: FaultyServer) -> None:
    said = {"error": {"message": "a | <b>`no`</b>"}}
    faulty_server.fault = lambda handler, _: send(handler, 500, said)
    alias(pytester, "bench", base_url=faulty_server.url, model="faulty")
    load = ("--perf-prompt", "Who?", "--perf-parallel", "1")
    status, gate = gate_of(pytester, *load, "--perf-slo", "success>=0%")

    assert status == 7
    assert [cells[:2] for cells in gate] == [["❌ failed", "parallel=1"], ["✅ passed", "parallel=1"]]
    assert "16 of 16 requests failed" in gate[0][2]
    assert not set("<`|") & set(gate[0][2])


def test_the_gate_of_a_search_is_what_it_found(served: pytest.Pytester, bench: BenchServer) -> None:
    bench.behave(Behaviour(ttft=0.04, gap=0.001, tokens=8, slots=1))
    # Two are one after the other: the second load does not keep it.
    found = gate_of(served, "--perf-find", "max parallel to 2 where p50_ttft<=60ms")
    nothing = gate_of(served, "--perf-find", "max parallel to 2 where p50_ttft<=1us")

    name = "test&#95;find&#91;max-parallel&#93;"
    assert (found[0], [cells[:2] for cells in found[1]]) == (0, [["✅ passed", name]])
    assert (nothing[0], [cells[:2] for cells in nothing[1]]) == (1, [["❌ failed", name]])


def test_a_script_gets_the_loads(served: pytest.Pytester) -> None:
    run = evaluate("bench", flags=["-p", "no:benchmark"], perf_parallel=[1, 4], perf_number=8, perf_output=8)

    assert sorted(load["load"]["parallel"] for load in run.loads) == [1, 4]
    assert {load["figures"]["success"] for load in run.loads} == {1.0}
    assert (run.scores, run.samples) == ([], [])


def test_a_script_gets_what_a_search_found(served: pytest.Pytester) -> None:
    # Where this machine is busy a load may be INVALID, and ends the search.
    for _ in range(3):
        run = evaluate("bench", perf_find="max parallel to 2 where success>=1%", perf_number=80, perf_output=8)
        (found,) = run.searches
        if "invalid" not in found["why"]:
            break

    assert found["kept"] == 2
    assert len(run.loads) == 2


@pytest.mark.parametrize("option", [{"perf_parallel": 0}, {"perf_parallel": []}, {"perf_rate": 0}, {"perf_find": ""}])
def test_a_load_that_cannot_be_is_no_evaluation(served: pytest.Pytester, option: dict[str, Any]) -> None:
    (name,) = option

    with pytest.raises(pytest.UsageError, match=rf"^evaluate\(\) {name} takes "):
        evaluate("bench", **option)


def test_a_report_needs_allure_s_command_line(served: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(served.path))
    result = perf(served, "--perf-parallel", "1", *FEW, "--eval-report", "report")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.re_match_lines([r"ERROR: --eval-report needs Allure's command line, which is not on PATH: .*"])
    assert "requests" not in result.stdout.str()


def test_a_report_of_loads_needs_allure_pytest(served: pytest.Pytester, tmp_path: Path) -> None:
    (tmp_path / "allure").write_text("#!/bin/sh")
    (tmp_path / "allure").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:/bin")
        result = perf(served, "-p", "no:allure_pytest", "--perf-parallel", "1", *FEW, "--eval-report", "report")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = r"ERROR: --eval-report of load tests needs allure-pytest: pip install 'pytest-modeleval\[allure\]'"
    result.stderr.re_match_lines([said])


def test_everything_is_written_down(served: pytest.Pytester) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    add_settings(served, '[runs.wide]\nperf_records = "parquet"')
    result = perf(served, "--perf-parallel", "1,4", *FEW, "--perf-out", "out", "--eval-run", "wide")
    assert result.ret == 0

    out = served.path / "out"
    content = json.loads((out / "perf.json").read_text())
    assert [load["load"] for load in content["loads"]] == [{"parallel": 1}, {"parallel": 4}]
    assert content["loads"][0]["figures"]["mean_output_tokens"] == 8
    assert {path.name for path in out.glob("*.svg")} == {
        f"{n}.svg" for n in ("throughput", "requests", "ttft", "tpot", "latency")
    }
    table = pyarrow.read_table(out / "bench-test_load-parallel=4.parquet").to_pylist()
    assert len(table) == 16
    assert [row for row in table if not row["sent"] < row["first"] <= row["last"] <= row["ended"]] == []
    assert {len(row["chunks"]) for row in table} == {8}
    perf(served, "--perf-parallel", "2", *FEW, "--perf-out", "out")
    rows = [json.loads(line) for line in (out / "bench-test_load-parallel=2.jsonl").read_text().splitlines()]
    assert (len(rows), rows[0]["output_tokens"], rows[0]["status"], rows[0]["error"]) == (16, 8, 200, "")


def test_a_run_is_compared_with_an_earlier_one(served: pytest.Pytester, bench: BenchServer) -> None:
    nothing = perf(served, "--perf-parallel", "4", *FEW, "--perf-number", "40", "--perf-compare", "last")
    nothing.stdout.fnmatch_lines(["parallel=4: that run has no such load to compare with"])
    before = true_ttft(bench)
    bench.behave(Behaviour(ttft=0.1, gap=0.001, tokens=16))
    result = perf(served, "--perf-parallel", "4", *FEW, "--perf-number", "40", "--perf-compare", "last")

    text = result.stdout.str()
    line = re.search(r"p50_ttft +([\d.]+) ms +([\d.]+) ms +\+([\d.]+)% +\[\+([\d.]+)%, \+([\d.]+)%\]  \*", text)
    assert line, text
    first, second, change, low, high = map(float, line.groups())
    # No client can see a token before it was sent; how much later depends on the machine.
    assert before - 1 <= first < second
    assert second >= true_ttft(bench) - 1
    assert change == pytest.approx(100 * (second / first - 1), abs=1)
    assert low <= change <= high


def test_every_load_is_a_benchmark_of_pytest_benchmark(served: pytest.Pytester, bench: BenchServer) -> None:
    pytest.importorskip("pytest_benchmark")
    arguments = [
        "--perf-parallel",
        "1,4",
        *FEW,
        "--benchmark-storage",
        "stored",
        "-p",
        "no:cacheprovider",
        "-p",
        "benchmark",
    ]
    first = perf(served, *arguments, "--benchmark-autosave", "--benchmark-json", "bench.json")
    assert first.ret == 0

    first.stdout.re_match_lines([r"-+ benchmark: 2 tests -+", r"test_load\[parallel=\d\] .* 16 +1$"])
    stored = {one["name"]: one for one in json.loads((served.path / "bench.json").read_text())["benchmarks"]}
    assert stored["test_load[parallel=4]"]["stats"]["rounds"] == 16
    assert stored["test_load[parallel=4]"]["stats"]["min"] > 0.02
    assert stored["test_load[parallel=4]"]["extra_info"]["success"] == 1
    again = perf(served, *arguments, "--benchmark-compare", "--benchmark-compare-fail=mean:300%")
    assert again.ret == 0
    bench.behave(Behaviour(ttft=0.2, gap=0.001))
    slower = perf(served, *arguments, "--benchmark-compare", "--benchmark-compare-fail=mean:300%")
    assert slower.ret != 0
    (slower.stdout if "Performance has regressed" in slower.stdout.str() else slower.stderr).fnmatch_lines(
        ["*Performance has regressed*"]
    )


def test_a_load_without_a_success_is_no_benchmark_and_no_complaint(served: pytest.Pytester, bench: BenchServer) -> None:
    pytest.importorskip("pytest_benchmark")
    bench.behave(Behaviour(cut_every=1))

    result = perf(served, "--perf-parallel", "2", *FEW, "-W", "error", "-p", "benchmark")

    result.assert_outcomes(failed=1)
    assert "enchmark fixture" not in result.stdout.str()


def test_benchmark_only_and_skip_mean_load_tests_too(served: pytest.Pytester) -> None:
    pytest.importorskip("pytest_benchmark")

    perf(served, "--perf-parallel", "2", *FEW, "-p", "benchmark", "--benchmark-only").assert_outcomes(passed=1)
    perf(served, "--perf-parallel", "2", *FEW, "-p", "benchmark", "--benchmark-skip").assert_outcomes(skipped=1)
    perf(served, "--perf-parallel", "2", *FEW).assert_outcomes(passed=1)


def test_figures_are_properties_of_the_junit_case(served: pytest.Pytester) -> None:
    perf(served, "--perf-parallel", "2", *FEW, "--junitxml", "junit.xml")
    root = ElementTree.parse(served.path / "junit.xml").getroot()

    found = {each.attrib["name"]: float(each.attrib["value"]) for each in root.iterfind(".//testcase//property")}
    assert found["success"] == 1
    assert 0.01 < found["p50_ttft"] < found["p50_latency"]


def test_a_histogram_of_pytest_benchmark_is_drawn(served: pytest.Pytester) -> None:
    # In a process of its own: a library of pygal's takes the finder of plugins away from this one.
    if not importlib.util.find_spec("pygal"):
        pytest.skip("no pygal, by which pytest-benchmark draws")
    run_alone(
        served, "--model", "bench", "--perf-parallel", "1,2", *FEW, "-p", "benchmark", "--benchmark-histogram=drawn"
    )

    assert list(served.path.glob("drawn*.svg"))


def test_one_load_has_its_set_up_validity_percentiles_and_plots_in_every_report(served: pytest.Pytester) -> None:
    files = ("--eval-write", "page.html", "--eval-write", "run.md", "--eval-write", "run.json")
    result = perf(served, "--perf-parallel", "2", "--perf-prefix", "9", *FEW, *files)
    assert result.ret == 0

    page, summary = ((served.path / name).read_text() for name in ("page.html", "run.md"))
    for text in (
        "Measurement",
        "Figures of parallel=2",
        "p99.9",
        "Set-up",
        "closed loop, 2 in flight",
        "pytest-modeleval",
    ):
        assert text in page
        assert text in summary
    assert "random, 40 tokens, 9 of them shared, answers of at most 8 tokens" in page
    assert {"throughput", "ttft", "tpot", "latency"} <= set(re.findall(r'"title": ?"(\w+)"', page))
    (load,) = json.loads((served.path / "run.json").read_text())["loads"]
    assert load["server"].endswith("/v1/chat/completions")
    assert all(below >= 0 and above >= 0 for below, above in load["client_error"].values())
