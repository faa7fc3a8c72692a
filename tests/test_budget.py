"""A budget holds over all processes, and says what was spent."""

import json
import os
import signal
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import pytest_modeleval.reports
from pytest_modeleval.asking import spending
from pytest_modeleval.asking.spending import TEMPLATE
from pytest_modeleval.options.budget import Budget, read_budget
from tests.conftest import ANSWERS, FaultyServer, alias, answer, run, send

# What the server says that each answer took, and the most that a question may take: 7 + 3, and bytes + 512 + 50.
USED, BOUND = 10, 650
PRICE = {"input": 100.0, "output": 1000.0}


@pytest.fixture
def priced(project: pytest.Pytester, faulty: FaultyServer) -> FaultyServer:
    """A benchmark of 200 samples, and a model with a price whose answers have an end."""
    project.makepyfile(test_answers=ANSWERS.replace('{"easy": 6, "hard": 4}', '{"easy": 200}'))
    settings = {"base_url": faulty.url, "model": "faulty", "retries": 1, "generation": {"max_tokens": 50}}
    alias(project, "priced", **settings, price=PRICE)
    return faulty


def ask(project: pytest.Pytester, budget: str, *flags: str) -> pytest.RunResult:
    return run(project, "--model", "priced", "--eval-budget", budget, "test_answers.py", *flags)


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("2M tokens, $5, 30min", Budget(2_000_000, 5.0, 1800.0)),
        ("500 tokens", Budget(tokens=500)),
        ("1.5k tokens", Budget(tokens=1500)),
        ("1 token", Budget(tokens=1)),
        ("$0.05", Budget(dollars=0.05)),
        ("$ 2k", Budget(dollars=2000.0)),
        ("90s", Budget(seconds=90.0)),
        ("1.5 h", Budget(seconds=5400.0)),
        ("1h 30min 5s", Budget(seconds=5405.0)),
        ("30min,$1", Budget(dollars=1.0, seconds=1800.0)),
    ],
)
def test_a_budget_is_read(text: str, budget: Budget) -> None:
    assert read_budget("--eval-budget", text) == budget


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "''"),
        ("5 bananas", "'5 bananas'"),
        ("2M tokens, 5", "'5'"),
        ("5 EUR, $1", "'5 EUR'"),
        ("2m tokens", "'2m tokens'"),
        ("30m", "'30m'"),
        ("-3 tokens", "'-3 tokens'"),
        ("$0", "'$0'"),
        ("0.5 tokens", "'0.5 tokens'"),
        ("٣ tokens", "'٣ tokens'"),
        ("9" * 400 + "M tokens", f"'{'9' * 400}M tokens'"),
        ("$1,", "''"),
    ],
)
def test_a_part_that_is_no_budget_is_named(text: str, part: str) -> None:
    with pytest.raises(pytest.UsageError) as error:
        read_budget("--eval-budget", text)

    said = "--eval-budget takes parts above 0 such as 2M tokens, $5 or 30min (also k, h and s), not "
    assert str(error.value).partition("; a shell")[0] == said + part


