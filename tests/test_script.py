"""evaluate() as a training script meets it."""

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pytest_modeleval import Evaluated, evaluate
from pytest_modeleval.results.results import TableRow
from tests.conftest import ANSWERS, FaultyServer, add_settings, answer

# pytest-randomly shuffles the samples, and with them the table.
IN_ORDER = ("-p", "no:randomly")


@pytest.fixture
def one_wrong(faulty: FaultyServer) -> FaultyServer:
    faulty.fault = lambda handler, body: answer("41" if "easy 1:" in body["messages"][-1]["content"] else "42")(
        handler, body
    )
    return faulty


def test_a_run_is_an_object(
    project: pytest.Pytester, one_wrong: FaultyServer, capfd: pytest.CaptureFixture[str]
) -> None:
    run = evaluate("faulty", flags=["test_answers.py"])

    assert run.exit_status == 1
    whole = run.scores[0]
    assert (whole.model, whole.benchmark, whole.samples, whole.score) == ("faulty", "answers", 10, 0.9)
    assert whole.low is not None
    assert whole.high is not None
    assert whole.low < 0.9 < whole.high
    assert [sample["outcome"] for sample in run.samples] == ["right", "wrong", *["right"] * 8]
    assert (run.samples[1]["got"], run.samples[1]["expected"]) == ("41", "42")
    assert capfd.readouterr() == ("", "")
    assert not (project.path / ".pytest_cache").exists()
    assert (project.path / ".modeleval/store.sqlite").exists()


def test_printed_it_is_its_table_and_shown_one_line(project: pytest.Pytester, one_wrong: FaultyServer) -> None:
    run = evaluate("faulty", flags=["test_answers.py", *IN_ORDER])

    assert repr(run) == f"<Evaluated {run.id[:8]}: 10 samples, exit status 1>"
    head, titles, whole, *parts = str(run).splitlines()
    assert head == f"run {run.id[:8]}, exit status 1"
    assert titles == "model   benchmark  samples  errors  score  95% interval    tokens"
    assert whole == "faulty  answers         10       0  0.900  [0.596, 0.982]     100"
    assert [part.split()[1] for part in parts] == ["easy", "hard"]


