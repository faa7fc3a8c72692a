"""A gate judges answers of its own run, and of an interrupted one only where the same model still answers."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.asking.resuming import PROBES, Resumption
from pytest_modeleval.models.identity import Identity
from pytest_modeleval.sample import Completion, StopRun
from pytest_modeleval.store.store import Kept, Question, Store
from tests.conftest import ANSWERS, WITHOUT, FaultyServer, alias, answer, run, send

N = 40
Fault = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]
MIN = ("--eval-min-score", "answers=0.5", "test_answers.py")
# Four such answers are long enough to tell a model by.
LONG = f"{'Six times seven, as everybody knows, is ' * 3}42"
# What tells one model from another, as vLLM says it.
ROOT = {"root": "/models/one", "max_model_len": 4096}


@pytest.fixture
def many(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    project.makepyfile(test_answers=ANSWERS.replace('{"easy": 6, "hard": 4}', f'{{"easy": {N}}}'))
    faulty.fault = answer(LONG)
    return project


def interrupt(project: pytest.Pytester, faulty: FaultyServer, how: int, *flags: str, after: int = N // 2) -> str:
    """Begin a run in a process of its own, and break it off after so many answers; the run's id as it is shown."""
    last = faulty.fault

    def hang(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if len(faulty.asked) > after:
            faulty.released.wait(20)
        last(handler, body)

    faulty.fault = hang
    faulty.released.clear()
    command = [sys.executable, "-m", "pytest", *WITHOUT, "--model", "faulty", "--eval-concurrency", "2", *flags]
    process = subprocess.Popen(command, cwd=project.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(faulty.asked) <= after + 1:
        time.sleep(0.02)
        assert process.poll() is None
    os.kill(process.pid, how)
    process.wait(30)
    faulty.released.set()
    faulty.fault = last
    faulty.asked.clear()
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store:
        ((found,),) = store.execute("select id from runs order by started desc limit 1").fetchall()
    return str(found)[:8]


def cut_short(project: pytest.Pytester, faulty: FaultyServer, *flags: str) -> str:
    """A run whose second half never was, as its store has it; its id as it is shown."""
    run(project, "--model", "faulty", "--eval-concurrency", "2", *flags)
    faulty.asked.clear()
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store, store:
        ((found,),) = store.execute("select id from runs order by started desc limit 1").fetchall()
        late = "select key from completions where run = ? order by created desc limit ?"
        store.execute(f"delete from completions where key in ({late})", (found, N // 2))
        store.execute(
            "update runs set finished = null, exit_status = null, ended = 'interrupted' where id = ?", (found,)
        )
    return str(found)[:8]


def score(result: pytest.RunResult) -> str:
    """The score of all samples, by the table."""
    (found,) = re.findall(rf"^faulty +answers +{N} +0 +(\d\.\d+)", result.stdout.str(), re.MULTILINE)
    return str(found)


@pytest.mark.parametrize(
    "flags",
    [
        ["--eval-baseline", "b.json"],
        ["--eval-min-score", "answers=0.5", "-n", "2"],
        ["--eval-save-baseline", "c.json"],
    ],
    ids=lambda flags: flags[0],
)
def test_answers_stored_before_a_gates_run_are_not_used(
    many: pytest.Pytester, faulty: FaultyServer, flags: list[str]
) -> None:
    run(many, "--model", "faulty", "--eval-save-baseline", "b.json", "test_answers.py")
    faulty.asked.clear()
    faulty.fault = answer("41")

    result = run(many, "--model", "faulty", *flags, "test_answers.py")

    assert score(result) == "0.000"
    assert len(faulty.asked) == N
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_worse_model_behind_the_same_address_fails_the_gate(many: pytest.Pytester, faulty: FaultyServer) -> None:
    run(many, "--model", "faulty", "--eval-save-baseline", "b.json", "test_answers.py")
    faulty.fault = answer("41")

    result = run(many, "--model", "faulty", "--eval-baseline", "b.json", "--eval-stop-early", "test_answers.py")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.re_match_lines(
        [
            rf"modeleval: {N} answers are stored, .*; used only to go on with a run of this command that was broken off, .*",
            r"answers  failed .*",
        ]
    )


def test_a_run_without_a_gate_uses_a_gates_answers(many: pytest.Pytester, faulty: FaultyServer) -> None:
    run(many, "--model", "faulty", *MIN)
    faulty.asked.clear()

    assert score(run(many, "--model", "faulty", "test_answers.py")) == "1.000"

    assert not faulty.asked


@pytest.mark.parametrize("mode", ["only", "any"])
def test_a_gate_that_may_not_ask_is_refused(many: pytest.Pytester, faulty: FaultyServer, mode: str) -> None:
    result = run(many, "--model", "faulty", "--eval-cache", mode, *MIN)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: a gate judges answers of its own run, * leave --eval-cache {mode} out"])


def test_the_answers_of_both_runs_stay(many: pytest.Pytester, faulty: FaultyServer) -> None:
    """The answer that a gate asks anew takes no place of the one that an earlier run was scored by."""
    run(many, "--model", "faulty", "test_answers.py")
    faulty.fault = answer("41")
    run(many, "--model", "faulty", *MIN)

    with closing(sqlite3.connect(many.path / ".modeleval/store.sqlite")) as store:
        rows = store.execute(
            "select got, json_extract(completions.completion, '$.text') from scores join completions "
            "on key = scores.completion"
        ).fetchall()

    assert sorted(set(rows)) == [("41", "41"), ("42", LONG)]
    assert len(rows) == 2 * N


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
def test_the_same_command_takes_an_interrupted_gate_up(many: pytest.Pytester, faulty: FaultyServer, how: int) -> None:
    faulty.says = ROOT
    broken = interrupt(many, faulty, how, *MIN)

    result = run(many, "--model", "faulty", "--eval-write", "s.md", *MIN)

    assert score(result) == "1.000"
    result.stdout.re_match_lines([rf"resumed {broken}: 1\d of its answers are used, 4 asked again came out the same"])
    assert f"resumed {broken}: 1" in (many.path / "s.md").read_text()
    # What was in flight when it ended, four at most, is asked again beside the probes.
    assert N // 2 <= len(faulty.asked) <= N // 2 + 8


def test_a_run_of_the_same_command_that_still_runs_is_not_taken_up(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says = ROOT

    def half(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        # Between its first and its last answer, in a process of its own.
        if len(faulty.asked) > N // 2:
            faulty.released.wait(20)
        answer(LONG)(handler, body)

    faulty.fault = half
    command = [sys.executable, "-m", "pytest", *WITHOUT, "--model", "faulty", "--eval-concurrency", "2", *MIN]
    with subprocess.Popen(command, cwd=many.path, stdout=subprocess.PIPE, text=True) as first:
        while len(faulty.asked) <= N // 2:
            time.sleep(0.02)
            assert first.poll() is None
        faulty.fault = answer(LONG)
        second = run(many, "--model", "faulty", *MIN)
        faulty.released.set()
        said, _ = first.communicate(timeout=30)

    for text in (said, second.stdout.str()):
        assert f"answers: {N} new, none stored" in text
        assert "resumed" not in text
    assert len(faulty.asked) == 2 * N


@pytest.mark.parametrize("flags", [[], ["-n", "2"], ["--eval-save-baseline", "b.json"]], ids=["alone", "xdist", "save"])
def test_a_model_that_changed_in_the_middle_is_not_judged(
    many: pytest.Pytester, faulty: FaultyServer, flags: list[str]
) -> None:
    faulty.says = ROOT

    def change(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if len(faulty.asked) > N // 2:
            faulty.says = {**ROOT, "root": "/models/two"}
        answer(LONG)(handler, body)

    faulty.fault = change

    result = run(many, "--model", "faulty", *MIN, *flags)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = result.stdout.str()
    assert "the server of faulty said" in said
    assert "/models/two" in said
    assert "= gate =" not in said
    assert not (many.path / "b.json").exists()


def test_a_server_that_is_gone_in_the_end_is_judged_by_its_answers(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says = ROOT

    def last(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if len(faulty.asked) == N:
            faulty.lists = False
        answer(LONG)(handler, body)

    faulty.fault = last

    assert run(many, "--model", "faulty", *MIN).ret == 0


@pytest.mark.parametrize("lists", [False, True], ids=["503", "llama.cpp"])
def test_a_server_that_still_starts_in_the_beginning_is_judged(
    many: pytest.Pytester, faulty: FaultyServer, lists: bool
) -> None:
    faulty.lists, faulty.says = lists, {"meta": None}

    def ready(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        faulty.lists, faulty.says = True, {"meta": {"n_params": 7}}
        answer(LONG)(handler, body)

    faulty.fault = ready

    assert run(many, "--model", "faulty", *MIN).ret == 0


def test_short_answers_tell_no_model(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says, faulty.fault = ROOT, answer("42")
    cut_short(many, faulty, *MIN)
    # Another model agrees with the first on the first answers.
    faulty.fault = lambda handler, body: answer("42" if len(faulty.asked) <= N // 4 else "41")(handler, body)

    result = run(many, "--model", "faulty", "--eval-concurrency", "1", *MIN)

    assert score(result) == "0.250"
    assert len(faulty.asked) == N
    result.stdout.re_match_lines([r"not resumed \w{8}, all is asked anew: faulty answers otherwise now"])


def test_a_server_that_refuses_what_it_answered_is_another(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says = ROOT
    cut_short(many, faulty, *MIN)
    faulty.fault = lambda handler, _: send(handler, 400, {"error": {"message": "maximum context length is 8 tokens"}})

    result = run(many, "--model", "faulty", *MIN)

    said = r"not resumed \w{8}, all is asked anew: faulty has no answer now where it had one"
    result.stdout.re_match_lines([said])


def test_workers_take_it_up_too(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says = ROOT
    broken = cut_short(many, faulty, *MIN)

    result = run(many, "--model", "faulty", "-n", "2", *MIN)

    assert score(result) == "1.000"
    result.stdout.re_match_lines([rf"resumed {broken}: 1\d of its answers are used, 8 asked again came out the same"])


@pytest.mark.parametrize(
    ("how", "before", "after", "why"),
    [
        (signal.SIGKILL, {}, {}, "the server of faulty says nothing of itself that tells one model from another; .*"),
        (
            signal.SIGINT,
            ROOT,
            {**ROOT, "root": "/models/two"},
            "the server of faulty says .*two.*, and said .*one.* before",
        ),
        (
            signal.SIGKILL,
            ROOT,
            {**ROOT, "max_model_len": 8192},
            "the server of faulty says .*8192.* and said .*4096.* before",
        ),
        (signal.SIGINT, ROOT, {}, "the server of faulty says nothing of itself, and said .*one.* before"),
        (signal.SIGKILL, ROOT, ROOT, "faulty answers otherwise now"),
    ],
    ids=["silent", "root", "length", "silent now", "same words"],
)
def test_another_model_on_the_same_port_is_asked_everything(
    many: pytest.Pytester, faulty: FaultyServer, how: int, before: dict[str, Any], after: dict[str, Any], why: str
) -> None:
    faulty.says = before
    broken = interrupt(many, faulty, how, *MIN)
    faulty.says, faulty.fault = after, answer("41")

    result = run(many, "--model", "faulty", *MIN)

    assert score(result) == "0.000"
    assert (result.ret, len(faulty.asked)) == (pytest.ExitCode.TESTS_FAILED, N)
    result.stdout.re_match_lines([rf"not resumed {broken}, all is asked anew: {why}"])


def test_another_fingerprint_is_another_model(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("42", fingerprint="fp_1")
    cut_short(many, faulty, *MIN)
    faulty.fault = answer("42", fingerprint="fp_2")

    run(many, "--model", "faulty", *MIN).stdout.re_match_lines([r"not resumed .*"])

    assert len(faulty.asked) == N


@pytest.mark.parametrize("lists", [True, False], ids=["named", "no list"])
def test_a_fingerprint_tells_models_apart(many: pytest.Pytester, faulty: FaultyServer, lists: bool) -> None:
    faulty.lists, faulty.fault = lists, answer(LONG, fingerprint="fp_1")
    cut_short(many, faulty, *MIN)

    run(many, "--model", "faulty", *MIN).stdout.re_match_lines([r"resumed .*"])


def test_an_identity_tells_a_silent_server_apart(many: pytest.Pytester, faulty: FaultyServer) -> None:
    (many.path / "modeleval.toml").write_text("")
    alias(many, "faulty", base_url=faulty.url, model="faulty", identity="m@1")
    cut_short(many, faulty, *MIN)

    result = run(many, "--model", "faulty", *MIN)

    result.stdout.re_match_lines([r"resumed \w{8}: \d+ of its answers are used, 0 asked again came out the same"])
    assert len(faulty.asked) <= N // 2 + 4


@pytest.mark.parametrize("within", ["0s", "1min"])
def test_answers_that_are_too_old_are_not_taken_up(many: pytest.Pytester, faulty: FaultyServer, within: str) -> None:
    faulty.says = ROOT
    cut_short(many, faulty, *MIN)
    with (many.path / "modeleval.toml").open("a") as file:
        file.write(f'[gate]\nresume_within = "{within}"\n')
    with closing(sqlite3.connect(many.path / ".modeleval/store.sqlite")) as store, store:
        store.execute("update completions set created = created - 61")

    assert score(run(many, "--model", "faulty", *MIN)) == "1.000"

    assert len(faulty.asked) == N


@pytest.mark.parametrize("change", [["--eval-seed", "1"], ["--eval-margin", "2pp"], ["-k", "easy"]], ids=str)
def test_another_command_takes_nothing_up(many: pytest.Pytester, faulty: FaultyServer, change: list[str]) -> None:
    faulty.says = ROOT
    cut_short(many, faulty, *MIN)

    assert score(run(many, "--model", "faulty", *change, *MIN)) == "1.000"

    assert len(faulty.asked) == N


def test_the_same_objectives_in_another_order_are_the_same_command(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says = ROOT
    whole, part = ("--eval-min-score", "answers=0.5"), ("--eval-min-score", "answers:easy=0.4")
    cut_short(many, faulty, *whole, *part, "test_answers.py")

    result = run(many, "--model", "faulty", *part, *whole, "test_answers.py")

    result.stdout.re_match_lines([r"resumed \w{8}: .*"])


def test_a_run_that_came_to_its_end_is_not_taken_up(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says = ROOT
    cut_short(many, faulty, *MIN)
    run(many, "--model", "faulty", *MIN)
    faulty.asked.clear()

    run(many, "--model", "faulty", *MIN).stdout.no_re_match_line("resumed .*")

    assert len(faulty.asked) == N


def test_what_was_taken_up_is_taken_up_again(many: pytest.Pytester, faulty: FaultyServer) -> None:
    """The second run is interrupted as well: the third takes up both runs' answers."""
    faulty.says = ROOT
    interrupt(many, faulty, signal.SIGKILL, *MIN, after=N // 4)
    second = interrupt(many, faulty, signal.SIGKILL, *MIN, after=N // 2)

    result = run(many, "--model", "faulty", *MIN)

    result.stdout.re_match_lines([rf"resumed {second}: 2\d of its answers are used, 4 asked again .*"])
    assert len(faulty.asked) < N // 2 + N // 4


def test_what_a_run_was_broken_off_before_it_took_up_is_not_lost(many: pytest.Pytester, faulty: FaultyServer) -> None:
    """The second run is interrupted at its first request: the third takes up what the second would have."""
    faulty.says = ROOT
    interrupt(many, faulty, signal.SIGKILL, *MIN)
    second = interrupt(many, faulty, signal.SIGKILL, *MIN, after=0)

    result = run(many, "--model", "faulty", *MIN)

    result.stdout.re_match_lines([rf"resumed {second}: 1\d of its answers are used, 4 asked again .*"])
    assert len(faulty.asked) <= N // 2 + PROBES


def test_what_a_run_refused_to_take_up_is_taken_up_by_none_after_it(
    many: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.says = ROOT
    interrupt(many, faulty, signal.SIGKILL, *MIN)
    faulty.says = {**ROOT, "root": "/models/two"}
    interrupt(many, faulty, signal.SIGKILL, *MIN, after=4)
    faulty.says = ROOT

    result = run(many, "--model", "faulty", *MIN)

    result.stdout.no_re_match_line("resumed .*")
    assert len(faulty.asked) == N


def test_what_was_left_of_a_run_before_a_blessed_one_is_not_taken_up(
    many: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.says = ROOT
    save = ("--eval-save-baseline", "b.json", "test_answers.py")
    interrupt(many, faulty, signal.SIGKILL, *save)
    run(many, "--model", "faulty", *save).stdout.re_match_lines(["resumed .*"])
    faulty.asked.clear()

    run(many, "--model", "faulty", *save).stdout.no_re_match_line(".*resumed .*")

    assert len(faulty.asked) == N


def test_a_run_that_wrote_a_baseline_is_compared_with_itself_by_none(
    many: pytest.Pytester, faulty: FaultyServer
) -> None:
    """Killed after it had written the file: the same command would compare these answers with themselves."""
    faulty.says = ROOT
    run(many, "--model", "faulty", "--eval-save-baseline", "b.json", "test_answers.py")
    both = ["--eval-baseline", "b.json", "--eval-save-baseline", "b.json"]
    both += ["--eval-set", "gate.gate_on_inconclusive=pass", "test_answers.py"]
    run(many, "--model", "faulty", *both)
    with closing(sqlite3.connect(many.path / ".modeleval/store.sqlite")) as store, store:
        store.execute("update runs set finished = null, exit_status = null, ended = 'interrupted'")
    faulty.asked.clear()

    run(many, "--model", "faulty", *both)

    assert len(faulty.asked) == N


def test_a_run_that_its_gate_fails_takes_no_baselines_place(many: pytest.Pytester, faulty: FaultyServer) -> None:
    run(many, "--model", "faulty", "--eval-save-baseline", "b.json", "test_answers.py")
    before = (many.path / "b.json").read_text()
    faulty.fault = answer("41")
    both = ["--eval-baseline", "b.json", "--eval-save-baseline", "b.json", "test_answers.py"]

    results = [run(many, "--model", "faulty", *both) for _ in range(2)]

    assert [result.ret for result in results] == [1, 1]
    assert (many.path / "b.json").read_text() == before
    results[0].stdout.fnmatch_lines(["no baseline saved: the gate did not pass"])


@pytest.mark.parametrize("text", ["24", "a day", "0"])
def test_a_time_that_is_none_is_refused(many: pytest.Pytester, faulty: FaultyServer, text: str) -> None:
    with (many.path / "modeleval.toml").open("a") as file:
        file.write(f"[gate]\nresume_within = {json.dumps(text)}\n")

    result = run(many, "--model", "faulty", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *resume_within is a time such as 24h, 30min or 90s, not {text!r}"])


def test_what_another_process_took_up_too_early_is_nobodys(tmp_path: Path) -> None:
    """One worker has used an answer when another finds that the model is another one: the run ends, and none resumes it."""
    identity = Identity({}, "m", "http://x", is_sure=False)
    with closing(Store(tmp_path)) as store:
        store.begin_run("first", {})
        store.save_completion(Question("0" * 32, identity.hash, "first"), "m", Completion("42"))
        store.begin_run("second", {})
        kept = store.answer("0" * 32, identity.hash, "first")
        assert kept is not None
        store.write("update completions set run = 'second'", [()])
        workers = Resumption(store, "second", "m", identity)
        workers.opened({"root": "other"})

        with pytest.raises(
            StopRun, match="1 answers of the run that this one takes up were used before the server of m"
        ):
            asyncio.run(workers.same_model(kept, never))

        assert store.answer("0" * 32, identity.hash, "second") is None


async def never() -> Completion:
    raise AssertionError("nothing is to be asked")


def test_an_answer_asked_again_in_vain_proves_nothing(tmp_path: Path) -> None:
    """All that were asked again are called off, as by an early stop: what waited for them is asked again itself."""
    identity = Identity({}, "m", "http://x", is_sure=False)
    again: list[str] = []

    async def ask(kept: Kept) -> bool:
        async def hang() -> Completion:
            await asyncio.Event().wait()
            raise AssertionError

        async def note() -> Completion:
            again.append("asked")
            return Completion(LONG)

        probes = [asyncio.create_task(model.same_model(kept, hang)) for _ in range(PROBES)]
        await asyncio.sleep(0)
        called_off, waiting = (asyncio.create_task(model.same_model(kept, note)) for _ in range(2))
        await asyncio.sleep(0)
        for task in (called_off, *probes):
            task.cancel()
        return await waiting

    with closing(Store(tmp_path)) as store:
        store.begin_run("first", {})
        store.save_completion(Question("0" * 32, identity.hash, "first"), "m", Completion(LONG))
        Resumption(store, "first", "m", identity).opened(ROOT)
        store.begin_run("second", {})
        store.write("update runs set resumes = 'first' where id = 'second'", [()])
        kept = store.answer("0" * 32, identity.hash, "first")
        assert kept is not None
        model = Resumption(store, "second", "m", identity)
        model.opened(ROOT)

        used = asyncio.run(asyncio.wait_for(ask(kept), 20))

    assert (used, again) == (False, ["asked"])
