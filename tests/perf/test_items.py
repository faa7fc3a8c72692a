"""Load tests as pytest items, from outside: what a user types, what is asked, and what is refused."""

import json
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pytest_modeleval.perf.server.process import BenchServer
from tests.conftest import FaultyServer, add_settings, alias, run, send
from tests.perf.conftest import FEW, QUICK, perf
from tests.perf.proxies import forwarding
from tests.perf.test_lengths import counts_words

pytestmark = pytest.mark.usefixtures("whatever_machine")
TINY = str(Path(__file__).parents[2] / "pytest_modeleval" / "models" / "tiny")
OUT = ["--perf-out", "out"]


def test_each_load_is_an_item_with_its_figures(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "1,4", *FEW, "-v")

    result.assert_outcomes(passed=2)
    assert result.ret == 0
    result.stdout.re_match_lines(
        [
            r".*test_load\[parallel=1\] PASSED",
            r".*test_load\[parallel=4\] PASSED",
            r"load +requests +failed +req/s +tok/s",
            r"parallel=1 +16 +0 ",
            r"parallel=4 +16 +0 ",
            r"the client +lag p99 +late p99 +clumped +CPU +in flight +rate +cached",
            r"parallel=1 .* valid",
            r"parallel=4 .* valid",
            r"parallel=1 +mean +p50 ",
            r"ttft ",
            r"itl ",
            r"tpot ",
            r"latency ",
            r"input_tokens tok +40.0 +40.0",
            r"output_tokens tok +8.00",
            r"highest throughput: parallel=4 ",
            r"shortest latency: parallel=",
        ]
    )


