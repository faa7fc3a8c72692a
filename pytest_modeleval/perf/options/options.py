"""What the user asked of load tests, as one frozen `PerfOptions`: its fields are the --perf-* flags."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from pytest_modeleval.options import parsers as values
from pytest_modeleval.options.flags import flag, flags_of
from pytest_modeleval.perf.options import parsers

if TYPE_CHECKING:
    from pytest_modeleval.perf.prompts.lengths import Lengths
    from pytest_modeleval.perf.verdict.comparing import Limit
    from pytest_modeleval.perf.verdict.slo import Condition

# The title of the flags in `--help`.
TITLE = "load tests of a model's server"
# The datasets that are made here.
RANDOM = ("random", "random_vl")


@dataclass(frozen=True)
class PerfOptions:
    """Everything asked of load tests, checked; times in seconds."""

    parallel: tuple[int, ...] | None = flag(
        TITLE, "N,…", "load test with N requests on their way at any time; a test each", parsers.counts
    )
    rate: tuple[float, ...] | None = flag(
        TITLE, "R,…", "load test with R requests a second, whatever the server does; a test each", parsers.rates
    )
    trace: Path | None = flag(TITLE, "FILE", "load test that replays recorded requests: .jsonl or .csv", parsers.file)
    trace_speed: float = flag(TITLE, "X", "replay X times as fast (default: 1)", parsers.above_nought, 1.0)
    find: str | None = flag(
        TITLE,
        "WHAT",
        'search the highest load: "max parallel where p99_ttft<=500ms", "max rate where …", "knee of parallel"',
        values.name,
    )
    speed: bool = flag(TITLE, "", "tokens/s and memory of a model in this process", values.yes, False)
    speed_lengths: tuple[int, ...] = flag(
        TITLE,
        "N,…",
        "prompt lengths of --perf-speed (default: 1,6144,14336,30720)",
        parsers.counts,
        (1, 6144, 14336, 30720),
    )
    number: tuple[int, ...] | None = flag(
        TITLE,
        "N,…",
        "requests of each load, or one number for all (default: 10 x parallel, at least 100)",
        parsers.counts,
    )
    duration: float | None = flag(
        TITLE, "TIME", "send for so long, such as 60s (with --perf-number: whichever ends first)", parsers.span
    )
    arrivals: Literal["constant", "poisson", "gamma"] = flag(
        TITLE,
        "HOW",
        "of --perf-rate: constant, poisson or gamma (default: poisson)",
        values.one_of("constant", "poisson", "gamma"),
        "poisson",
    )
    burstiness: float = flag(
        TITLE, "X", "shape of gamma: 1 is Poisson, below 1 burstier (default: 1)", parsers.above_nought, 1.0
    )
    # A float: a share of the number.
    warm_up: int | float = flag(
        TITLE,
        "N|SHARE",
        "requests before those of the figures, or such as 10% of their number (default: 0)",
        parsers.warm_up,
        0,
    )
    ramp_up: float = flag(
        TITLE, "TIME", "time in which the load grows, outside the figures (default: 0s)", parsers.duration, 0.0
    )
    max_parallel: int = flag(
        TITLE, "N", "of --perf-rate: no more on their way at once (default: 1024)", values.at_least(1), 1024
    )
    timeout: float = flag(TITLE, "TIME", "give a request up after so long (default: 600s)", parsers.span, 600.0)
    stall: float = flag(
        TITLE, "TIME", "give a request up when nothing came for so long (default: 120s)", parsers.span, 120.0
    )
    limit: float = flag(TITLE, "TIME", "hard limit of one load (default: 3600s)", parsers.span, 3600.0)
    pause: float = flag(TITLE, "TIME", "wait between two loads (default: 0s)", parsers.duration, 0.0)
    # Where none is given, the one that the model's chats go to (`Api.chats_at`).
    endpoint: str | None = flag(
        TITLE,
        "KIND",
        "chat, responses, completions, embeddings or rerank (default: what the model's api is: chat, or responses)",
        values.one_of("chat", "responses", "completions", "embeddings", "rerank"),
    )
    no_stream: bool = flag(TITLE, "", "ask for whole answers", values.yes, False)
    ca: Path | None = flag(TITLE, "FILE", "certificates to trust besides the system's", parsers.file)
    dataset: str = flag(
        TITLE,
        "NAME",
        "what is asked: random, random_vl, openqa, longalpaca, sharegpt_en, sharegpt_zh, flickr8k, kontext_bench, "
        "trie_agentic_coding, trie_code_qa, trie_office_work, or a file (default: random)",
        values.name_or_path,
        "random",
    )
    prompt: str | None = flag(TITLE, "TEXT|file:PATH", "ask this in every request", parsers.prompt)
    # As JSON.
    body: str | None = flag(TITLE, "JSON|file:PATH", "laid under the body of every request", parsers.body)
    input: "Lengths | None" = flag(
        TITLE,
        "TOKENS",
        "length of random prompts: 512, 256-1024, normal(512,100), lognormal(512,0.5) (default: 512)",
        parsers.lengths,
    )
    min_input: int = flag(TITLE, "TOKENS", "leave out shorter prompts of a dataset (default: 0)", values.at_least(0), 0)
    max_input: int | None = flag(TITLE, "TOKENS", "leave out longer prompts of a dataset", values.at_least(1))
    output: "Lengths | None" = flag(
        TITLE, "TOKENS", "greatest length of each answer, likewise (default: 128)", parsers.lengths
    )
    prefix: int = flag(TITLE, "TOKENS", "how many of them all prompts share (default: 0)", values.at_least(0), 0)
    # None: one.
    turns: "Lengths | None" = flag(
        TITLE, "N", "turns of a conversation, or 2-5 of random ones (default: 1)", parsers.turns
    )
    tokenizer: str | None = flag(
        TITLE,
        "NAME",
        "folder or hub id of the tokenizer that counts (default: the server's usage)",
        values.name_or_path,
    )
    token_ids: bool = flag(
        TITLE, "", "send prompts as the tokenizer's ids, of --perf-endpoint completions", values.yes, False
    )
    image: tuple[int, int] = flag(
        TITLE, "WxH", "size of the images of random_vl (default: 224x224)", parsers.size, (224, 224)
    )
    images: int = flag(TITLE, "N", "images of each prompt (default: 1)", values.at_least(1), 1)
    image_format: tuple[str, str] = flag(
        TITLE, "FORMAT", "png, jpeg or webp, png:L in grey (default: png)", parsers.image_format, ("png", "RGB")
    )
    batch: int = flag(TITLE, "N", "texts of a request for embeddings (default: 1)", values.at_least(1), 1)
    documents: int = flag(TITLE, "N", "documents of a request for rerank (default: 10)", values.at_least(1), 10)
    seed: int | None = flag(TITLE, "N", "seed of prompts and arrivals (default: a new one each run)", values.whole)
    slo: "tuple[Condition, ...]" = flag(
        TITLE, "LIMITS", 'what must be kept: "p99_ttft<=500ms, p99_tpot<=50ms"; may be repeated', parsers.slo, ()
    )
    max_error_rate: float = flag(TITLE, "SHARE", "failed requests that a load may have (default: 0)", values.rate, 0.0)
    extend: int = flag(
        TITLE, "K", "ask up to K times as much again while the limits are undecided (default: 3)", values.at_least(0), 3
    )
    on_invalid: str = flag(
        TITLE,
        "WHAT",
        "an INVALID measurement fails (fail), or is shown alone (warn) (default: fail)",
        values.one_of("fail", "warn"),
        "fail",
    )
    cached: bool = flag(TITLE, "", "prompts may come from the server's cache", values.yes, False)
    calibrate: bool = flag(TITLE, "", "measure this machine's own floor before each load", values.yes, False)
    compare: str | None = flag(TITLE, "RUN", "show the change since an earlier run: its id, or last", values.name)
    compare_fail: "tuple[Limit, ...]" = flag(
        TITLE,
        "LIMITS",
        'how much worse than that run a load may be: "p99_ttft:10%, output_rate:5%"; may be repeated',
        parsers.worsenings,
        (),
    )
    out: Path | None = flag(TITLE, "DIR", "write figures, records of every request, and plots to DIR", values.path)
    records: str = flag(
        TITLE,
        "KIND",
        "of the records: jsonl or parquet (default: jsonl)",
        values.one_of("jsonl", "parquet"),
        "jsonl",
        settings_only=True,
    )

    @property
    def most_turns(self) -> int:
        """How many turns a conversation has at most."""
        return self.turns.high if self.turns else 1

    def __post_init__(self) -> None:
        given = [name for name in ("parallel", "rate", "trace", "find") if getattr(self, name)]
        if len(given) > 1:
            flags = " and ".join(f"--perf-{name}" for name in given)
            raise pytest.UsageError(
                f"{flags} are two kinds of load: give one; the most on their way in an open loop is --perf-max-parallel"
            )
        if self.prompt is not None and (self.trace or self.dataset != "random"):
            other = "--perf-trace" if self.trace else "--perf-dataset"
            raise pytest.UsageError(f"--perf-prompt is all that is asked, and {other} asks something else: give one")
        if self.max_input is not None and self.max_input < self.min_input:
            raise pytest.UsageError(f"--perf-max-input {self.max_input} is less than --perf-min-input {self.min_input}")
        is_listed = self.dataset not in RANDOM and not self.trace
        if (self.min_input or self.max_input is not None) and not is_listed:
            raise pytest.UsageError(
                "--perf-min-input and --perf-max-input choose among a dataset's prompts (--perf-dataset); --perf-input "
                "is how long random ones are"
            )
        if self.token_ids and (self.endpoint != "completions" or not self.tokenizer):
            raise pytest.UsageError("--perf-token-ids needs --perf-endpoint completions and --perf-tokenizer NAME")
        if self.compare_fail and not self.compare:
            raise pytest.UsageError(
                "--perf-compare-fail needs --perf-compare RUN: the run that a load may not be worse than"
            )
        if "messages" in json.loads(self.body or "{}") and self.endpoint in ("embeddings", "rerank"):
            raise pytest.UsageError(f"messages of --perf-body come before a prompt, and {self.endpoint} takes texts")
        if self.most_turns > 1 and self.endpoint not in (None, "chat", "responses"):
            raise pytest.UsageError(
                f"--perf-turns {self.most_turns} needs --perf-endpoint chat or responses, not {self.endpoint}"
            )


FLAGS = flags_of(PerfOptions, "--perf-")
