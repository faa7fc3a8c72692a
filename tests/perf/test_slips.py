"""What is typed wrong of load tests, and the line that answers it: with the value, and with what to type."""

from collections.abc import Sequence

import pytest

from tests.perf.conftest import perf

N = "takes whole numbers of at least 1 between commas, such as 1,8,32; not"
TIME = "takes a time with its unit, such as 60s, 500ms, 5min or 1h; not"
LENGTH = "takes tokens: 512, a range 256-1024"
SLIPS: Sequence[tuple[str, str]] = [
    ("--perf-parallel=1;8", f"--perf-parallel {N} '1;8'; did you mean 1,8?"),
    ("--perf-parallel=0", f"--perf-parallel {N} '0'"),
    ("--perf-parallel=1-8", f"--perf-parallel {N} '1-8'; did you mean 1,8?"),
    ("--perf-parallel=1,,8", f"--perf-parallel {N} '1,,8'; did you mean 1,8?"),
    ("--perf-parallel=eight", f"--perf-parallel {N} 'eight'"),
    ("--perf-parallel=1.5", f"--perf-parallel {N} '1.5'"),
    ("--perf-parallel=-4", f"--perf-parallel {N} '-4'"),
    ("--perf-parallel=8 -n 4", "load tests cannot run under -n: a load test measures alone"),
    ("--perf-parallel=8 --perf-rate=5", "--perf-parallel and --perf-rate are two kinds of load: give one"),
    ("--perf-paralel=8", "unknown flag --perf-paralel; did you mean --perf-parallel?"),
    ("--perf-rate=0", "--perf-rate takes a number above 0, or several between commas; not '0'"),
    ("--perf-rate=-1", "--perf-rate takes a number above 0, or several between commas; not '-1'"),
    ("--perf-rate=2;4", "--perf-rate takes a number above 0, or several between commas; not '2;4'; did you mean 2,4?"),
    ("--perf-rate=5 --perf-arrivals=uniform", "--perf-arrivals takes one of constant, poisson, gamma, not 'uniform'"),
    ("--perf-parallel=8 --perf-number=0", f"--perf-number {N} '0'"),
    ("--perf-parallel=1,8 --perf-number=1,2,3", "--perf-number has 3 values and --perf-parallel has 2: give one"),
    ("--perf-parallel=8 --perf-duration=5", f"--perf-duration {TIME} '5'; did you mean 5s?"),
    ("--perf-parallel=8 --perf-duration=5m", f"--perf-duration {TIME} '5m'; did you mean 5min?"),
    ("--perf-parallel=8 --perf-duration=30sec", f"--perf-duration {TIME} '30sec'; did you mean 30s?"),
    ("--perf-parallel=8 --perf-duration=0s", "--perf-duration takes a time of more than 0, such as 60s; not '0s'"),
    ("--perf-parallel=8 --perf-timeout=0s", "--perf-timeout takes a time of more than 0, such as 60s; not '0s'"),
    ("--perf-parallel=8 --perf-warm-up=110%", "--perf-warm-up takes a number of requests, or a share such as 10%; not"),
    ("--perf-parallel=8 --perf-slo=p99_ttft<500", "'p99_ttft<500' has no unit: write 500ms or 500s"),
    ("--perf-parallel=8 --perf-slo=ttft_p99<=500ms", "'ttft_p99'; did you mean 'p99_ttft'?"),
    ("--perf-parallel=8 --perf-slo=p101_ttft<=1s", "unknown statistic 'p101' in 'p101_ttft'; known are mean, min, max"),
    ("--perf-parallel=8 --perf-slo=p99_tttf<=1s", "'p99_tttf'; did you mean 'p99_ttft'?"),
    ("--perf-parallel=8 --perf-slo=p99_e2e<=5s", "'p99_e2e'; did you mean 'p99_latency'?"),
    ("--perf-parallel=8 --perf-slo=avg_ttft<=1s", "'avg_ttft'; did you mean 'mean_ttft'?"),
    ("--perf-parallel=8 --perf-slo=median_ttft<=1s", "'median_ttft'; did you mean 'p50_ttft'?"),
    ("--perf-parallel=8 --perf-slo=p99_ttft=500ms", "'p99_ttft=500ms' is no condition; did you mean p99_ttft<=500ms?"),
    (
        "--perf-parallel=8 --perf-slo=p99_ttft=<500ms",
        "'p99_ttft=<500ms' is no condition; did you mean p99_ttft<=500ms?",
    ),
    ("--perf-parallel=8 --perf-slo=p99-ttft<=1s", "'p99-ttft<=1s' is no condition; did you mean p99_ttft<=1s?"),
    ("--perf-parallel=8 --perf-slo=p99(ttft)<=1s", "'p99(ttft)<=1s' is no condition; did you mean p99_ttft<=1s?"),
    ("--perf-parallel=8 --perf-slo=P99_TTFT<=1s", "'P99_TTFT<=1s' is no condition; did you mean p99_ttft<=1s?"),
    ("--perf-parallel=8 --perf-slo=fast", "'fast' is no condition; write FIGURE<=LIMIT with its unit, such as"),
    ("--perf-parallel=8 --perf-slo=p99_ttft<=1s;p9_itl<1s", "has a semicolon: conditions are between commas"),
    ("--perf-parallel=8 --perf-slo=p99_ttft<=0.5sec", "has the unit 'sec', not one of us, µs, ms, s, min"),
    ("--perf-parallel=8 --perf-slo=ttft<=500ms", "say how many must be (goodput>=95%), or write a statistic before it"),
    ("--perf-parallel=8 --perf-slo=success>=99", "'success>=99' has no unit: write 99%"),
    ("--perf-find=max paralel where p99_ttft<=1s", '--perf-find takes "max parallel where p99_ttft<=500ms"'),
    ("--perf-find=max parallel where p99_ttft<500", "--perf-find: 'p99_ttft<500' has no unit: write 500ms or 500s"),
    ("--perf-parallel=8 --perf-endpoint=completion", "--perf-endpoint takes one of chat, responses, completions"),
    ("--perf-parallel=8 --perf-dataset=randm", "unknown --perf-dataset 'randm'; did you mean 'random'?"),
    ("--perf-parallel=8 --perf-input=0", f"--perf-input {LENGTH}"),
    ("--perf-parallel=8 --perf-input=1024-256", f"--perf-input {LENGTH}"),
    ("--perf-parallel=8 --perf-output=1k", f"--perf-output {LENGTH}"),
    (
        "--perf-parallel=8 --perf-turns=0",
        "--perf-turns takes a number of turns from 1, or a range such as 2-5; not '0'",
    ),
    ("--perf-parallel=8 --perf-compare=lst", "--perf-compare: no run 'lst' measured a load here. Known, newest first:"),
    ("--perf-parallel=8 --perf-compare-fail=p99_ttft:9%", "--perf-compare-fail needs --perf-compare RUN"),
    ("--perf-parallel=8 --perf-on-invalid=ignore", "--perf-on-invalid takes one of fail, warn, not 'ignore'"),
    ("--perf-parallel=8 --perf-max-error-rate=5", "--perf-max-error-rate takes a share such as 1% or 0.01, not '5'"),
    ("--perf-parallel=8 --perf-image=512", "--perf-image takes WIDTHxHEIGHT in pixels, such as 512x512, not '512'"),
    (
        '--perf-parallel=8 --perf-body={"top_k":20',
        "--perf-body takes a JSON object, or file:PATH of one: Expecting ','",
    ),
    ("--perf-trace=none.jsonl", "--perf-trace: there is no file 'none.jsonl'"),
]


@pytest.mark.parametrize(("typed", "answer"), SLIPS, ids=[typed for typed, _ in SLIPS])
def test_a_slip_gets_one_line_with_what_to_type(served: pytest.Pytester, typed: str, answer: str) -> None:
    head, *rest = typed.split(" -")
    result = perf(served, head, *(part for each in rest for part in f"-{each}".split(" ", 1)))

    assert result.ret == 4
    (line,) = (line for line in (*result.errlines, *result.outlines) if answer in line)
    assert line.startswith("ERROR: ")