def test_an_open_loop_is_one_too(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-rate", "50,100", "--perf-arrivals", "constant", *FEW)

    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines([r"rate=50 +16 +0 ", r"rate=100 +16 +0 "])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--perf-parallel", "0"], r"--perf-parallel takes whole numbers of at least 1 between commas, such as 1,8,32; not '0'"),
        (["--perf-parallel", "1,,2"], r"--perf-parallel takes whole numbers .* not '1,,2'"),
        (["--perf-rate", "0"], r"--perf-rate takes a number above 0, or several between commas; not '0'"),
        (["--perf-rate", "nan"], r"--perf-rate takes a number above 0, or several between commas; not 'nan'"),
        (["--perf-parallel", "1,2,3", "--perf-number", "10,20"], r"--perf-number has 2 values and --perf-parallel has 3: give one for each load, or one for all"),
        (["--perf-parallel", "1", "--perf-rate", "2"], r"--perf-parallel and --perf-rate are two kinds of load: give one"),
        (["--perf-parallel", "1", "--perf-slo", "p99_ttft<=5"], r"'p99_ttft<=5' has no unit: write 5ms or 5s"),
        (["--perf-parallel", "1", "--perf-slo", "p99_tttf<=5s"], r"unknown figure in --perf-slo: 'p99_tttf'; did you mean 'p99_ttft'\?"),
        (["--perf-parallel", "1", "--perf-duration", "60"], r"--perf-duration takes a time with its unit, such as 60s, .*; not '60'"),
        (["--perf-parallel", "1", "--perf-arrivals", "burst"], r"--perf-arrivals takes one of constant, poisson, gamma, not 'burst'"),
        (["--perf-trace", "nothing.jsonl"], r"--perf-trace: there is no file 'nothing.jsonl'"),
        (["--perf-find", "max users"], r"--perf-find takes \"max parallel where p99_ttft<=500ms\""),
        (["--perf-parallel", "1", "--perf-prompt", " "], r"--perf-prompt takes TEXT\|file:PATH, not ' '"),
        (["--perf-parallel", "1", "--perf-prompt", "file:nothing.txt"], r"--perf-prompt cannot read 'nothing.txt'"),
        (["--perf-parallel", "1", "--perf-prompt", "a", "--perf-dataset", "openqa"], r"--perf-prompt is all that is asked, and --perf-dataset asks something else: give one"),
        (["--perf-parallel", "1", "--perf-body", "{"], r"--perf-body takes a JSON object, or file:PATH of one: "),
        (["--perf-parallel", "1", "--perf-body", "[1]"], r"--perf-body takes a JSON object, such as '{\"top_k\": 20}', not '\[1\]'"),
        (["--perf-parallel", "1", "--perf-body", '{"messages": ["a"]}'], r"--perf-body: its messages, before those of every prompt, are objects with role and content; not \['a'\]"),
        (["--perf-parallel", "1", "--perf-endpoint", "embeddings", "--perf-body", '{"messages": [{"role": "user", "content": "a"}]}'], r"messages of --perf-body come before a prompt, and embeddings takes texts"),
        (["--perf-parallel", "1", "--perf-warm-up", "101%"], r"--perf-warm-up takes a number of requests, or a share such as 10%; not '101%'"),
        (["--perf-parallel", "1", "--perf-warm-up", "-1"], r"--perf-warm-up takes a number of requests"),
        (["--perf-rate", "1", "--perf-duration", "1s", "--perf-warm-up", "12.5%"], r"--perf-warm-up 12.5% is a share of no number: give how many requests, or --perf-number too"),
        (["--perf-parallel", "1", "--perf-token-ids"], r"--perf-token-ids needs --perf-endpoint completions and --perf-tokenizer NAME"),
        (["--perf-parallel", "1", "--perf-token-ids", "--perf-endpoint", "completions"], r"--perf-token-ids needs --perf-endpoint completions and --perf-tokenizer NAME"),
        (["--perf-parallel", "1", "--perf-min-input", "9"], r"--perf-min-input and --perf-max-input choose among a dataset's prompts"),
        (["--perf-parallel", "1", "--perf-dataset", "p.txt", "--perf-min-input", "9", "--perf-max-input", "8"], r"--perf-max-input 8 is less than --perf-min-input 9"),
        (["--perf-parallel", "1", "--perf-turns", "normal(2,1)"], r"--perf-turns takes a number of turns from 1, or a range such as 2-5; not 'normal\(2,1\)'"),
        (["--perf-parallel", "1", "--perf-turns", "5-2"], r"--perf-turns takes .*; not '5-2'"),
        (["--perf-parallel", "1", "--perf-turns", "2", "--perf-endpoint", "completions"], r"--perf-turns 2 needs --perf-endpoint chat or responses, not completions"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_wrong_flag_is_one_line_before_anything_is_sent(
    served: pytest.Pytester, bench: BenchServer, arguments: list[str], message: str
) -> None:
    result = perf(served, *arguments)

    assert result.ret == 4
    result.stderr.re_match_lines([f"ERROR: .*{message}"])
    assert bench.truth()["served"] == []


def test_a_wrong_flag_of_a_users_own_test_is_said_once(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine="import pytest\n@pytest.mark.perf(parallel=2)\ndef test_mine(load): pass")
    result = perf(served, "test_mine.py", "--perf-slo", "p99_ttft<=5")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert len([line for line in [*result.outlines, *result.errlines] if "has no unit" in line]) == 1


def test_a_missed_objective_cannot_be_expected_to_fail(served: pytest.Pytester) -> None:
    served.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.xfail
        @pytest.mark.perf(parallel=2, number=2, slo="p99_ttft<=1us")
        def test_mine(load): pass
        """
    )

    result = run(served, "--model", "bench", "test_mine.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: test_mine.py::test_mine*: under xfail a missed objective would pass: leave *"])


def test_a_load_test_needs_a_model(served: pytest.Pytester) -> None:
    result = run(served, "--perf-parallel", "1")

    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: a load test needs a model: give --model NAME"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--perf-dataset", "opneqa"], r"unknown --perf-dataset 'opneqa'; did you mean 'openqa'\?"),
        (["--perf-dataset", "openqa", "--eval-offline"], r"openqa has no default/open_qa of AI-ModelScope/HC3-Chinese .*modelscope download AI-Mod"),
        (["--perf-tokenizer", "./nowhere"], r"--perf-tokenizer: there is no tokenizer './nowhere' to be had"),
        (
            ["--perf-tokenizer", "owner/name", "--eval-hub", "huggingface", "--eval-offline"],
            r"--perf-tokenizer: owner/name is not on this machine, .*--eval-offline.*: hf download owner/name",
        ),
        (["--perf-input", "3"], r"a prompt of 3 tokens has no room for words"),
        (["--perf-endpoint", "rerank"], r"--perf-endpoint rerank needs --perf-tokenizer NAME"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_the_prompts_lack_is_one_line(served: pytest.Pytester, arguments: list[str], message: str) -> None:
    result = perf(served, "--perf-parallel", "1", "--perf-number", "4", *arguments)

    assert result.ret == 4
    result.stderr.re_match_lines([f"ERROR: {message}"])
    assert "INTERNALERROR" not in result.stdout.str()


def test_a_dead_endpoint_is_one_line(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url="http://127.0.0.1:9/v1", model="bench")
    result = perf(pytester, "--perf-parallel", "1", "--perf-number", "4")

    assert result.ret == 4
    result.stderr.re_match_lines([r"ERROR: nothing answers at http://127.0.0.1:9/v1/chat/completions: .*"])


def test_recorded_answers_cannot_be_loaded(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makefile(".jsonl", answers="{}")
    result = run(pytester, "--model", "replay:answers.jsonl", "--perf-parallel", "1")

    assert result.ret == 4
    result.stderr.re_match_lines([r"ERROR: a load test needs a server, and 'replay:answers.jsonl' has none: name an"])


def test_a_prompt_longer_than_the_context_is_shown_as_the_server_says_it(
    pytester: pytest.Pytester, faulty_server: FaultyServer
) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url=faulty_server.url, model="faulty")
    said = {"error": {"message": "This model's maximum context length is 4096 tokens."}}
    faulty_server.fault = lambda handler, _: send(handler, 400, said)
    (pytester.path / "prompts.txt").write_text("a very long prompt\n")
    result = perf(pytester, "--perf-parallel", "1", "--perf-number", "3", "--perf-dataset", "prompts.txt")

    assert result.ret == 7
    result.stdout.re_match_lines([r"3 of 3 requests failed.*http 400 \(.*maximum context length is 4096 tokens"])


def test_one_prompt_and_a_body_are_asked_in_every_request(
    pytester: pytest.Pytester, faulty_server: FaultyServer
) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url=faulty_server.url, model="faulty")
    (pytester.path / "body.json").write_text('{"top_k": 5, "model": "other"}')
    asked = ["--perf-prompt", "Who?", "--perf-body", "file:body.json", "--perf-no-stream"]
    perf(pytester, "--perf-parallel", "1", "--perf-number", "3", *asked)

    sent = [body for body in faulty_server.asked if "messages" in body]
    assert len(sent) == 3
    assert all(
        body == {"top_k": 5, "model": "faulty", "messages": [{"role": "user", "content": "Who?"}]} for body in sent
    )


def test_messages_of_a_body_come_before_every_prompt(pytester: pytest.Pytester, faulty_server: FaultyServer) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url=faulty_server.url, model="faulty")
    system = {"role": "system", "content": "Be brief."}
    shared = ["--perf-body", json.dumps({"messages": [system], "top_k": 5}), "--perf-no-stream"]
    perf(pytester, "--perf-parallel", "1", "--perf-number", "3", "--perf-prompt", "Who?", *shared)

    sent = [body for body in faulty_server.asked if "messages" in body]
    assert [body["messages"] for body in sent] == [[system, {"role": "user", "content": "Who?"}]] * 3
    assert {body["top_k"] for body in sent} == {5}


def test_what_lies_under_every_body_is_counted_into_its_prompt(
    pytester: pytest.Pytester, faulty_server: FaultyServer
) -> None:
    alias(pytester, "bench", base_url=faulty_server.url, model="faulty")
    faulty_server.fault = counts_words
    under = {"tools": [{"type": "function", "function": {"name": "look"}}], "top_k": None, "max_tokens": 9}
    load = ["--perf-parallel", "1", "--perf-number", "1", "--perf-input", "40", "--perf-no-stream"]

    perf(pytester, *load, "--perf-body", json.dumps(under))

    counted, asked = faulty_server.asked[1], faulty_server.asked[-1]
    assert counted == {"tools": under["tools"], "model": "faulty", "messages": counted["messages"], "max_tokens": 1}
    assert (asked["tools"], asked["max_tokens"]) == (under["tools"], 9)


@pytest.mark.parametrize("arguments", [["--perf-output", "8"], ["--perf-prompt", "Who?", "--perf-output", "8"], []])
def test_a_server_that_refuses_max_tokens_is_loaded(
    pytester: pytest.Pytester, faulty_server: FaultyServer, arguments: list[str]
) -> None:
    def respond(handler: Any, body: dict[str, Any]) -> None:
        if "max_tokens" in body:
            send(handler, 400, {"error": {"message": "Unsupported parameter: 'max_tokens'"}})
            return
        counts_words(handler, body)

    faulty_server.fault = respond
    alias(pytester, "s", base_url=faulty_server.url, model="m", generation={"max_completion_tokens": 16})
    result = run(
        pytester, "--model", "s", "--perf-parallel", "1", "--perf-number", "4", "--perf-input", "40", *arguments
    )

    assert result.ret == 0, result.outlines
    assert faulty_server.asked[-1]["max_completion_tokens"] == (8 if arguments else 16)


def test_a_share_of_the_requests_warms_up(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "2,4", "--perf-number", "10,25", *FEW[2:], "--perf-warm-up", "10%", *OUT)

    assert result.ret == 0
    for name, sent in (("parallel=2", 11), ("parallel=4", 28)):
        rows = (served.path / "out" / f"bench-test_load-{name}.jsonl").read_text().splitlines()
        assert len(rows) == sent


def test_token_ids_are_sent_and_counted(served: pytest.Pytester) -> None:
    asked = ["--perf-endpoint", "completions", "--perf-tokenizer", TINY, "--perf-token-ids"]
    result = perf(served, "--perf-parallel", "4", *FEW, *asked)

    # The bench server takes a number of the list for a token.
    result.stdout.re_match_lines([r"input_tokens tok +40.0 +40.0"])


@pytest.mark.parametrize(
    ("tokenizer", "asked", "said"),
    [
        ([], ["5", "30"], r"prompts.txt: \d+ of \d+ prompts left out, not of 5 to 30 characters, as no --perf-tokenizer .*"),
        (["--perf-tokenizer", TINY], ["18", "100"], r"prompts.txt: \d+ of \d+ prompts left out, not of 18 to 100 tokens"),
    ],
    ids=["characters", "tokens"],
)  # fmt: skip
def test_prompts_of_another_length_are_left_out_and_counted(
    pytester: pytest.Pytester, faulty_server: FaultyServer, tokenizer: list[str], asked: list[str], said: str
) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url=faulty_server.url, model="faulty")
    (pytester.path / "prompts.txt").write_text("a\n" + "What is love?\n" + "What is love? " * 99 + "\n")
    limits = ["--perf-min-input", asked[0], "--perf-max-input", asked[1]]
    arguments = ["--perf-dataset", "prompts.txt", "--perf-number", "8", "--perf-no-stream", *limits, *tokenizer]
    result = perf(pytester, "--perf-parallel", "2", *arguments)

    asked_texts = {body["messages"][0]["content"] for body in faulty_server.asked if "messages" in body}
    assert asked_texts == {"What is love?"}
    result.stdout.re_match_lines([said])


def test_limits_that_no_prompt_keeps_are_said(served: pytest.Pytester) -> None:
    (served.path / "prompts.txt").write_text("a\nb\n")
    result = perf(served, "--perf-parallel", "1", "--perf-dataset", "prompts.txt", "--perf-min-input", "5")

    assert result.ret == 4
    result.stderr.re_match_lines(
        [r"ERROR: none of the 2 prompts is of 5 or more characters, .*: see to --perf-min-input"]
    )


def test_the_responses_endpoint_is_one_too(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "2", *FEW, "--perf-endpoint", "responses", "--perf-turns", "2")

    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"parallel=2 +16 +0 ", r"output_tokens tok +8.00", r"first_turn_ttft ms +[2-9]\d\."])


def test_a_load_goes_where_the_model_s_answers_come_from(served: pytest.Pytester, bench: BenchServer) -> None:
    alias(served, "other", api="responses", base_url=f"{bench.url}/v1", model="m")
    few = ["--model", "other", "--perf-parallel", "2", *FEW]

    result = run(served, *few, *OUT)
    result.assert_outcomes(passed=1)
    (found,) = json.loads((served.path / "out" / "perf.json").read_text())["loads"]
    assert found["prompts"].startswith("responses: ")

    run(served, *few, *OUT, "--perf-endpoint", "chat")
    (found,) = json.loads((served.path / "out" / "perf.json").read_text())["loads"]
    assert found["prompts"].startswith("chat: ")


def test_a_proxy_is_not_asked_for_what_is_on_this_machine(
    served: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    result = perf(served, "--perf-parallel", "1", *FEW)

    assert result.ret == 0
    assert "went through the proxy" not in result.stdout.str()


def test_a_load_through_a_proxy_says_so(served: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tomllib.loads((served.path / "modeleval.toml").read_text())["models"]["bench"]
    port = urlsplit(settings["base_url"]).port
    assert port
    with forwarding(port) as proxy:
        for name in ("no_proxy", "NO_PROXY", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        alias(served, "far", base_url="http://model.invalid/v1", model="bench")
        result = run(served, "--model", "far", "--perf-parallel", "1,2", *FEW)

    assert result.ret == 0
    through = f"the load went through the proxy 127.0.0.1:{proxy.port} of HTTP_PROXY, which is measured too"
    assert result.stdout.str().count(through) == 1
    # Those that were asked how long a prompt is went the same way.
    assert {line for line, _ in proxy.asked} == {"POST http://model.invalid/v1/chat/completions HTTP/1.1"}


def test_a_trace_is_replayed(served: pytest.Pytester, bench: BenchServer) -> None:
    lines = [{"timestamp": 100 * place, "input_length": 40, "output_length": 4 + place} for place in range(8)]
    (served.path / "trace.jsonl").write_text("\n".join(map(json.dumps, lines)))
    result = perf(served, "--perf-trace", "trace.jsonl")

    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"trace +8 +0 ", r"output_tokens tok +7.50 .* 11.0$"])


def test_conversations_go_turn_by_turn(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "2", *FEW, "--perf-turns", "2")

    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"first_turn_ttft ", r"later_turn_ttft ", r"conversation "])


@pytest.mark.parametrize("failure", [None, "error"])
def test_later_turns_quote_what_the_model_said(
    pytester: pytest.Pytester, faulty_server: FaultyServer, failure: str | None
) -> None:
    def respond(handler: Any, body: dict[str, Any]) -> None:
        parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "forty-two"}]
        choice = {"message": {"content": parts}, "finish_reason": failure or "stop"}
        usage = {"prompt_tokens": 11 + len(str(body.get("messages")).split()), "completion_tokens": 2}
        send(handler, 200, {"choices": [choice], "usage": usage})

    faulty_server.fault = respond
    alias(pytester, "s", base_url=faulty_server.url, model="m")
    asked = ["--perf-parallel", "1", "--perf-number", "6", "--perf-turns", "3", "--perf-input", "40"]
    result = run(pytester, "--model", "s", *asked)

    talks = [each["messages"] for each in faulty_server.asked if "stream" in each]
    roles = [[message["role"][0] for message in talk] for talk in talks]
    assert roles == ([["u"]] * 6 if failure else [["u"], list("uau"), list("uauau")] * 2)
    if failure:
        result.stdout.re_match_lines([r"\d+ turns not sent: an earlier one failed"])
    else:
        assert [message["content"] for message in talks[2] if message["role"] == "assistant"] == ["forty-two"] * 2
        assert talks[1][2]["content"] != talks[1][0]["content"]


def test_images_are_sent(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "2", *FEW, "--perf-dataset", "random_vl", "--perf-image", "32x16")

    result.assert_outcomes(passed=1)


def test_settings_and_flags(served: pytest.Pytester) -> None:
    add_settings(served, "[run]\nperf_number = 6\nperf_input = 40\nperf-output = 4\nperf_extend = 0")

    result = perf(served, "--perf-parallel", "2")

    result.stdout.re_match_lines([r"parallel=2 +6 +0 ", r"output_tokens tok +4.00"])


def test_a_named_run_may_be_a_load_test(served: pytest.Pytester) -> None:
    add_settings(
        served, "[run]\nperf_extend = 0\nperf_input = 40\nperf_number = 6\n[runs.load]\nperf_parallel = [1, 2]"
    )

    result = perf(served, "--eval-run", "load")

    result.stdout.re_match_lines([r"parallel=1 +6 +0 ", r"parallel=2 +6 +0 "])


def test_a_load_replaces_those_of_lower_places_whatever_their_kind(served: pytest.Pytester) -> None:
    add_settings(served, "[run]\nperf_rate = 50\nperf_number = 6\nperf_extend = 0\nperf_input = 40")
    served.makepyfile("import pytest\n@pytest.mark.perf(parallel=2)\ndef test_it(load): pass")

    of_the_marker = perf(served, "test_a_load_replaces_those_of_lower_places_whatever_their_kind.py")
    of_the_flag = perf(served, "--perf-parallel", "3")

    of_the_marker.stdout.re_match_lines([r"parallel=2 +6 +0 "])
    of_the_flag.stdout.re_match_lines([r"parallel=3 +6 +0 "])


def test_several_models_are_side_by_side(served: pytest.Pytester, bench: BenchServer) -> None:
    alias(served, "other", base_url=f"{bench.url}/v1", model="bench")
    result = run(served, "--model", "bench", "--model", "other", "--perf-parallel", "2", *FEW, "-v")

    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines([r".*test_load\[bench-parallel=2\] PASSED", r".*test_load\[other-parallel=2\] PASSED"])
    result.stdout.re_match_lines([r"bench parallel=2 +16 ", r"other parallel=2 +16 "])


def test_without_perf_nothing_of_it_is_imported(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(
        """
        import sys
        def test_it():
            ours = sorted(name for name in sys.modules if name.startswith("pytest_modeleval.perf"))
            assert ours == ["pytest_modeleval.perf", "pytest_modeleval.perf.options", "pytest_modeleval.perf.options.asked", "pytest_modeleval.perf.options.options", "pytest_modeleval.perf.options.parsers"]
        """
    )

    pytester.runpytest_subprocess("-p", "no:asyncio", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_shipped_load_tests_are_left_out_of_a_run_over_everything(served: pytest.Pytester) -> None:
    shipped = Path(__file__).parents[2] / "benchmarks" / "perf"
    result = run(served, "--model", "bench", "--collect-only", "-q", str(shipped))

    assert "test_load" not in result.stdout.str()


def test_pauses_are_kept(served: pytest.Pytester) -> None:
    assert QUICK.ttft == 0.02
    result = perf(served, "--perf-parallel", "1,2", *FEW, "--perf-pause", "1s")

    assert result.ret == 0
    assert result.duration > 1
