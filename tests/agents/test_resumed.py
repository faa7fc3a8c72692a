"""A resumed run repeats no side effect: what tools came to is kept with the answers, and sessions are caught up."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.agents.conftest import in_turn, scripted, told
from tests.conftest import WITHOUT, FaultyServer, run

POSTS = """
import time
from pathlib import Path
from pytest_modeleval import Model, Sample, SyncModel, benchmark, generated, react, react_sync, tool

ROWS = generated(lambda subset, index: {"n": index}, {"main": SAMPLES})

@tool
def post(text: str) -> str:
    '''Post a text.'''
    with Path("posted").open("a") as file:
        file.write(f"{text}\\n")
    time.sleep(PAUSE)
    return f"posted {text}"

@benchmark(ROWS, lambda row: Sample(f"post {row['n']}", "posted"))
async def test_posts(sample: Sample, model: Model) -> None:
    talk = await react(sample, model, [post])
    assert talk.answer.text == "done"
"""


def put(project: pytest.Pytester, *, samples: int = 1, pause: float = 0.0, text: str = POSTS) -> None:
    project.makepyfile(test_posts=text.replace("SAMPLES", str(samples)).replace("PAUSE", str(pause)))


def synchronous(text: str) -> str:
    """The same test, not async."""
    return text.replace("async def", "def").replace("await react(", "react_sync(").replace(": Model", ": SyncModel")


def posted(project: pytest.Pytester) -> list[str]:
    path = project.path / "posted"
    return sorted(path.read_text().split("\n")[:-1]) if path.exists() else []


def posting(messages: Any) -> Any:
    """A model that posts twice: its sample's number, with the turn behind it."""
    first, turn = messages[0]["content"].split()[-1], sum(each["role"] == "tool" for each in messages)
    return [("post", json.dumps({"text": f"{first}.{turn}"}))] if turn < 2 else "done"


ASK = ("--model", "faulty", "test_posts.py")


@pytest.mark.parametrize("is_sync", [False, True], ids=["async", "sync"])
def test_the_same_command_again_calls_nothing(project: pytest.Pytester, faulty: FaultyServer, is_sync: bool) -> None:
    text = synchronous(POSTS) if is_sync else POSTS
    put(project, samples=3, text=text)
    scripted(faulty, posting)

    run(project, *ASK).assert_outcomes(passed=3)
    again = run(project, *ASK)

    again.assert_outcomes(passed=3)
    again.stdout.fnmatch_lines(["answers: 0 new, 9 stored, *"])
    assert posted(project) == [f"{sample}.{turn}" for sample in range(3) for turn in range(2)]


def test_what_is_asked_anew_is_called_anew(project: pytest.Pytester, faulty: FaultyServer) -> None:
    put(project)
    scripted(faulty, posting)

    run(project, *ASK, "--eval-repeats", "2").assert_outcomes(passed=2)
    assert posted(project) == ["0.0"] * 2 + ["0.1"] * 2
    run(project, *ASK, "--eval-cache", "off").assert_outcomes(passed=1)
    assert posted(project) == ["0.0"] * 3 + ["0.1"] * 3
    # Another tool is another one, whatever the model says.
    put(project, text=POSTS.replace("posted {text}", "has posted {text}"))
    run(project, *ASK).assert_outcomes(passed=1)
    assert posted(project) == ["0.0"] * 4 + ["0.1"] * 4


def test_two_samples_that_ask_the_same_each_call(project: pytest.Pytester, faulty: FaultyServer) -> None:
    put(project, samples=2, text=POSTS.replace("post {row['n']}", "post 7"))
    scripted(faulty, posting)

    run(project, *ASK).assert_outcomes(passed=2)

    assert posted(project) == ["7.0"] * 2 + ["7.1"] * 2


def test_only_what_is_stored_calls_nothing(project: pytest.Pytester, faulty: FaultyServer) -> None:
    put(project)
    scripted(faulty, posting)
    run(project, *ASK)
    put(project, text=POSTS.replace("posted {text}", "has posted {text}"))

    result = run(project, *ASK, "--eval-cache", "only")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no stored result of post, and --eval-cache only calls no tool"])
    assert posted(project) == ["0.0", "0.1"]


