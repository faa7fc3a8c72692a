"""A benchmark of forty samples behind a server, and runs of it that broke off."""

import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.conftest import ANSWERS, WITHOUT, FaultyServer, answer, run

N = 40
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
