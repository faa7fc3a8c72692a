"""`modeleval history` as a user meets it."""

import sqlite3
from contextlib import closing

import pytest

from pytest_modeleval.commands.main import WRONG
from pytest_modeleval.history.past import Past
from pytest_modeleval.store.schema import _FIRST
from pytest_modeleval.store.store import Store
from tests.conftest import FaultyServer, alias, modeleval
from tests.history.conftest import Ask


def test_a_sample_shows_every_run_and_its_flip_rate(project: pytest.Pytester, ask: Ask) -> None:
    said = "assert Score(float('42' in completion.text), '42' in completion.text, completion.text, sample.target)"
    text = (project.path / "test_answers.py").read_text().replace("assert same_number(completion, sample.target)", said)
    project.makepyfile(test_answers="from pytest_modeleval import Score\n" + text)
    ask()
    ask("easy 2", wrong="\x1b[31m41\n\u202e41")
    ask("!easy 2")
    ask()

    result = modeleval("history", "answers[easy-00002]")

    assert result.ret == 0
    result.stdout.re_match_lines(
        [
            r"answers\[easy-00002\]  asked 'easy 2: what is 6 \* 7\?', expected '42'",
            r"run +time +model +repeat +outcome +score +seconds +got",
            r"[0-9a-f]{8}  \d{4}-\d\d-\d\d \d\d:\d\d  faulty +1  right +1\.000 +\d\.\d  '42'",
            r"[0-9a-f]{8}  .*  faulty +1  wrong +0\.000 +\d\.\d  '.x1b\[31m41 .u202e41'",
            r"[0-9a-f]{8}  .*  faulty +1  error +- +\d\.\d  '.*cannot.*'",
            r"[0-9a-f]{8}  .*  faulty +1  right +1\.000 +\d\.\d  '42'",
            r"faulty: 2 flips in 3 answers, flip rate 1\.00: flaky",
            r"A flip is a change between right and wrong .*",
        ],
        consecutive=False,
    )
    assert "\x1b" not in result.stdout.str()
    assert "\u202e" not in result.stdout.str()
    assert "test session starts" not in result.stdout.str()


@pytest.mark.parametrize(
    "name", ["test_answers[easy-00001]", "test_answers.py::test_answers[easy-00001]", "answers[faulty-easy-00001-r2]"]
)
def test_a_sample_may_be_named_as_pytest_names_it(
    project: pytest.Pytester, ask: Ask, faulty: FaultyServer, name: str
) -> None:
    alias(project, "other", base_url=faulty.url, model="faulty")
    ask("easy 1", flags=("--model", "other", "--eval-repeats", "2"))

    result = modeleval("history", name)

    result.stdout.fnmatch_lines(
        ["*faulty*1*wrong*", "*faulty*2*wrong*", "*other*1*wrong*", "faulty: 0 flips in 2 answers, * 0.00: not flaky"]
    )


def test_a_benchmark_lists_its_flakiest(project: pytest.Pytester, ask: Ask) -> None:
    for marks in (["easy 1", "hard 2"], ["hard 2", "hard 3"], ["easy 1", "hard 3"], ["easy 1"]):
        ask(*marks)

    result = modeleval("history", "answers")

    assert result.ret == 0
    result.stdout.re_match_lines(
        [
            r"answers: 10 samples by model, 3 changed, 2 flaky",
            r"answers\[easy-00001\]  faulty    2/3      0\.667  flaky",
            r"answers\[hard-00003\]  faulty    2/3      0\.667  flaky",
            r"answers\[hard-00002\]  faulty    1/3      0\.333$",
        ]
    )


def test_only_the_first_are_listed_unless_all_are_asked_for(project: pytest.Pytester, ask: Ask) -> None:
    project.makepyfile(test_answers=(project.path / "test_answers.py").read_text().replace('"easy": 6', '"easy": 30'))
    ask()
    ask(*(f"easy {number}" for number in range(25)))

    short, long = modeleval("history", "answers"), modeleval("history", "answers", "--all")

    short.stdout.fnmatch_lines(["… and 5 more (--all shows all)"])
    assert long.stdout.str().count("answers[easy-") == 25


def test_a_models_name_is_shown_and_never_obeyed(project: pytest.Pytester, ask: Ask) -> None:
    ask()
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store, store:
        store.execute("update scores set model = ?", ("evil\x1b]52;c;x\x07",))

    said = modeleval("history", "answers[hard-00000]").stdout.str()

    assert r"evil\x1b]52;c;x\x07: one answer" in said
    assert "\x1b" not in said


def test_a_stored_answer_is_shown_as_one(project: pytest.Pytester, ask: Ask) -> None:
    ask(flags=())
    ask(flags=())

    result = modeleval("history", "answers[hard-00000]")

    result.stdout.re_match_lines(
        [r".* right +1\.000 +\d\.\d ", r".* right +1\.000 +stored ", r"faulty: one answer, .*"]
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("answer", "unknown benchmark in the run store: 'answer'; did you mean 'answers'? Known: answers."),
        (
            "answers[esy-00001]",
            "unknown sample of answers 'esy-00001'; did you mean 'easy-00001'? modeleval history answers lists the "
            "flakiest.",
        ),
        ("answers[", "a history is that of a benchmark or of a sample such as gsm8k?main-00042?, not of 'answers?'"),
    ],
)
def test_an_unknown_name_is_one_line(project: pytest.Pytester, ask: Ask, name: str, said: str) -> None:
    ask()

    result = modeleval("history", name)

    assert result.ret == WRONG
    result.stderr.fnmatch_lines([f"modeleval: {said.replace('[', '?')}"])
    assert len(result.errlines) <= 2


def test_without_a_store_it_says_how_one_is_made(project: pytest.Pytester) -> None:
    result = modeleval("history", "answers")

    assert result.ret == WRONG
    result.stderr.fnmatch_lines(["modeleval: there is no run store *store.sqlite yet: a run with --model makes it"])
    assert not (project.path / ".modeleval").exists()


def test_a_store_of_the_version_before_is_read_and_grows(project: pytest.Pytester, ask: Ask) -> None:
    folder = project.path / ".modeleval"
    folder.mkdir()
    with sqlite3.connect(folder / "store.sqlite") as old:
        for statement in _FIRST.split(";"):
            old.execute(statement)
        old.execute("pragma user_version = 1")
        old.execute("insert into runs values ('old', 1.0, 2.0, 0, '{}')")
        row = ("old", "t.py::test_answers[easy-00000]", "main", "faulty", "answers", "easy", "", 0, "wrong", 0.0, "41")
        old.execute("insert into scores values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", (*row, "42", "", None))
    old.close()

    Store(folder).close()
    ask()

    past = Past(folder)
    assert [attempt.seconds for attempt in past.attempts(past.run("old"))] == [None]
    past.close()
    modeleval("history", "answers[easy-00000]").stdout.re_match_lines([r"old .* wrong +0\.000 +-  '41'"])