@pytest.mark.parametrize(
    "flags", [(), ("-n", "2"), ("--eval-baseline", "b.json", "--eval-margin", "40pp")], ids=["alone", "xdist", "gate"]
)
@pytest.mark.parametrize("is_sync", [False, True], ids=["async", "sync"])
def test_after_ctrl_c_no_call_is_made_twice(
    project: pytest.Pytester, faulty: FaultyServer, flags: tuple[str, ...], is_sync: bool
) -> None:
    text = synchronous(POSTS) if is_sync else POSTS
    put(project, samples=8, pause=0.2, text=text)

    def slowly(messages: Any) -> Any:
        time.sleep(0.1)
        return posting(messages)

    scripted(faulty, slowly)
    faulty.models, faulty.says = ["faulty"], {"root": "one"}
    if "--eval-baseline" in flags:
        run(project, *ASK, "--eval-save-baseline", "b.json", "--eval-cache", "off", "-W", "ignore")
        (project.path / "posted").unlink()
    command = [sys.executable, "-m", "pytest", *WITHOUT, *ASK, "--eval-concurrency", "2", *flags]
    with (project.path / "out").open("w+") as out:
        process = subprocess.Popen(command, cwd=project.path, stdout=out, stderr=subprocess.STDOUT)
        began = time.monotonic()
        # Some calls are under way then, and their texts are posted already.
        while len(posted(project)) < 3:
            assert process.poll() is None, (project.path / "out").read_text()
            assert time.monotonic() - began < 60
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    before = posted(project)
    assert len(before) < 16

    again = run(project, *ASK, *flags)

    again.assert_outcomes(passed=8 + ("--eval-baseline" in flags))
    assert posted(project) == sorted(f"{sample}.{turn}" for sample in range(8) for turn in range(2))


WORLD = """
from pytest_modeleval import Model, Sample, Sandbox, benchmark, generated, python_tool, react, session_tools, tool

ROWS = generated(lambda subset, index: {"n": index}, {"main": 1})
CODE = '''
count = 0
def step(by: int) -> int:
    global count
    count += by
    return count
'''

def step(by: int) -> int:
    '''Go on.'''

@benchmark(ROWS, lambda row: Sample("go", "6"))
async def test_walks(sample: Sample, model: Model, sandbox: Sandbox) -> None:
    here = []

    @tool(replays=True)
    def note(text: str) -> int:
        here.append(text)
        return len(here)

    async with sandbox.session(CODE) as session:
        talk = await react(sample, model, [*session_tools(session, step), python_tool(session), note])
        assert (await session.run("print(count)")).stdout == "6\\n", "state"
        assert here == ["a", "b"]
    assert talk.answer.text == "done"
"""
SCRIPT = in_turn(
    [("step", '{"by": 1}'), ("note", '{"text": "a"}')],
    [("python", '{"code": "count += 2\\nprint(count)"}')],
    [("step", '{"by": 3}'), ("python", '{"code": "1 / 0"}'), ("note", '{"text": "b"}')],
    "done",
)


@pytest.fixture
def walks(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    project.makepyfile(test_walks=WORLD)
    scripted(faulty, SCRIPT)
    return project


def test_tools_of_a_session_run_there_and_keep_its_names(walks: pytest.Pytester, faulty: FaultyServer) -> None:
    run(walks, "--model", "faulty", "test_walks.py").assert_outcomes(passed=1)

    one, first, three, six, error, second = told(faulty.asked[-1])
    assert (one, first, three, six, second) == ("1", "1", "3\n", "6", "2")
    assert "ZeroDivisionError: division by zero" in error


def test_a_session_is_where_it_was_in_a_resumed_run(
    walks: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(walks, "--model", "faulty", "test_walks.py").assert_outcomes(passed=1)
    answers = {len(told(body)): body for body in faulty.asked}

    # All is stored: the state is there all the same.
    again = run(walks, "--model", "faulty", "test_walks.py")
    again.assert_outcomes(passed=1)
    again.stdout.fnmatch_lines(["answers: 0 new, 4 stored, *"])

    # The last two answers are asked anew: the session goes on from the steps before.
    drop = walks.path / ".modeleval" / "store.sqlite"
    with sqlite3.connect(drop) as store:
        store.execute(
            "delete from completions where key in (select key from completions order by created desc limit 2)"
        )
    faulty.asked.clear()
    resumed = run(walks, "--model", "faulty", "test_walks.py")
    resumed.assert_outcomes(passed=1)
    assert told(faulty.asked[-1]) == told(answers[6])


def test_a_step_that_ends_otherwise_is_an_error(walks: pytest.Pytester, faulty: FaultyServer) -> None:
    run(walks, "--model", "faulty", "test_walks.py").assert_outcomes(passed=1)
    with sqlite3.connect(walks.path / ".modeleval" / "store.sqlite") as store:
        for hash_, told_ in store.execute(
            "select hash, outcome from outcomes where sandbox = 'tool python'"
        ).fetchall():
            changed = {**json.loads(told_), "error": "the session is over: the program took more than its time"}
            store.execute("update outcomes set outcome = ? where hash = ?", (json.dumps(changed), hash_))

    result = run(walks, "--model", "faulty", "test_walks.py")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*python(…) was run again, so that the session is where it was, and ended otherwise*"])


@pytest.mark.parametrize("kept", ["{", "[]", "{}", '{"result": 3}', '{"result": "a", "seconds": "b"}', "[" * 9999])
def test_a_result_that_cannot_be_read_is_none(project: pytest.Pytester, faulty: FaultyServer, kept: str) -> None:
    put(project)
    scripted(faulty, posting)
    run(project, *ASK)
    with sqlite3.connect(project.path / ".modeleval" / "store.sqlite") as store:
        store.execute("update outcomes set outcome = ?", (kept,))

    run(project, *ASK).assert_outcomes(passed=1)

    assert posted(project) == ["0.0"] * 2 + ["0.1"] * 2
