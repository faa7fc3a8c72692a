"""What a run makes of a server's replies: answers that are empty, counts that are none, prompts refused."""

import asyncio
import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.asking.asker import Asker
from pytest_modeleval.asking.recall import Recall, Rules
from pytest_modeleval.models import Unavailable
from pytest_modeleval.models.content import Digests
from pytest_modeleval.models.identity import identity_of
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.parsers import Cache
from pytest_modeleval.requests import Chat, Request
from pytest_modeleval.sample import Completion, StopRun
from pytest_modeleval.store.store import Store
from tests.conftest import FaultyServer, alias, answer, modeleval, run, send
from tests.test_faults import Fault, error, first, only


def ended(text: str | None, reason: str = "stop", **message: Any) -> Fault:
    choice = {"index": 0, "message": {"content": text, **message}, "finish_reason": reason}
    return lambda handler, _: send(handler, 200, {"choices": [choice]})


def mistakes(project: pytest.Pytester) -> dict[str, tuple[str, str | None]]:
    """Outcome and mistake of each sample in the store."""
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store:
        rows = store.execute("select item, outcome, mistake from scores where metric = 'main'").fetchall()
    return {item.partition("[")[2].rstrip("]"): (outcome, mistake) for item, outcome, mistake in rows}


@pytest.mark.parametrize("stream", [False, True])
def test_an_ended_answer_is_wrong_however_empty(project: pytest.Pytester, faulty: FaultyServer, stream: bool) -> None:
    alias(project, "one", base_url=faulty.url, model="faulty", retries=0, stream=stream)
    faulty.fault = only({"easy 0": ended("", "length"), "easy 1": ended(None, "length"), "easy 2": ended("")})

    result = run(project, "--model", "one", "test_answers.py")

    result.assert_outcomes(passed=7, failed=3)
    result.stdout.re_match_lines([r"one +answers +10 +0 +0\.700"])
    found = mistakes(project)
    assert [found[f"easy-0000{index}"] for index in range(3)] == [
        ("wrong", "cut off"),
        ("wrong", "cut off"),
        ("wrong", "no answer found"),
    ]


