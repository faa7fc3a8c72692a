"""What the user asked of load tests, read once into one frozen `PerfOptions`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import pytest

from pytest_modeleval.options.options import unknown, value_of
from pytest_modeleval.perf.options.flags import FLAGS, LOADS
from pytest_modeleval.perf.prompts.lengths import Lengths
from pytest_modeleval.perf.verdict.comparing import Limit
from pytest_modeleval.perf.verdict.slo import Slo

# The datasets that are made here.
RANDOM = ("random", "random_vl")


@dataclass(frozen=True)
class PerfOptions:
    """Everything asked of load tests, checked; times in seconds."""

    parallel: tuple[int, ...] | None
    rate: tuple[float, ...] | None
    trace: Path | None
    trace_speed: float
    find: str | None
    speed: bool
    speed_lengths: tuple[int, ...]
    number: tuple[int, ...] | None
    duration: float | None
    arrivals: Literal["constant", "poisson", "gamma"]
    burstiness: float
    # A float: a share of the number.
    warm_up: int | float
    ramp_up: float
    max_parallel: int
    timeout: float
    stall: float
    limit: float
    pause: float
    endpoint: str
    no_stream: bool
    ca: Path | None
    dataset: str
    prompt: str | None
    # As JSON.
    body: str | None
    input: Lengths | None
    min_input: int
    max_input: int | None
    output: Lengths | None
    prefix: int
    # None: one.
    turns: Lengths | None
    tokenizer: str | None
    token_ids: bool
    image: tuple[int, int]
    images: int
    image_format: tuple[str, str]
    batch: int
    documents: int
    seed: int | None
    slo: Slo | None
    max_error_rate: float
    extend: int
    cached: bool
    calibrate: bool
    compare: str | None
    compare_fail: tuple[Limit, ...] | None
    out: Path | None
    records: str
    track: str | None

    @property
    def most_turns(self) -> int:
        """How many turns a conversation has at most."""
        return self.turns.high if self.turns else 1


def read_perf(config: pytest.Config, marked: Mapping[str, Any] | None = None) -> PerfOptions:
    """The options of a run, or of one test: flags over the marker's arguments over ini values.

    `pytest.UsageError` for the first that is wrong.
    """
    marked = dict(marked or {})
    known = {flag.field.removeprefix("perf_"): flag for flag in FLAGS}
    for name in marked:
        if name not in known:
            raise unknown("argument of @pytest.mark.perf:", name, known)
    # A load on the command line replaces the marker's, whatever its kind.
    if any(config.getoption(f"modeleval_perf_{name}", None) for name in LOADS):
        marked = {name: value for name, value in marked.items() if name not in LOADS}
    values = {}
    for name, flag in known.items():
        given = config.getoption(f"modeleval_{flag.field}", None)
        if given is None and name in marked:
            values[name] = flag.parse(f"{name} of @pytest.mark.perf", _as_text(marked[name]))
        else:
            values[name] = value_of(config, flag)
    assert set(values) == {field.name for field in fields(PerfOptions)}
    options = PerfOptions(**values)
    _refuse_mixed(options)
    return options


def _as_text(value: Any) -> Any:
    """A marker's argument as the command line would have it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value)


def _refuse_mixed(options: PerfOptions) -> None:
    given = [name for name in ("parallel", "rate", "trace", "find") if getattr(options, name)]
    if len(given) > 1:
        flags = " and ".join(f"--perf-{name}" for name in given)
        raise pytest.UsageError(
            f"{flags} are two kinds of load: give one; the most on their way in an open loop is --perf-max-parallel"
        )
    if options.prompt is not None and (options.trace or options.dataset != "random"):
        other = "--perf-trace" if options.trace else "--perf-dataset"
        raise pytest.UsageError(f"--perf-prompt is all that is asked, and {other} asks something else: give one")
    if options.max_input is not None and options.max_input < options.min_input:
        raise pytest.UsageError(
            f"--perf-max-input {options.max_input} is less than --perf-min-input {options.min_input}"
        )
    is_listed = options.dataset not in RANDOM and not options.trace
    if (options.min_input or options.max_input is not None) and not is_listed:
        raise pytest.UsageError(
            "--perf-min-input and --perf-max-input choose among a dataset's prompts (--perf-dataset); --perf-input is "
            "how long random ones are"
        )
    if options.token_ids and (options.endpoint != "completions" or not options.tokenizer):
        raise pytest.UsageError("--perf-token-ids needs --perf-endpoint completions and --perf-tokenizer NAME")
    if options.compare_fail and not options.compare:
        raise pytest.UsageError(
            "--perf-compare-fail needs --perf-compare RUN: the run that a load may not be worse than"
        )
    if "messages" in json.loads(options.body or "{}") and options.endpoint in ("embeddings", "rerank"):
        raise pytest.UsageError(f"messages of --perf-body come before a prompt, and {options.endpoint} takes texts")
    if options.most_turns > 1 and options.endpoint not in ("chat", "responses"):
        raise pytest.UsageError(
            f"--perf-turns {options.most_turns} needs --perf-endpoint chat or responses, not {options.endpoint}"
        )
