"""What runs of code benchmarks report: pass@k of verdicts, and what went wrong with which code."""

import json
import re

import pytest

from tests.conftest import run
from tests.sandbox.test_runs import MODEL, WRITTEN, written  # noqa: F401 - the fixture
from tests.test_benchmarks import RECORDED, write_rows

RIGHT, WRONG = "def f(x): return 2 * x", "def f(x): return 9 * x"


def answer(pytester: pytest.Pytester, answers: dict[str, str]) -> None:
    lines = [json.dumps({"id": f"written[main-{item}]", "text": text}) for item, text in answers.items()]
    (pytester.path / "answers.jsonl").write_text("\n".join(lines))


def test_pass_at_k_is_of_verdicts(pytester: pytest.Pytester, own_folder: None) -> None:
    """Of four answers two, one and none are right: pass@1 is 3/12, pass@2 (5/6 + 3/6 + 0)/3 by Chen et al.'s rule."""
    pytester.makepyfile(test_written=WRITTEN.replace('"main": 6', '"main": 3').replace("0.3", "5"))
    right = {"00000": 2, "00001": 1, "00002": 0}
    answer(
        pytester,
        {
            f"{item}-r{n}": RIGHT if n <= count else f"{WRONG} + {n}"
            for item, count in right.items()
            for n in range(1, 5)
        },
    )

    result = run(pytester, *MODEL, "--eval-repeats", "4")

    said = result.stdout.str()
    assert re.search(r"written +main +12 +0 +0\.250", said), said
    assert re.search(r"written +pass@2 +3 +0 +0\.444", said)
    assert re.search(r"written +pass@4 +3 +0 +0\.667", said)


def test_reports_have_what_went_wrong_and_the_code(written: pytest.Pytester) -> None:  # noqa: F811
    code = "def f(x): return x  # <b>\x1b[31m"
    answer(written, {"00001": code, "00002": "while True: pass", "00003": "[0] * 10**10", "00005": "```\n```"})

    reports = ["--alluredir", "allure", "--eval-write", "run.html", "-rf"]
    result = run(written, *MODEL, *reports, "-k", "not 00000 and not 00004")

    said = result.stdout.str()
    assert "got 'def f(x): return x # <b>\\x1b[31m'" in said
    assert "(AssertionError)" in said
    assert "(the program took more than its time)" in said
    assert "(the program wanted more memory than it may have)" in said
    assert "(no code in the answer)" in said
    results = [json.loads(path.read_text()) for path in (written.path / "allure").glob("*-result.json")]
    labels = {each["value"] for found in results for each in found["labels"] if each["name"] == "mistake"}
    assert labels == {"wrong answer", "time-out", "out of memory", "no answer found"}
    messages = {found["statusDetails"]["message"].partition(":")[0] for found in results if found["status"] == "failed"}
    assert messages == labels
    page = (written.path / "run.html").read_text()
    assert "time-out" in page
    assert "out of memory" in page
    assert "def f(x): return x" in page
    assert "<b>\x1b" not in page


@pytest.mark.parametrize("name", ["humaneval", "humaneval_plus", "mbpp", "mbpp_plus", "live_code_bench"])
def test_prose_is_no_code(pytester: pytest.Pytester, own_folder: None, name: str) -> None:
    write_rows(pytester, name)
    item = next(iter(RECORDED[name].right))
    line = {"id": f"{name}[{item}]", "text": "The task is unclear.\nSorry, and good luck!"}
    (pytester.path / "answers.jsonl").write_text(json.dumps(line))

    flags = ["--model", "replay:answers.jsonl", "--eval", name, "--eval-data", "data", "--alluredir", "allure"]
    result = run(pytester, *flags, "-k", item)

    assert result.parseoutcomes()["failed"] == 1
    assert "got '' (no code in the answer)" in result.stdout.str()
    reports = [json.loads(path.read_text()) for path in (pytester.path / "allure").glob("*-result.json")]
    assert {each["value"] for found in reports for each in found["labels"] if each["name"] == "mistake"} == {
        "no answer found"
    }


def test_a_row_whose_tests_cannot_be_decoded_is_a_line(pytester: pytest.Pytester, own_folder: None) -> None:
    """And it is not asked: of two answers one is taken."""
    rows = RECORDED["live_code_bench"].files["release_latest/test.jsonl"]
    assert not isinstance(rows, str)
    folder = pytester.path / "data/live_code_bench/v6"
    folder.mkdir(parents=True)
    broken = {**rows[0], "private_test_cases": "bm90IHpsaWI="}
    (folder / "test.jsonl").write_text(f"{json.dumps(rows[0])}\n{json.dumps(broken)}\n")
    right = RECORDED["live_code_bench"].right["release_latest-00000"]
    lines = [json.dumps({"id": f"live_code_bench[v6-0000{at}]", "text": right}) for at in (0, 1)]
    (pytester.path / "answers.jsonl").write_text("\n".join(lines))

    result = run(pytester, "--model", "replay:answers.jsonl", "--eval", "live_code_bench/v6", "--eval-data", "data")

    said = result.stdout.str()
    assert "row 1 of" in said
    assert "its private_test_cases cannot be decoded: error: Error -3 while decompressing data" in said.replace(
        "\n    ", " "
    )
    assert "answers: 1 new, none stored" in said
    assert (result.parseoutcomes()["passed"], len(re.findall("cannot be decoded", said))) == (1, 1)


def test_days_choose_among_live_code_benchs_problems(pytester: pytest.Pytester) -> None:
    """Both ends are whole days: a contest of the evening is of its day."""
    write_rows(pytester, "live_code_bench")
    flags = ["--model", "tiny", "--eval", "live_code_bench", "--eval-data", "data", "--co", "-q"]
    start, end = "live_code_bench.start_date=2024-09-14", "live_code_bench.end_date=2024-09-14"

    def asked(*settings: str) -> list[str]:
        result = run(pytester, *flags, *(part for each in settings for part in ("--eval-set", each)))
        return re.findall(r"\[release_latest-(\d+)\]", result.stdout.str())

    assert asked(start, end) == ["00000"]
    assert asked(end) == ["00000"]
    assert asked("live_code_bench.start_date=2024-09-15") == ["00001", "00002", "00003", "00004", "00005"]