def test_scores_stand_in_the_order_of_the_items_though_the_first_are_slow(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    def easy_is_slow(handler: Any, body: dict[str, Any]) -> None:
        if "easy" in body["messages"][-1]["content"]:
            time.sleep(0.5)
        answer("42")(handler, body)

    faulty.fault = easy_is_slow
    # The second worker begins with the hard ones.
    project.makepyfile(test_answers=ANSWERS.replace('{"easy": 6, "hard": 4}', '{"easy": 2, "hard": 8}'))
    run = evaluate("faulty", flags=["test_answers.py", *IN_ORDER, "-n", "2"])

    assert [row.part for row in run.scores] == ["", "easy", "hard"]


def row(benchmark: str, part: str = "") -> TableRow:
    counted: dict[str, Any] = {"samples": 8, "errors": 0, "unscored": 0, "new": 8, "stored": 0, "oldest": None}
    counted |= {"prompt_tokens": 1, "completion_tokens": 1, "seconds": 1.0, "standard_error": 0.1}
    return TableRow(benchmark=benchmark, part=part, model="m", metric="main", score=0.5, low=0.3, high=0.7, **counted)


def test_of_many_rows_the_whole_benchmarks_are_printed() -> None:
    rows = [row("mmlu"), *(row("mmlu", f"subject_{n}") for n in range(57)), *(row(f"other{n}") for n in range(12))]

    lines = str(Evaluated("a" * 32, 0, rows, [])).splitlines()

    assert [line.split()[1] for line in lines[2:-1]] == ["mmlu", *(f"other{n}" for n in range(9))]
    assert lines[-1] == "… and 60 more in .scores"


def test_a_notebook_shows_foreign_names_as_text() -> None:
    shown = Evaluated("a" * 32, 1, [row("<script>alert(1)</script>")], [])._repr_html_()

    table = ElementTree.fromstring(shown)
    assert [cell.text for cell in table.iter("td")][:2] == ["m", "<script>alert(1)</script>"]
    assert "color" not in shown


def test_load_tests_are_a_line_a_load() -> None:
    figures = {"request_rate": 5.854, "output_rate": 46.9, "p50_ttft": 0.1, "p99_ttft": 0.2}
    load = {"name": "test_load.py::test_load[parallel=8]", "model": "bench", "requests": 1200, "figures": figures}
    run = Evaluated("a" * 32, 0, [], [], [load] * 12)

    assert repr(run) == "<Evaluated aaaaaaaa: 12 loads, exit status 0>"
    lines = str(run).splitlines()
    assert lines[2].split() == ["bench", "parallel=8", "1,200", "5.85", "46.90", "100.0", "ms", "200.0", "ms", "-"]
    assert lines[-1] == "… and 2 more in .loads"
    assert max(map(len, lines)) <= 80


def test_its_arguments_are_the_options(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run: Evaluated = evaluate(
        ["faulty"],
        select="hard",
        flags=["test_answers.py", "--eval-repeats=2"],
        limit=3,
        data=Path(),
        generation={"temperature": 0.5, "stop": "5"},
        shots=None,
    )

    assert run.exit_status == 0
    assert len(run.samples) == 6
    assert {sample["subset"] for sample in run.samples} == {"hard"}
    assert {(body["temperature"], body["stop"]) for body in faulty.asked} == {(0.5, "5")}


def test_its_options_go_over_the_settings_and_workers_have_them(project: pytest.Pytester, faulty: FaultyServer) -> None:
    add_settings(
        project, "[run]\nlimit = 6\noffline = true\n[runs.pr]\nmodel = 'faulty'\nlimit = 4\nsystem = 'Briefly.'"
    )
    options: dict[str, Any] = {"run": "pr", "limit": 2, "offline": False}

    named = evaluate(flags=["test_answers.py", "-n", "2"], **options)
    plain = evaluate("faulty", flags=["test_answers.py"])

    assert [len(run.samples) for run in (named, plain)] == [2, 6]
    assert [body["messages"][0]["content"] for body in faulty.asked[:2]] == ["Briefly."] * 2


def test_it_prints_when_asked(
    project: pytest.Pytester, faulty: FaultyServer, capfd: pytest.CaptureFixture[str]
) -> None:
    run = evaluate("faulty", flags=["test_answers.py"], show=True)

    assert f"run {run.id[:8]};" in capfd.readouterr().out


def test_a_script_outside_pytest_can_call_it(project: pytest.Pytester, faulty: FaultyServer) -> None:
    script = project.path / "train.py"
    script.write_text(
        "import gc, sys\nfrom pytest_modeleval import evaluate\n"
        "run = evaluate('faulty', flags=['test_answers.py'])\n"
        "print(run.scores[0].score, len(run.samples), gc.get_freeze_count(), 'test_answers' in sys.modules)\n"
    )

    result = project.run(sys.executable, script)

    assert result.outlines == ["1.0 10 0 False"]


def test_samples_are_a_data_frame(project: pytest.Pytester, one_wrong: FaultyServer) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")

    frame = evaluate("faulty", flags=["test_answers.py"]).to_pandas()

    assert frame.groupby("subset")["score"].mean().round(3).to_dict() == {"easy": 0.833, "hard": 1.0}


def test_without_pandas_it_says_what_is_needed(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = evaluate("faulty", limit=1, flags=["test_answers.py"])
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(ImportError, match=r"^Evaluated.to_pandas needs pandas: pip install pandas$"):
        run.to_pandas()


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        ("fauly", ["test_answers.py"], r"^unknown model 'fauly'; did you mean 'faulty'\? "),
        ("faulty", ["--eval-cache", "yes"], r"^--eval-cache takes one of off, read, write, only, any, not 'yes'$"),
        ("faulty", ["--no-such-flag"], r"error: unrecognized arguments: --no-such-flag"),
        (
            "faulty",
            ["--model=other"],
            r"^evaluate\(\) gives pytest --model itself: leave --model=other out$",
        ),
        ("faulty", {"write": "x.txt"}, r"^--eval-write takes a FILE that ends in .*, not 'x\.txt'; "),
        ("faulty", {"limit": 0}, r"^evaluate\(\) limit takes a whole number of at least 1, not '0'$"),
        ("faulty", {"limti": 3}, r"^unknown key in evaluate\(\): 'limti'; did you mean 'limit'\?"),
        ("faulty", {"run": "pr"}, r"^unknown run 'pr'\. Give the NAME of a table \[runs\.NAME\] in modeleval\.toml\.$"),
    ],
    ids=["model", "value", "flag", "own", "own option", "option's value", "option", "run"],
)  # fmt: skip
def test_a_mistake_is_one_line(
    project: pytest.Pytester, faulty: FaultyServer, model: str, given: list[str] | dict[str, Any], said: str
) -> None:
    with pytest.raises(pytest.UsageError, match=said) as raised:
        evaluate(model, flags=given) if isinstance(given, list) else evaluate(model, **given)

    assert "\n" not in str(raised.value)


def test_without_a_model_it_says_how_to_give_one(project: pytest.Pytester) -> None:
    with pytest.raises(pytest.UsageError, match=r'^evaluate\(\) needs a model: evaluate\("qwen3"\), or model = '):
        evaluate(eval="gsm8k")


def test_a_run_without_results_is_an_error(project: pytest.Pytester, faulty: FaultyServer) -> None:
    with pytest.raises(RuntimeError, match="ended with exit status 0 and without results: "):
        evaluate("faulty", flags=["test_answers.py", "--collect-only"])


def test_a_run_that_is_killed_before_it_has_written_its_samples_is_an_error(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    project.makeconftest(
        """
        import os

        from pytest_modeleval.store.store import Store

        Store.flush = lambda store: os._exit(9)
        """
    )

    with pytest.raises(RuntimeError, match="ended with exit status 9 and without results: "):
        evaluate("faulty", flags=["test_answers.py"])


def test_a_store_that_takes_no_scores_is_the_reason_and_not_pytests_last_line(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    evaluate("faulty", flags=["test_answers.py"])
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store:
        store.execute("create trigger full before insert on scores begin select raise(abort, 'no room'); end")

    with pytest.raises(pytest.UsageError, match=r"^cannot write the run store .*: no room\. What it holds is kept"):
        evaluate("faulty", flags=["test_answers.py"])