def test_a_model_that_only_thinks_is_wrong_and_said_to(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = ended("", reasoning_content="six times seven is 42")

    result = run(project, "--model", "faulty", "test_answers.py", "--eval-write", "summary.md")

    result.assert_outcomes(failed=10)
    said = "faulty: all 10 answers are a thought with nothing behind it: the answer field (content) is empty. *"
    result.stdout.fnmatch_lines([said])
    assert "the answer field" in (project.path / "summary.md").read_text()


def test_a_model_that_only_thinks_at_times_is_not_said_to(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = first(answer("42"), ended("", reasoning_content="hm"))

    result = run(project, "--model", "faulty", "test_answers.py", "--eval-concurrency", "1")

    result.assert_outcomes(passed=1, failed=9)
    result.stdout.no_fnmatch_line("*the answer field*")


def test_an_answer_that_the_server_gave_up_is_asked_again_and_not_stored(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    alias(project, "one", base_url=faulty.url, model="faulty", retries=0)
    faulty.fault = only({"easy 0": ended("4", "abort")})
    run(project, "--model", "one", "test_answers.py").assert_outcomes(passed=9, errors=1)
    faulty.fault = answer("42")
    faulty.asked.clear()

    run(project, "--model", "one", "test_answers.py").assert_outcomes(passed=10)

    assert len(faulty.asked) == 1


def test_a_prompt_that_is_too_long_under_200_is_not_asked_again(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = only({"easy 0": error(200, "maximum context length is 5 tokens", code="context_length_exceeded")})

    result = run(project, "--model", "faulty", "test_answers.py")

    result.assert_outcomes(passed=9, errors=1)
    result.stdout.fnmatch_lines(["*easy-00000[]]*the prompt is too long for the model: the server answered 200*"])
    assert len(faulty.asked) == 10


def told(usage: object) -> Fault:
    choice = {"index": 0, "message": {"content": "42"}, "finish_reason": "stop"}
    return lambda handler, _: send(handler, 200, {"choices": [choice], "usage": usage})


NO_COUNTS = ["12", {"n": 1}, 10**30, -5, True, 1.5]


def test_counts_that_are_none_end_no_run_and_keep_the_answers(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = only(
        {
            f"easy {index}": told({"prompt_tokens": count, "completion_tokens": count})
            for index, count in enumerate(NO_COUNTS)
        }
    )

    result = run(project, "--model", "faulty", "test_answers.py", "--eval-budget", "90000 tokens", *MAX_TOKENS)

    result.assert_outcomes(passed=10)
    # Those of the four that tell.
    result.stdout.re_match_lines([r"faulty +answers +10 +0 +1\.000.* 40 "])


MAX_TOKENS = ("--eval-generation", "max_tokens=5")


def test_a_store_that_holds_such_counts_already_is_read(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py", *MAX_TOKENS).assert_outcomes(passed=10)
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite", isolation_level=None)) as store:
        rows = store.execute("select key, completion from completions order by key").fetchall()
        for (key, text), count in zip(rows, [*NO_COUNTS, None, None, None, None], strict=True):
            poisoned = json.dumps({**json.loads(text), "prompt_tokens": count, "completion_tokens": count or 3})
            store.execute("update completions set completion = ? where key = ?", (poisoned, key))
        store.execute("update scores set prompt_tokens = -5, completion_tokens = -7")
    faulty.asked.clear()

    again = run(project, "--model", "faulty", "test_answers.py", *MAX_TOKENS, "--eval-write", "page.html")
    plan = run(project, "--model", "faulty", "test_answers.py", "--eval-plan", "--eval-cache", "off", *MAX_TOKENS)
    history = modeleval("history", "answers[easy-00000]")

    again.assert_outcomes(passed=10)
    assert faulty.asked == []
    # The mean of those that tell a count, 3, and not one of 10³⁰.
    plan.stdout.re_match_lines([r".*answers .*about 30\b.*"])
    history.stdout.fnmatch_lines(["*right*"])


REFUSED_LATER = error(400, "roles must alternate")


def test_prompts_refused_after_an_answer_end_no_run(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = first(answer("42"), REFUSED_LATER)

    result = run(project, "--model", "faulty", "test_answers.py", "--eval-concurrency", "1")

    assert (len(faulty.asked), result.parseoutcomes()["errors"]) == (10, 9)


def test_repeats_of_one_prompt_refused_are_one_prompt(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = REFUSED_LATER

    result = run(project, "--model", "faulty", "-k", "easy and 00000", "--eval-repeats", "9", "test_answers.py")

    assert result.parseoutcomes()["errors"] == 9


def test_a_log_likelihood_refused_is_that_samples_error(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = error(400, "token ids out of range")
    project.makepyfile(
        test_quiz="""
        from pytest_modeleval import Sample, benchmark, generated
        from pytest_modeleval.scorers.choices import same_choice

        def to_sample(row):
            return Sample({"question": row["q"]}, "A", ["x", "y"])

        @benchmark(generated(lambda _, index: {"q": f"{index}?"}, {"main": 6}), to_sample, prompt="{question}")
        def test_quiz(sample, completion):
            assert same_choice(completion, sample.target, sample.options)
        """
    )
    weigh = ["--model", "faulty", "--eval-set", "run.choices=loglikelihood", "test_quiz.py"]

    one = run(project, *weigh, "-k", "00000")
    all_of_them = run(project, *weigh, "--eval-concurrency", "1")

    one.stdout.fnmatch_lines(["*the server refused this prompt: 400: token ids out of range"])
    all_of_them.stderr.fnmatch_lines(["ERROR: *400 token ids out of range (5 different prompts alike, *"])


class Busy:
    """A model that asks for patience."""

    answers: frozenset[type[Request]] = frozenset({Chat})
    concurrency = 1

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.asked = 0

    async def check(self, kind: type[Request]) -> None: ...

    async def close(self) -> None: ...

    async def answer(self, request: Request) -> Completion:
        self.asked += 1
        raise Unavailable("busy", rate_limited=True, retry_after=self._seconds)


@pytest.mark.parametrize(("seconds", "waits"), [(600.0, True), (600.5, False)])
def test_a_server_is_waited_for_600_seconds_and_no_longer(tmp_path: Path, seconds: float, waits: bool) -> None:
    busy, spec = Busy(seconds), ModelSpec("busy", "mine", "m")
    store = Store(tmp_path)
    recall = Recall(
        store,
        Rules(Cache.OFF, "run", False, 0.0),
        spec,
        identity_of(spec, Digests(tmp_path / "digests.json"), offline=True),
    )

    async def ask() -> bool:
        asker = Asker(recall, lambda: busy, spec, 1)
        asking = asyncio.create_task(asker.ask(Chat([{"role": "user", "content": "?"}])))
        while not busy.asked:
            await asyncio.sleep(0.001)
        done, _ = await asyncio.wait([asking], timeout=0.05)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        return not done

    if waits:
        assert asyncio.run(ask())
    else:
        with pytest.raises(StopRun, match=r"busy asks to come back in 600 s: busy"):
            asyncio.run(ask())
    store.close()
    assert busy.asked == 1