def test_a_cap_given_twice_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match=r"^--eval-budget caps dollars twice, the second time by '\$2'$"):
        read_budget("--eval-budget", "$1, $2")


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_tokens_are_never_more_than_the_cap(
    project: pytest.Pytester, priced: FaultyServer, workers: Sequence[str]
) -> None:
    result = ask(project, "1500 tokens", *workers)

    asked = len(priced.asked)
    assert result.ret == 8
    # As many as surely fit, and no more.
    assert asked >= (1500 - BOUND) // USED
    assert asked * USED <= 1500
    result.assert_outcomes(passed=asked, skipped=200 - asked)
    result.stdout.re_match_lines(
        [
            rf"priced +answers +{asked} +0 +{200 - asked} +1\.000",
            rf"budget: {asked * USED:,} of 1,500 tokens, \$0\.\d{{4}}, \d+\.\d s; spent: a request may take more tokens than are left, .*",
        ]
    )


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_what_is_in_flight_at_once_is_reserved(
    project: pytest.Pytester, priced: FaultyServer, workers: Sequence[str]
) -> None:
    """Answers that take nearly the most they may, 16 at once a process: counted afterwards they would be 30 or more."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"}

    def slow(handler: BaseHTTPRequestHandler, _: object) -> None:
        time.sleep(0.05)
        send(handler, 200, {"choices": [choice], "usage": {"prompt_tokens": 570, "completion_tokens": 50}})

    priced.fault = slow
    result = ask(project, "10k tokens", *workers)

    assert result.ret == 8
    assert 15 <= len(priced.asked) <= 10_000 // 620
    result.stdout.fnmatch_lines([f"budget: {len(priced.asked) * 620:,} of 10,000 tokens, *"])


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_the_same_command_with_more_asks_only_the_rest(
    project: pytest.Pytester, priced: FaultyServer, workers: Sequence[str]
) -> None:
    ask(project, "1500 tokens", *workers)
    first = len(priced.asked)

    # So many that no process waits for what another has reserved.
    result = ask(project, "1M tokens", *workers)

    result.assert_outcomes(passed=200)
    assert (result.ret, len(priced.asked)) == (0, 200)
    result.stdout.fnmatch_lines([f"budget: {(200 - first) * USED:,} of 1,000,000 tokens, *"])


def test_stored_answers_cost_nothing(project: pytest.Pytester, priced: FaultyServer) -> None:
    run(project, "--model", "priced", "test_answers.py")

    result = ask(project, "1 token")

    result.assert_outcomes(passed=200)
    result.stdout.fnmatch_lines(["budget: 0 of 1 tokens, *"])


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_money_is_never_more_than_the_cap(
    project: pytest.Pytester, priced: FaultyServer, workers: Sequence[str]
) -> None:
    """An answer costs 7 * $100/M + 3 * $1000/M = $0.0037, and may cost about $0.11."""
    result = ask(project, "$0.5", *workers)

    asked = len(priced.asked)
    assert result.ret == 8
    assert (0.5 - 0.115) / 0.0037 - 1 <= asked <= 0.5 / 0.0037
    result.stdout.re_match_lines(
        [
            rf"budget: {asked * USED:,} tokens, \${asked * 0.0037:.4f} of \$0\.5, .*spent: a request may take more dollars than are left, so the rest was not asked"
        ]
    )


def test_a_worker_that_dies_holds_nobody_up(project: pytest.Pytester, priced: FaultyServer) -> None:
    """It dies with three requests in flight, whose reservations stay; the others do not wait for their answers."""
    text = ANSWERS.replace('{"easy": 6, "hard": 4}', '{"easy": 200}')
    who = "import os\nWHO = f\"{os.environ.get('PYTEST_XDIST_WORKER')} {os.getpid()}: \"\n"
    project.makepyfile(test_answers=who + text.replace('Sample(row["q"]', 'Sample(WHO + row["q"]'))
    choice = {"index": 0, "message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"}
    doomed: list[int] = []
    dead = threading.Event()

    def fatal(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        worker, pid = body["messages"][-1]["content"].split(": ")[0].split()
        if worker != "gw0":
            dead.wait(30)
            send(handler, 200, {"choices": [choice], "usage": {"prompt_tokens": 260, "completion_tokens": 50}})
            return
        doomed.append(int(pid))
        if len(doomed) == 3:
            os.kill(doomed[0], signal.SIGKILL)
            dead.set()
        handler.close_connection = True
        time.sleep(1)

    priced.fault = fatal
    result = ask(project, "9500 tokens, 30s", "-n", "2", "--eval-concurrency", "10", "--eval-write", "out.json")

    outcomes = result.parseoutcomes()
    budget = json.loads((project.path / "out.json").read_text())["run"]["budget"]
    answered = len(priced.asked) - len(doomed)
    assert (outcomes["errors"], budget["ran_out"]) == (1, "tokens")
    assert outcomes["passed"] + outcomes["skipped"] == 199
    assert answered * 310 + 3 * 310 < budget["spent"]["tokens"] <= 9500


def test_the_skipped_say_why(project: pytest.Pytester, priced: FaultyServer) -> None:
    result = ask(project, "100 tokens", "-rs")

    assert (result.ret, priced.asked) == (8, [])
    result.stdout.fnmatch_lines(["SKIPPED ?200? *: budget spent: 0 of 100 tokens, and a request may take 513"])


def test_a_server_that_tells_no_usage_is_charged_the_most(project: pytest.Pytester, priced: FaultyServer) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"}
    priced.fault = lambda handler, _: send(handler, 200, {"choices": [choice]})

    result = ask(project, "2k tokens")

    assert (result.ret, len(priced.asked)) == (8, 3)


def test_a_failed_attempt_is_charged_and_a_rate_limit_is_not(project: pytest.Pytester, priced: FaultyServer) -> None:
    errors = {status: {"error": {"message": "no"}} for status in (429, 500)}
    left = [429, 429, 500]

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if left:
            send(handler, status := left.pop(0), errors[status], retry_after="0")
        else:
            answer("42")(handler, body)

    priced.fault = fault
    result = ask(project, "10k tokens", "--eval-limit", "2", "--eval-concurrency", "1", "--eval-write", "out.json")

    result.assert_outcomes(passed=2)
    spent = json.loads((project.path / "out.json").read_text())["run"]["budget"]["spent"]["tokens"]
    assert 2 * USED + TEMPLATE < spent <= 2 * USED + BOUND


def test_no_request_after_the_deadline(project: pytest.Pytester, priced: FaultyServer) -> None:
    def slow(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        time.sleep(0.3)
        answer("42")(handler, body)

    priced.fault = slow
    result = ask(project, "2s", "--eval-concurrency", "2", "-rs")

    asked = len(priced.asked)
    assert result.ret == 8
    # Two every 0.3 s: 14, and those that were in flight. A busy machine asks later, and fewer.
    assert 1 <= asked <= 16
    result.assert_outcomes(passed=asked, skipped=200 - asked)
    result.stdout.fnmatch_lines(
        [
            "SKIPPED * budget spent: the 2 s are over",
            "budget: * of 2 s; spent: no more seconds, so the rest was not asked",
        ]
    )


def test_what_hangs_past_the_grace_is_given_up(
    project: pytest.Pytester, priced: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending, "GRACE", 0.2)
    done = threading.Event()
    priced.fault = lambda handler, body: (done.wait(30), answer("42")(handler, body))[1]

    result = ask(project, "2s", "--eval-limit", "3")
    done.set()

    assert result.ret == 8
    result.assert_outcomes(skipped=3)
    assert len(priced.asked) == 3


ASYNC = ANSWERS.replace(
    "def test_answers(sample: Sample, completion: Completion) -> None:\n    assert same_number(completion",
    "async def test_answers(sample, model) -> None:\n    assert same_number(await model.complete(sample.messages)",
)


def test_an_async_benchmark_is_skipped_too(project: pytest.Pytester, priced: FaultyServer) -> None:
    project.makepyfile(test_answers=ASYNC)

    result = ask(project, "1500 tokens", "--eval-limit", "10")
    rest = ask(project, "100 tokens", "--eval-cache", "off")

    result.assert_outcomes(passed=10)
    rest.assert_outcomes(skipped=10)
    assert (result.ret, rest.ret) == (0, 8)


def test_the_json_and_the_summary_tell_it(project: pytest.Pytester, priced: FaultyServer) -> None:
    ask(project, "1500 tokens, $5, 1h", "--eval-write", "out.json", "--eval-write", "out.md")

    document = json.loads((project.path / "out.json").read_text())
    schema = Path(pytest_modeleval.reports.__file__).parent / "results.schema.json"
    jsonschema.validate(document, json.loads(schema.read_text()))
    told = document["run"]["budget"]
    asked = len(priced.asked)
    assert document["run"]["exit_status"] == 8
    assert (told["ran_out"], told["caps"]) == ("tokens", {"tokens": 1500, "dollars": 5.0, "seconds": 3600.0})
    assert told["spent"]["tokens"] == asked * USED
    assert told["spent"]["dollars"] == pytest.approx(asked * 0.0037)
    assert f"\nbudget: {asked * USED:,} of 1,500 tokens, &#36;" in (project.path / "out.md").read_text()


def test_a_gate_does_not_judge_and_a_baseline_is_not_saved_from_a_part(
    project: pytest.Pytester, priced: FaultyServer
) -> None:
    result = ask(project, "1500 tokens", "--eval-min-score", "answers=0.5", "--eval-save-baseline", "b.json")

    assert result.ret == 8
    assert not (project.path / "b.json").exists()
    result.stdout.no_fnmatch_line("*= gate =*")
    result.stdout.fnmatch_lines(["the budget ran out; no gate was judged and no baseline saved"])


def test_wrong_answers_do_not_hide_the_status_and_a_failed_test_does(
    project: pytest.Pytester, priced: FaultyServer
) -> None:
    priced.fault = answer("41")
    assert ask(project, "1500 tokens").ret == 8

    project.makepyfile(test_other="def test_it(): assert False")
    assert ask(project, "1300 tokens", "test_other.py").ret == 1


@pytest.mark.parametrize(
    ("name", "budget", "said"),
    [
        ("faulty", "$5", "--eval-budget caps money, and the price of 'faulty' is not known: give its alias price = *"),
        (
            "faulty",
            "5 tokens",
            "--eval-budget caps tokens or money, and an answer of 'faulty' may be of any length: set max_tokens in its alias, *, and none in a role, with *",
        ),
        ("odd", "5 tokens", "max_tokens of 'odd' is a whole number of at least 1, not 1.5"),
    ],
    ids=["no price", "no end", "odd end"],
)
def test_what_cannot_be_capped_is_refused(
    project: pytest.Pytester, faulty: FaultyServer, name: str, budget: str, said: str
) -> None:
    alias(project, "odd", base_url=faulty.url, model="x", generation={"max_tokens": 1.5})

    result = run(project, "--model", name, "--eval-budget", budget, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert faulty.asked == []


@pytest.mark.parametrize(
    "price", [{"input": 1.0}, {"input": "1", "output": 2}, {"input": -1, "output": 2}, {"input": True, "output": 2}]
)
def test_a_wrong_price(project: pytest.Pytester, price: dict[str, object]) -> None:
    alias(project, "m", model="x", price=price)

    result = run(project, "--model", "m", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: modeleval.toml: model 'm': price is { input = 0.15, output = 0.60 }, in *"])


def test_a_cap_on_time_needs_neither_price_nor_end(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "--eval-budget", "1h", "test_answers.py")

    result.assert_outcomes(passed=10)
    result.stdout.re_match_lines([r"budget: 100 tokens, \d+\.\d of 3,600 s$"])


def test_a_price_shapes_no_answer(project: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(project, "dear", base_url=faulty.url, model="faulty", price=PRICE)
    run(project, "--model", "faulty", "test_answers.py")

    run(project, "--model", "dear", "test_answers.py")

    assert len(faulty.asked) == 10


def test_the_probe_of_an_endpoint_that_lists_no_models_is_paid(project: pytest.Pytester, priced: FaultyServer) -> None:
    priced.models = []

    result = ask(project, "10k tokens", "--eval-limit", "1")

    assert len(priced.asked) == 2
    result.stdout.fnmatch_lines([f"budget: {USED + TEMPLATE + 1} of 10,000 tokens, *"])


def test_no_tokens_told_are_none_charged(priced: FaultyServer, project: pytest.Pytester) -> None:
    choice = {"message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 7, "completion_tokens": 0}
    priced.fault = lambda handler, _: send(handler, 200, {"choices": [choice], "usage": usage})

    result = ask(project, "1M tokens", "--eval-limit", "10")

    result.stdout.fnmatch_lines(["budget: 70 of 1,000,000 tokens, *"])
