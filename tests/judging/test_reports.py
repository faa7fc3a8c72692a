"""Every verdict is told: in the terminal, on the page, in Allure and in exports."""

import csv
import json
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FaultyServer, alias, answer, modeleval, run
from tests.judging.conftest import JUDGED, echo_even, fields, verdict
from tests.reports.conftest import Data, Open, chromium, open_page  # noqa: F401 - fixtures

REASON = "</td><script>window.hacked = 1</script> \x1b[31m"
PANEL = ("--model", "faulty", "--model", "judge=strict", "--model", "judge=mild")
PAIRED = """
from pytest_modeleval import Completion, Judge, Judging, Preference, Rubric, Sample, Score, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 2})
BETTER = Rubric("Which is better?\\n{question}\\nA:\\n{first}\\nB:\\n{second}", Preference())

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "another"), judging=Judging(pairs=True))
async def test_paired(sample: Sample, completion: Completion, judge: Judge) -> None:
    battle = await judge.compare(BETTER, completion, sample.target, question=sample.asked)
    assert Score(battle.value, battle.value >= 0.5)
"""


@pytest.fixture
def panel(project: pytest.Pytester, faulty: FaultyServer, other_server: FaultyServer) -> FaultyServer:
    """Two judges that differ about wrong answers, of which one mumbles once."""
    project.makepyfile(test_graded=JUDGED, test_paired=PAIRED)
    for name in ("strict", "mild"):
        alias(project, name, base_url=other_server.url, model=name, retries=1, timeout=60)
    other_server.models = ["strict", "mild"]
    times: Counter[str] = Counter()

    def judges(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        asked = body["messages"][-1]["content"]
        if "Which is better" in asked:
            answer(verdict("A>B"))(handler, body)
            return
        reference, given = fields(body)
        times[reference + body["model"]] += 1
        if body["model"] == "strict" and reference == "2" and times["2strict"] == 1:
            answer("I cannot say")(handler, body)
        else:
            right = body["model"] == "mild" or given == reference
            said = {"reason": REASON, "verdict": "CORRECT" if right else "INCORRECT"}
            answer(json.dumps(said))(handler, body)

    other_server.fault, faulty.fault = judges, echo_even
    return other_server


def test_a_sample_s_verdicts_are_shown_in_the_terminal(project: pytest.Pytester, panel: FaultyServer) -> None:
    run(project, *PANEL, "test_graded.py", "test_paired.py", "--eval-set", "judge.probe=4")

    wrong = modeleval("show", "graded[main-00001]")
    mumbled = modeleval("show", "graded[main-00002]")
    paired = modeleval("show", "paired[main-00000]")

    wrong.stdout.fnmatch_lines(
        [
            "-- verdicts",
            "   asked  judge *shown  verdict *said",
            "   main   all *CORRECT (0.5) *the votes differ",
            "   main   judge=* (?) *</td><script>*x1b?31m",
        ]
    )
    assert "INCORRECT (0)" in wrong.stdout.str()
    assert "with a verdict put into the answer" in wrong.stdout.str()
    mumbled.stdout.fnmatch_lines(
        ["   main   judge=strict *no verdict *no JSON object*", "*judge=strict (asked again)*"]
    )
    # The first shown, both times.
    paired.stdout.fnmatch_lines(
        ["   main   all *0.5 *the orders differ 2 times", "   main   judge=* as named *A>B (1)*"]
    )
    assert "swapped   A>B (0)" in paired.stdout.str()


@pytest.mark.browser
def test_verdicts_are_text_on_the_page_and_in_allure(
    project: pytest.Pytester,
    panel: FaultyServer,
    open_page: Open,  # noqa: F811 - the fixture
) -> None:
    run(project, *PANEL, "test_graded.py", "--eval-write", "page.html", "--alluredir", "allure")

    detail = Data(project.path / "page.html").details[1]
    assert [row[1] for row in detail["verdicts"]] == ["all", "judge=mild", "judge=strict"]
    page = open_page(project.path / "page.html")
    page.get_by_role("button", name="Samples").click()
    page.locator("#row-1").click()
    shown = page.locator("#sample-body").inner_text()
    assert "VERDICTS OF JUDGES" in shown.upper()
    assert "the votes differ" in shown
    assert "</td><script>window.hacked = 1</script> ␛[31m" in shown
    assert page.evaluate("window.hacked") is None
    pages = [path.read_text() for path in (project.path / "allure").glob("*-attachment.html")]
    (told,) = [text for text in pages if "say 1" in text and "verdicts of judges" in text]
    assert "<td>judge=mild</td><td></td><td>CORRECT (1)</td><td>&lt;/td&gt;&lt;script&gt;" in told
    assert "<script" not in told


def test_verdicts_are_in_exports(project: pytest.Pytester, panel: FaultyServer) -> None:
    import pyarrow.parquet

    wanted = [each for suffix in ("csv", "jsonl", "parquet") for each in ("--eval-write", f"out.{suffix}")]
    run(project, *PANEL, "test_graded.py", *wanted)

    with (project.path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (project.path / "out.jsonl").read_text().splitlines()]
    table = pyarrow.parquet.read_table(project.path / "out.parquet").to_pylist()
    assert [row["divided"] for row in rows] == ["0", "1", "0", "1"]
    assert [row["divided"] for row in lines] == [row["divided"] for row in table] == [0, 1, 0, 1]
    said = json.loads(lines[2]["verdicts"])
    assert said == json.loads(rows[2]["verdicts"]) == json.loads(table[2]["verdicts"])
    mumbled, *_ = [each for each in said if each["judge"] == "judge=strict"]
    assert (mumbled["value"], mumbled["error"][:12], mumbled["again"]) == (None, "judge=strict", 0)
    assert said[-1] == {"name": "main", "judge": "", "label": "CORRECT", "value": 1.0}


def test_of_protected_samples_labels_and_values_alone_are_kept(
    project: pytest.Pytester, panel: FaultyServer, faulty: FaultyServer
) -> None:
    hidden = JUDGED.replace("@benchmark(ROWS, ", "@benchmark(ROWS, protected=True, to_sample=")
    project.makepyfile(test_graded=hidden)

    run(project, *PANEL, "test_graded.py", "--eval-write", "page.html", "--eval-write", "out.jsonl", "--alluredir", "a")

    shown = modeleval("show", "graded[main-00001]").stdout.str()
    written = "".join(
        path.read_text(errors="replace") for path in [*project.path.glob("a/*"), *project.path.glob("*.jsonl")]
    )
    written += (project.path / "page.html").read_text() + shown
    assert "INCORRECT (0)" in shown
    assert [text for text in ("hacked", "say 1", "cannot say") if text in written] == []
    assert modeleval("labels", "last").errlines[0].startswith("modeleval: graded[main-0000")
    assert Path("labels-graded.html").exists() is False
