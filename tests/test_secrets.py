"""Keys, headers and foreign control characters: where they must not be."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from pytest_modeleval.models import Unavailable
from pytest_modeleval.models.credentials import Mask
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.requests import Chat
from pytest_modeleval.sample import SampleError
from tests.conftest import FaultyServer, alias, answer, run, send
from tests.models.test_openai import QUESTION, ask
from tests.test_faults import error, only

KEY, LITERAL, HIDDEN = "sk-verysecret123", "literal-header-secret", "hidden-header-secret"
SECRETS = (KEY, LITERAL, HIDDEN)


@pytest.fixture
def keyed(project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The project with an alias that has a key, and headers with secrets of both kinds and a harmless one."""
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv("MY_HEADER", f"{HIDDEN}\n")
    headers = {"X-Api-Key": LITERAL, "X-Proxy": "Token $MY_HEADER", "X-Team": "evaluation"}
    alias(project, "keyed", base_url=faulty.url, model="faulty", api_key_env="MY_KEY", headers=headers, retries=0)
    return project


def test_headers_may_come_from_the_environment(keyed: pytest.Pytester, faulty: FaultyServer) -> None:
    run(keyed, "--model", "keyed", "-k", "hard", "test_answers.py").assert_outcomes(passed=4)

    sent = {name.lower(): value for name, value in faulty.headers[0].items()}
    assert (sent["authorization"], sent["x-api-key"], sent["x-proxy"]) == (f"Bearer {KEY}", LITERAL, f"Token {HIDDEN}")


def test_no_secret_stands_in_any_line_or_file(keyed: pytest.Pytester, faulty: FaultyServer) -> None:
    quoted = f"bad {KEY}, {LITERAL} and {HIDDEN}"
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": json.dumps({"key": KEY})}}
    faulty.fault = only(
        {
            "easy 0": error(500, quoted),
            "easy 1": error(400, f"{quoted} is too long"),
            "easy 2": error(400, quoted),
            "easy 3": error(200, quoted),
            "easy 4": answer(f"My key is {KEY}, {HIDDEN}", reasoning_content=f"hm {LITERAL}", tool_calls=[call]),
            "easy 5": lambda handler, _: send(handler, 200, quoted.encode()),
        }
    )

    files = ["--eval-write", "o.json", "--junitxml", "o.xml", "--eval-write", "o.csv", "--eval-write", "o.html", "-l"]
    result = run(keyed, "--model", "keyed", *files, "test_answers.py")
    plan = run(keyed, "--model", "keyed", "--eval-plan", "--eval-cache", "write", "test_answers.py")
    faulty.fault = error(401, quoted)
    refused = run(keyed, "--model", "keyed", "--eval-cache", "off", "test_answers.py")

    result.assert_outcomes(passed=4, failed=1, errors=5)
    refused.stderr.fnmatch_lines(["*the key was refused: 401 bad [*][*][*], [*][*][*] and [*][*][*] (key from MY_KEY)"])
    shown = "".join(each.stdout.str() + each.stderr.str() for each in (result, plan, refused))
    assert not [secret for secret in SECRETS if secret in shown]
    (keyed.path / "modeleval.toml").unlink()
    left = [path for path in keyed.path.rglob("*") if path.is_file()]
    assert not [path for path in left for secret in SECRETS if secret.encode() in path.read_bytes()]
    with closing(sqlite3.connect(keyed.path / ".modeleval/store.sqlite")) as store:
        (kept,) = store.execute("select completion from completions where completion like '%My key%'").fetchone()
    assert json.loads(kept)["text"] == "My key is ***, ***"


@pytest.mark.parametrize("before", [50, 60, 70, 280, 290, 385, 395, 1990])
@pytest.mark.parametrize("status", [200, 400])
def test_half_a_key_is_not_shown(monkeypatch: pytest.MonkeyPatch, before: int, status: int) -> None:
    server = FaultyServer()
    monkeypatch.setenv("MY_KEY", KEY)
    server.fault = lambda handler, _: send(handler, status, b"x" * before + KEY.encode() + b"y" * 3000)

    with pytest.raises((Unavailable, SampleError)) as failed:
        ask(server.url, Chat(QUESTION), model="faulty", api_key_env="MY_KEY")

    server.close()
    assert "sk-very" not in str(failed.value)
    assert len(str(failed.value)) < 500


@pytest.mark.parametrize(("value", "said"), [("a1b2", "who is ***?"), ("a1b", "who is a1b?")])
def test_a_headers_value_is_hidden_in_errors_from_four_letters_on(value: str, said: str) -> None:
    spec = ModelSpec("m", "openai", "m", base_url="http://x/v1", headers={"X-Team": value})

    assert Mask(spec).hide(f"who is {value}?") == said


