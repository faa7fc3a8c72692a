"""A gate's run that broke off, and a server that may be another when it is taken up: it is judged by one model."""

import asyncio
import signal
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.asking.resuming import PROBES, Resumption
from pytest_modeleval.models.identity import Identity
from pytest_modeleval.sample import Completion, StopRun
from pytest_modeleval.store.store import Kept, Question, Store
from tests.conftest import FaultyServer, alias, answer, run, send

from .conftest import LONG, MIN, ROOT, N, cut_short, interrupt, score


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
