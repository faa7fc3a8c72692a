"""How many answers are new and how many stored, and how old the oldest is: said everywhere, and by every process."""

import itertools
import json
import re
import sqlite3
import time
import xml.etree.ElementTree as ElementTree
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_modeleval.results import reuse
from pytest_modeleval.results.reuse import Reuse
from pytest_modeleval.store.schema import _FIRST, _SECOND
from pytest_modeleval.store.store import Store
from tests.conftest import FaultyServer, alias, run
from tests.reports.conftest import Data

NOW = time.time()
NINE_DAYS_AGO = NOW - 9.5 * 86400


@pytest.fixture
def six_stored(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A project whose store holds the answers to the six easy samples, one of them nine days old."""
    run(project, "--model", "faulty", "-k", "easy", "test_answers.py").assert_outcomes(passed=6)
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite", isolation_level=None)) as store:
        first = "key = (select min(key) from completions)"
        store.execute(f"update completions set created = ? where {first}", (NINE_DAYS_AGO,))
    faulty.asked.clear()
    return project


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_every_report_tells_new_answers_from_stored_ones(
    six_stored: pytest.Pytester, faulty: FaultyServer, workers: tuple[str, ...]
) -> None:
    files = ["--eval-write", "o.json", "--eval-write", "o.html", "--eval-write", "o.md", "--junitxml", "o.xml"]

    result = run(six_stored, "--model", "faulty", *workers, *files, "--alluredir", "allure", "test_answers.py")

    assert len(faulty.asked) == 4
    said = "answers: 4 new, 6 stored, the oldest 9 days old"
    result.stdout.re_match_lines(
        [
            "modeleval: 6 answers are stored, the oldest 9 days old; used where the same model was asked the same",
            r"model +benchmark .* interval .* new  stored  oldest",
            r"faulty +answers +10 .* 4       6  9 days",
            r"faulty +easy +6 .* 0       6  9 days",
            r"faulty +hard +4 .* 4       0       -",
            said,
        ]
    )
    document = json.loads((six_stored.path / "o.json").read_text())
    assert document["run"]["answers"] == {"new": 4, "stored": 6, "oldest": NINE_DAYS_AGO}
    assert [(row["new"], row["stored"]) for row in document["rows"]] == [(4, 6), (0, 6), (4, 0)]
    assert said in (six_stored.path / "o.md").read_text()
    page = Data(six_stored.path / "o.html")
    assert said in page.screen["notes"]
    assert sum(detail["stored"] is not None for detail in page.details) == 6
    properties = "answers = 4 new, 6 stored, the oldest 9 days old"
    assert properties in (six_stored.path / "allure/environment.properties").read_text()
    assert junit(six_stored) == {"new": 4, "stored": 6, "oldest": time.strftime("%Y-%m-%dT%H:%M:%SZ", _gmt())}


def _gmt() -> time.struct_time:
    return time.gmtime(NINE_DAYS_AGO)


def junit(project: pytest.Pytester) -> dict[str, object]:
    """What the properties of all test cases add up to, which those of the whole suite say too."""
    root = ElementTree.parse(project.path / "o.xml").getroot()
    cases = [{p.attrib["name"]: p.attrib["value"] for p in case.iter("property")} for case in root.iter("testcase")]
    (suite,) = ({p.attrib["name"]: p.attrib["value"] for p in each} for each in root.findall("testsuite/properties"))
    found: dict[str, object] = {
        "new": sum(int(case["new_answers"]) for case in cases),
        "stored": sum(int(case["stored_answers"]) for case in cases),
        "oldest": min(case["oldest_answer"] for case in cases if "oldest_answer" in case),
    }
    assert suite == {
        "ended": "complete",
        "new_answers": str(found["new"]),
        "stored_answers": str(found["stored"]),
        "oldest_answer": found["oldest"],
    }
    return found


def test_a_run_that_was_given_all_its_answers_says_so(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "--eval-write", "o.json", "test_answers.py")

    result.stdout.fnmatch_lines(["answers: 10 new, none stored"])
    assert "answers are stored" not in result.stdout.str()
    document = json.loads((project.path / "o.json").read_text())
    assert document["run"]["answers"] == {"new": 10, "stored": 0, "oldest": None}


@pytest.mark.parametrize("when", ["1e300", "9e999", "-5.0"])
def test_an_answer_kept_at_no_time_is_asked_anew(six_stored: pytest.Pytester, faulty: FaultyServer, when: str) -> None:
    with closing(sqlite3.connect(six_stored.path / ".modeleval/store.sqlite", isolation_level=None)) as store:
        store.execute(f"update completions set created = {when}")

    result = run(six_stored, "--model", "faulty", "-k", "easy", "--junitxml", "j.xml", "test_answers.py")

    result.assert_outcomes(passed=6)
    assert len(faulty.asked) == 6


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--eval-cache", "off"), "not used (--eval-cache off)"),
        (("--eval-min-score", "answers=0"), "used only to go on with a run of this command that was broken off*"),
        (("--eval-save-baseline", "b.json"), "used only to go on with a run of this command that was broken off*"),
    ],
)
def test_a_header_says_that_stored_answers_are_not_used(
    six_stored: pytest.Pytester, faulty: FaultyServer, flags: tuple[str, ...], why: str
) -> None:
    result = run(six_stored, "--model", "faulty", *flags, "test_answers.py")

    result.stdout.fnmatch_lines(
        [f"modeleval: 6 answers are stored, the oldest 9 days old; {why}", "answers: 10 new, none stored"]
    )


def test_a_header_counts_what_the_same_model_gave_whatever_it_is_called(
    six_stored: pytest.Pytester, faulty: FaultyServer, other_server: FaultyServer
) -> None:
    """Under another alias they would serve, and at another address they would not."""
    (six_stored.path / "modeleval.toml").write_text("")
    alias(six_stored, "faulty", base_url=other_server.url, model="faulty")
    alias(six_stored, "renamed", base_url=faulty.url, model="faulty")

    moved = run(six_stored, "--model", "faulty", "test_answers.py")
    renamed = run(six_stored, "--model", "renamed", "test_answers.py")

    assert "answers are stored" not in moved.stdout.str()
    renamed.stdout.fnmatch_lines(["modeleval: 6 answers are stored, *", "answers: 4 new, 6 stored, *"])


def test_all_that_is_said_of_an_age_is_the_same(
    six_stored: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each report looked at the clock itself; here a day passes whenever somebody does."""
    days = itertools.count(1)
    clock = SimpleNamespace(**vars(time) | {"time": lambda: time.time() + 86400 * next(days)})
    monkeypatch.setattr(reuse, "time", clock)
    files = ["--eval-write", "o.md", "--eval-write", "o.html", "--alluredir", "allure"]

    result = run(six_stored, "--model", "faulty", *files, "test_answers.py")

    page = json.dumps(Data(six_stored.path / "o.html").screen["notes"])
    summary = (six_stored.path / "o.md").read_text()
    allure = "".join(path.read_text() for path in (six_stored.path / "allure").iterdir())
    for text in (result.stdout.str(), page, summary, allure):
        assert set(re.findall(r"(\d+) days", text)) == {"9"}


def test_an_answer_to_the_same_question_in_the_same_run_is_none_of_the_stored(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    project.makepyfile(
        test_answers=(project.path / "test_answers.py").read_text().replace("{subset} {index}: what", "what")
    )

    result = run(project, "--model", "faulty", "--eval-concurrency", "1", "test_answers.py")

    assert len(faulty.asked) == 1
    result.stdout.fnmatch_lines(["answers: 10 new, none stored"])


def test_the_store_keeps_when_a_reused_answer_was_kept(six_stored: pytest.Pytester, faulty: FaultyServer) -> None:
    run(six_stored, "--model", "faulty", "test_answers.py")

    with closing(sqlite3.connect(six_stored.path / ".modeleval/store.sqlite")) as store:
        rows = store.execute(
            "select subset, count(stored), min(stored) from scores where run = "
            "(select id from runs order by started desc limit 1) group by subset order by subset"
        ).fetchall()
    assert rows == [("easy", 6, NINE_DAYS_AGO), ("hard", 0, None)]


def test_a_store_that_only_knew_whether_an_answer_was_stored_tells_when(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(f"{_FIRST};{_SECOND}")
        old.execute("insert into runs values ('r', 1.0, 2.0, 0, '{}')")
        old.execute("insert into completions values ('a', 'm', 123.5, '{}')")
        for item, reused in (("new", 0), ("old", 1), ("unknown", None)):
            values = ("r", item, "main", "m", "b", "s", "h", 0, "right", 1.0, "", "", "", "a", "", 1, 1, 0.5, None)
            old.execute(f"insert into scores values ({', '.join('?' * 20)})", (*values, reused))
        old.execute("pragma user_version = 2")
        old.commit()

    Store(tmp_path).close()

    with closing(sqlite3.connect(path)) as store:
        kept = dict(store.execute("select item, stored from scores").fetchall())
    assert kept == {"new": None, "old": 123.5, "unknown": None}


def test_the_parts_of_a_sum_know_the_oldest() -> None:
    whole = sum([Reuse(2), Reuse(0, 3, NOW - 10), Reuse(1, 1, NOW - 7300)], Reuse())

    assert whole.said(NOW) == "3 new, 4 stored, the oldest 2 h old"
    assert Reuse().said(NOW) == ""