def test_words_of_harmless_headers_stay_in_answers(keyed: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("An evaluation of 42")

    run(keyed, "--model", "keyed", "-k", "hard and 00000", "test_answers.py").assert_outcomes(passed=1, deselected=3)

    with closing(sqlite3.connect(keyed.path / ".modeleval/store.sqlite")) as store:
        (kept,) = store.execute("select completion from completions").fetchone()
    assert json.loads(kept)["text"] == "An evaluation of 42"


def test_a_traceback_with_locals_shows_no_header(keyed: pytest.Pytester, faulty: FaultyServer) -> None:
    keyed.makepyfile(
        test_broken="""
        from pytest_modeleval import benchmark, generated, Sample

        @benchmark(generated(lambda subset, index: {"q": "6 * 7?"}, {"easy": 1}), lambda row: Sample(row["q"], "42"))
        async def test_broken(sample, model):
            spec, name = model.asker.spec, model.name
            raise RuntimeError((await model.complete("?")).text)
        """
    )
    faulty.fault = answer(NASTY)

    result = run(keyed, "--model", "keyed", "-l", "test_broken.py")

    result.stdout.fnmatch_lines([r"*RuntimeError: \x1b[[]2J\x1b]52;c;ZXZpbA==\x07\u202e*"])
    assert "ModelSpec(" in result.stdout.str()
    assert not [secret for secret in SECRETS if secret in result.stdout.str()]
    assert not RAW & set(result.stdout.str())


def test_a_spec_shows_no_headers() -> None:
    assert "secret" not in repr(ModelSpec("m", "openai", "m", headers={"X-Key": "secret"}))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"base_url": "http://ann:hunter22@127.0.0.1:9/v1"}, "*base_url holds a name or password: *headers = *"),
        ({"base_url": "http://hunter22@127.0.0.1:9/v1"}, "*base_url holds a name or password: *"),
        ({"base_url": "http://127.0.0.1:9/v1?key=hunter22"}, "*base_url has a query, *api_key_env = *"),
        ({"base_url": "http://127.0.0.1:9/v1#hunter22"}, "*base_url has a query, *"),
        ({"base_url": ["http://ann:hunter22@h/v1"]}, "*base_url is a text, not a list"),
        ({"headers": "X-Key: hunter22"}, "*headers is a table, not a text"),
        ({"headers": {"X-Key": ["hunter22"]}}, "*headers are texts, and X-Key is a list"),
        ({"headers": {"X-Key": "hunter22\r\nX-Other: x"}}, "*the header X-Key is no line of ASCII, which alone can *"),
        (
            {"headers": {"X-Key": "$NO_SUCH_NAME"}},
            "*headers name the environment variable NO_SUCH_NAME, which is empty",
        ),
        ({"api_key_env": "sk-hunter22"}, "*api_key_env is the name of an environment variable, *not the key itself"),
        ({"api_key_env": "gsk_hunter22hunter22abc"}, "*api_key_env is the name of an environment variable, *"),
        ({"api_key_env": ["hunter22"]}, "*api_key_env is a text, not a list"),
        ({"api_key": "hunter22"}, "*keys do not belong in a file; *"),
    ],
)
def test_a_secret_in_the_wrong_place_is_refused_without_showing_it(
    project: pytest.Pytester, settings: dict[str, Any], said: str
) -> None:
    alias(project, "wrong", **{"base_url": "http://127.0.0.1:9/v1", "model": "m", **settings})

    result = run(project, "--model", "wrong", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert "hunter22" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ann:hunter22@127.0.0.1:9/v1", "unknown model '…@127.0.0.1:9/v1'*"),
        ("//ann:hunter22@127.0.0.1:9/v1", "--model //…@127.0.0.1:9/v1: there is no folder '//…@127.0.0.1:9/v1'"),
        ("127.0.0.1:9/v1?key=hunter22", "--model 127.0.0.1:9/v1[?]…: *: --model http://127.0.0.1:9/v1[?]…"),
        ("ftp://ann:hunter22@h/v1", "--model ftp://…: an address begins with http:// or https://"),
        ("judge=ann:hunter22@h", "unknown model '…@h'*"),
    ],
)
def test_an_address_without_its_beginning_is_refused_without_showing_its_password(
    project: pytest.Pytester, name: str, said: str
) -> None:
    result = run(project, "--model", name, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert "hunter22" not in result.stdout.str() + result.stderr.str()


def test_an_address_in_the_environment_is_refused_alike(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://ann:hunter22@127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "x")

    result = run(project, "--model", "openai:m", "test_answers.py")

    result.stderr.fnmatch_lines(["ERROR: the environment variable OPENAI_BASE_URL holds a name or password: *"])
    assert "hunter22" not in result.stdout.str() + result.stderr.str()


NASTY = "\x1b[2J\x1b]52;c;ZXZpbA==\x07\u202egnp.exe\x9b31m\r"
RAW = set("\x1b\x07\u202e\x9b\r")


@pytest.mark.parametrize("flags", [[], ["-v"], ["-rA"]], ids=["plain", "-v", "-rA"])
def test_nothing_foreign_reaches_the_terminal_raw(
    project: pytest.Pytester, faulty: FaultyServer, flags: list[str]
) -> None:
    faulty.fault = only({"easy 0": error(400, NASTY), "easy 1": error(500, NASTY), "easy 2": answer(NASTY)})

    result = run(project, "--model", "faulty", "--junitxml", "o.xml", *flags, "test_answers.py")

    result.assert_outcomes(passed=7, failed=1, errors=2)
    result.stdout.fnmatch_lines([r"*refused this prompt: 400: \x1b[[]2J\x1b]52;c;ZXZpbA==\x07\u202egnp.exe\x9b31m*"])
    assert not RAW & set(result.stdout.str())
    assert not RAW & set((project.path / "o.xml").read_text())


def test_a_stop_shows_nothing_raw(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = error(404, NASTY)
    alias(project, "other", base_url=faulty.url, model="other")

    listed = run(project, "--model", "faulty", "test_answers.py")
    faulty.models = [f"model-{NASTY}"]
    unlisted = run(project, "--model", "other", "test_answers.py")

    for result in (listed, unlisted):
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([r"*\x1b[[]2J*"])
        assert not RAW & set(result.stdout.str() + result.stderr.str())
