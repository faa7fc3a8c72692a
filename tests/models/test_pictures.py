"""Servers whose model sees nothing, or that take no request as large as one with pictures."""

from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from pytest_modeleval.requests import Chat
from pytest_modeleval.sample import Refused
from tests.conftest import FaultyServer, answer, run, send
from tests.models.test_openai import ask

NO = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 2_000_000}}
SEEN: list[dict[str, Any]] = [{"role": "user", "content": [PICTURE, {"type": "text", "text": "what?"}]}]
BENCHMARK = """
from pytest_modeleval import Sample, benchmark, generated

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
ROWS = generated(lambda subset, index: {"q": str(index)}, {"main": 3})

@benchmark(ROWS, lambda row: Sample([{"role": "user", "content": [PICTURE, {"type": "text", "text": row["q"]}]}], "42"))
def test_seen(sample, completion):
    assert completion.text == sample.target
"""


def refuse(status: int, message: str, wanted: str = "image_url") -> Any:
    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if wanted in str(body):
            send(handler, status, {"error": {"message": message}})
        else:
            answer("42")(handler, body)

    return fault


def test_a_model_that_does_not_see_ends_the_run(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = refuse(500, NO)
    project.makepyfile(test_seen=BENCHMARK)

    result = run(project, "--model", "faulty", "test_seen.py")

    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [f"ERROR: faulty at * does not see the pictures that seen*shows: 500: {NO}; ask a model that sees (llama.cpp*"]
    )
    result.stdout.no_fnmatch_line("*0.000*")


def test_a_refusal_after_pictures_were_seen_is_that_samples_error(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.fault = refuse(400, "this model does not support image input", wanted="'text': '2'")
    project.makepyfile(test_seen=BENCHMARK)

    result = run(project, "--model", "faulty", "--eval-concurrency", "1", "test_seen.py")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*the server refused this prompt: 400: this model does not support image input*"])


def test_a_text_that_is_refused_so_ends_no_run(faulty_server: FaultyServer) -> None:
    faulty_server.fault = refuse(400, NO, wanted="role")

    with pytest.raises(Refused, match="refused this prompt"):
        ask(faulty_server.url, Chat([{"role": "user", "content": "what?"}]), model="faulty")


def test_a_request_that_is_too_large_says_what_makes_it_smaller(faulty_server: FaultyServer) -> None:
    faulty_server.fault = refuse(413, "Payload Too Large")

    with pytest.raises(Refused) as refused:
        ask(faulty_server.url, Chat(SEEN), model="faulty")

    assert str(refused.value) == (
        "the request is too large for the server: 413: Payload Too Large (it has 2.0 MB, its picture 1.5 MB: "
        "--eval-image-limit 1MB scales larger ones down)"
    )


def test_sound_and_film_go_to_the_server(faulty_server: FaultyServer) -> None:
    parts = [
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}},
        {"type": "text", "text": "what?"},
    ]

    assert ask(faulty_server.url, Chat([{"role": "user", "content": parts}]), model="faulty").text == "42"

    assert faulty_server.asked[-1]["messages"] == [{"role": "user", "content": parts}]
