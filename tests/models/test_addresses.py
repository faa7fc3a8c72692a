"""`--model http://…`: a server without an alias."""

import json

import pytest

from tests.conftest import FaultyServer, run
from tests.perf.conftest import FEW


def scores(project: pytest.Pytester) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads((project.path / "out.json").read_text())["rows"]
    return rows


def test_the_one_model_of_an_address_is_asked_by_its_own_name(
    project: pytest.Pytester, faulty_server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    faulty_server.models = ["owner/name"]

    result = run(project, "--model", faulty_server.url, "test_answers.py", "--eval-write", "out.json")

    assert result.ret == 0
    assert {row["model"] for row in scores(project)} == {"owner/name"}
    assert {body["model"] for body in faulty_server.asked} == {"owner/name"}
    assert {headers["authorization"] for headers in faulty_server.headers} == {"Bearer none"}


def test_one_of_several_is_named_behind_the_address_with_the_key_of_the_environment(
    project: pytest.Pytester, faulty_server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    faulty_server.models = ["a", "b"]

    result = run(project, "--model", f"{faulty_server.url}#b", "test_answers.py", "-n", "2", "--eval-write", "out.json")

    assert result.ret == 0
    assert {row["model"] for row in scores(project)} == {"b"}
    assert {body["model"] for body in faulty_server.asked} == {"b"}
    assert {headers["authorization"] for headers in faulty_server.headers} == {"Bearer sk-of-the-environment"}
    assert "sk-of-the-environment" not in result.stdout.str()


def test_the_same_answers_serve_an_alias_of_the_same_address(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)
    asked = len(faulty.asked)

    run(project, "--model", faulty.url, "test_answers.py").assert_outcomes(passed=10)

    assert len(faulty.asked) == asked


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (["a", "b"], "has 2 models (a, b): say which, as in --model http://*/v1#a"),
        ([], "lists no models: say which, as in --model http://*/v1#NAME"),
    ],
)
def test_no_one_model_is_one_line(
    project: pytest.Pytester, faulty_server: FaultyServer, models: list[str], said: str
) -> None:
    faulty_server.models = models

    result = run(project, "--model", faulty_server.url, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: http://127.0.0.1:*/v1 {said}"])
    assert faulty_server.asked == []


@pytest.mark.parametrize("load", [(), ("--perf-parallel", "1", *FEW)], ids=["samples", "load"])
def test_what_a_server_calls_its_model_is_shown_and_never_obeyed(
    project: pytest.Pytester, faulty_server: FaultyServer, load: tuple[str, ...]
) -> None:
    faulty_server.models = [hostile := "evil\x1b]52;c;x\x07\u202e"]

    alone = run(project, "--model", faulty_server.url, *(load or ["test_answers.py"]))
    faulty_server.models = [hostile, "other\x1b"]
    several = run(project, "--model", faulty_server.url, "test_answers.py")

    alone.stdout.fnmatch_lines([r"*evil\x1b]52;c;x\x07\u202e*"])
    several.stderr.fnmatch_lines([r"ERROR: *has 2 models (evil\x1b]52;c;x\x07\u202e, other\x1b): say which, *"])
    said = "".join(result.stdout.str() + result.stderr.str() for result in (alone, several))
    assert not set(said) & set("\x1b\x07\u202e")
    assert load or {body["model"] for body in faulty_server.asked} == {hostile}


def test_nobody_there_is_one_line(project: pytest.Pytester) -> None:
    result = run(project, "--model", "http://127.0.0.1:9/v1", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: http://127.0.0.1:9/v1: nothing answers at http://127.0.0.1:9/v1/ (*)*"])


@pytest.mark.parametrize("address", ["http://me:secret@127.0.0.1:9/v1", "http://127.0.0.1:9/v1?key=secret"])
def test_a_secret_in_an_address_is_refused_and_not_shown(project: pytest.Pytester, address: str) -> None:
    result = run(project, "--model", address, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "secret" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("end", ["", "/", "/v1/", "/v1/chat/completions", "/v1/models"])
def test_an_address_is_taken_as_people_write_it(
    project: pytest.Pytester, faulty_server: FaultyServer, end: str
) -> None:
    result = run(project, "--model", faulty_server.url.removesuffix("/v1") + end, "test_answers.py")

    result.assert_outcomes(passed=10)
    assert set(faulty_server.paths) == {"/v1/chat/completions"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("127.0.0.1:8000/v1", "127.0.0.1:8000/v1: an address begins with http:// or https://: --model http://127.*/v1"),
        ("localhost:8000", "localhost:8000: an address begins with http:// or https://: --model http://localhost:8000"),
        ("judge=localhost:8000", "localhost:8000: an address begins with http:// or https://: *"),
        ("htp://me:secret@here/v1", "htp://…: an address begins with http:// or https://"),
    ],
)
def test_an_address_without_its_scheme_is_one_line(project: pytest.Pytester, typed: str, said: str) -> None:
    result = run(project, "--model", "tiny", "--model", typed, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --model {said}"])
    assert "secret" not in result.stderr.str()


def test_two_addresses_of_one_name_need_an_alias(
    project: pytest.Pytester, faulty_server: FaultyServer, other_server: FaultyServer
) -> None:
    result = run(project, "--model", faulty_server.url, "--model", other_server.url, "test_answers.py")

    result.stderr.fnmatch_lines(["ERROR: two of --model are called 'faulty', and no table could tell them apart: *"])


def test_a_load_test_takes_an_address_too(project: pytest.Pytester, faulty_server: FaultyServer) -> None:
    result = run(project, "--model", faulty_server.url, "--perf-parallel", "2", *FEW)

    result.stdout.fnmatch_lines([f"load test of faulty at {faulty_server.url}; *"])
    assert {body["model"] for body in faulty_server.asked} == {"faulty"}
