"""The page for a browser: what is written."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.commands.main import WRONG
from pytest_modeleval.reports.embedded import embedded
from pytest_modeleval.reports.page import Entry, _blocks
from tests.conftest import ANSWERS, FaultyServer, add_settings, answer, modeleval, run
from tests.reports.conftest import ERROR, Data, Say


def test_every_sample_is_on_the_page_with_all_that_is_known_of_it(project: pytest.Pytester, say: Say) -> None:
    say({"easy 1": "It is 41.", "hard 0": ERROR})

    run(project, "--model", "faulty", "test_answers.py", "--eval-write", "out/page.html")

    data = Data(project.path / "out" / "page.html")
    assert [row["outcome"] for row in data.rows] == ["right", "wrong", *["right"] * 4, "error", *["right"] * 3]
    (wrong,) = [row for row in data.rows if row["outcome"] == "wrong"]
    assert (wrong["sample"], wrong["subset"], wrong["got"], wrong["expected"]) == ("easy-00001", "easy", "41", "42")
    assert (wrong["answer"], wrong["prompt_tokens"], wrong["completion_tokens"]) == ("It is 41.", 7, 3)
    detail = data.details[1]
    assert detail["prompt"] == [{"who": "user", "content": "easy 1: what is 6 * 7?"}]
    assert (detail["target"], detail["finish_reason"], detail["stored"]) == ("42", "stop", None)
    (error,) = [row for row in data.rows if row["outcome"] == "error"]
    assert (error["score"], error["got"]) == (None, None)
    assert "the server is tired" in error["why"]


def test_the_first_screen_is_what_the_terminal_says(project: pytest.Pytester, say: Say) -> None:
    say({"easy 1": "41"})
    run(project, "--model", "faulty", "test_answers.py", "--eval-save-baseline", "b.json")
    say({"easy 1": "41", "easy 2": "40", "hard 3": "40"})

    flags = ("--eval-cache", "off", "--eval-baseline", "b.json", "--eval-margin", "50pp", "--eval-write", "page.html")
    result = run(project, "--model", "faulty", "test_answers.py", *flags)

    screen = Data(project.path / "page.html").screen
    (scores,) = screen["scores"]
    lines = [(row["part"], row["samples"], row["score"]) for row in scores["rows"]]
    assert lines == [("", 10, 0.7), ("easy", 6, 4 / 6), ("hard", 4, 0.75)]
    assert [(row["part"], row["samples"]) for row in scores["tags"]] == [("math", 10)]
    (gate,) = screen["gate"]
    result.stdout.fnmatch_lines([f"{gate['name']}  {gate['result']} *"])
    assert gate["why"] in result.stdout.str()
    assert screen["exit_status"] == result.ret
    samples = [(each["sample"], each["before"], each["after"]) for each in screen["regressed"]]
    assert samples == [("easy-00002", 1.0, 0.0), ("hard-00003", 1.0, 0.0)]


def test_what_has_no_data_is_said_above_the_scores(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "--eval-limit", "1", "--eval-write", "page.html")

    notes = Data(project.path / "page.html").screen["notes"]
    assert [
        note
        for note in notes
        if note.startswith("not run, because they have no data: ai2d, aime24, aime25, alpaca_eval, arc, ")
    ]


def test_several_models_are_compared_on_the_samples_of_both(project: pytest.Pytester, say: Say) -> None:
    say({"easy 1": "41"})

    result = run(project, "--model", "faulty", "--model", "other", "test_answers.py", "--eval-write", "page.html")

    result.stdout.re_match_lines(
        [r"answers: other less faulty -90\.0 pp \[-100\.0, -41\.3\], 0 better and 9 worse of 10"]
    )
    (found,) = Data(project.path / "page.html").screen["comparisons"]
    assert (found["models"], found["samples"]) == (["faulty", "other"], 10)
    assert (found["first_better"], found["second_better"]) == (9, 0)
    assert found["change"] == -0.9
    # Bonett and Price's 95 %.
    assert (found["low"], found["high"]) == pytest.approx((-1.0, -0.4133), abs=1e-4)


def test_answers_that_were_not_kept_are_null(project: pytest.Pytester, say: Say) -> None:
    say({})

    run(project, "--model", "faulty", "test_answers.py", "--eval-cache", "off", "--eval-write", "page.html")

    data = Data(project.path / "page.html")
    assert {(row["answer"], row["got"]) for row in data.rows} == {(None, "42")}


def test_samples_that_went_down_with_their_worker_are_counted_as_lacking(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.fault = answer("42")
    crash = "    if 'hard 1' in sample.asked: __import__('os')._exit(1)\n    assert"
    project.makepyfile(test_answers=ANSWERS.replace("    assert", crash))

    result = run(project, "--model", "faulty", "test_answers.py", "-n", "1", "--eval-write", "page.html")

    rows = Data(project.path / "page.html").rows
    assert [row["sample"] for row in rows if row["outcome"] == "error"] == ["hard-00001"]
    assert len(rows) < 10
    said = f"{project.path}/page.html lacks {10 - len(rows)} samples: their worker crashed before it had stored their"
    result.stdout.fnmatch_lines([f"{said} scores"])


def test_a_page_of_two_runs_that_cannot_be_written_fails_in_one_line(project: pytest.Pytester, say: Say) -> None:
    say({})
    for _ in range(2):
        run(project, "--model", "faulty", "test_answers.py")
    (project.path / "file").write_text("")

    result = modeleval("diff", "last~1", "last", "--write", "file/page.html")

    assert result.ret == WRONG
    result.stderr.fnmatch_lines(["modeleval: --write: *file/page.html cannot be written: *file is no folder *"])


def test_two_earlier_runs_are_on_one_page_where_it_is_asked_for(project: pytest.Pytester, say: Say) -> None:
    add_settings(project, '[run]\nwrite = "of-a-run.html"')
    for answers in ({"easy 1": "41"}, {"hard 2": "44", "hard 3": ERROR}):
        say(answers)
        run(project, "--model", "faulty", "test_answers.py", "--eval-cache", "off")
    (project.path / "of-a-run.html").unlink()

    assert modeleval("diff", "last~1", "last").ret == 0
    assert not (project.path / "of-a-run.html").exists()
    result = modeleval("diff", "last~1", "last", "--write", "page.html")

    assert result.ret == 0
    data = Data(project.path / "page.html")
    assert [row["run"] for row in data.rows] == [0] * 10 + [1] * 10
    assert [scores["rows"][0]["score"] for scores in data.screen["scores"]] == [0.9, 8 / 9]
    assert [(each["sample"], each["flaky"]) for each in data.screen["regressed"]] == [("hard-00002", False)]
    assert data.screen["exit_status"] is None


JSONS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


NASTY = st.sampled_from(["</script>", "<!--", "<script>", "]]>", "\u2028", "\0", "\x1b[31m", "&lt;"])


@given(JSONS | st.lists(NASTY))
def test_no_text_ends_the_element_it_stands_in(value: object) -> None:
    text = embedded(value)

    assert "<" not in text
    assert json.loads(text) == value


@given(st.text(st.characters(codec=None)))
def test_a_lone_surrogate_is_written_as_the_escape_that_json_has_for_it(text: str) -> None:
    written = embedded(text).encode("utf-8", "backslashreplace")

    assert json.loads(written.decode()) == text


def test_numbers_that_json_has_no_word_for_are_texts() -> None:
    assert json.loads(embedded([float("-inf"), float("nan"), 1.5])) == ["-Infinity", "NaN", 1.5]


def test_blocks_are_bounded_and_made_as_they_are_asked_for() -> None:
    made = []

    def entries() -> Any:
        for number in range(1000):
            made.append(number)
            yield Entry("[]", "x" * 2**15)

    first = next(_blocks(entries()))

    assert len(first) == len(made) == 8
    assert [len(block) for block in _blocks(entries())] == [8] * 125


def test_nothing_of_the_page_is_imported_before_it_is_asked_for() -> None:
    code = "import sys, pytest_modeleval.run.evaluation; print([name for name in sys.modules if 'page' in name or 'first_' in name])"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
