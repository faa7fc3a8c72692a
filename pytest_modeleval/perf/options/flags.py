"""The --perf-* flags; what reads their values is imported when one of them is used."""

from collections.abc import Sequence
from typing import Any

from pytest_modeleval.options import parsers as values
from pytest_modeleval.options.flags import Flag
from pytest_modeleval.perf.options import parsers as reading

# The mark of every load test.
PERF = "perf"
# What it takes as an argument: a load's figures, a search's answer, the speed of a model in this process.
PERF_FIXTURES = ("load", "perf_search", "perf_speed")
# With one of these a run is a load test.
LOADS = ("parallel", "rate", "trace", "find", "speed")

FLAGS = (
    Flag("--perf-parallel", "N,…", "load test with N requests on their way at any time; a test each", reading.counts),
    Flag(
        "--perf-rate", "R,…", "load test with R requests a second, whatever the server does; a test each", reading.rates
    ),
    Flag("--perf-trace", "FILE", "load test that replays recorded requests: .jsonl or .csv", reading.file),
    Flag("--perf-trace-speed", "X", "replay X times as fast (default: 1)", reading.above_nought, 1.0),
    Flag(
        "--perf-find",
        "WHAT",
        'search the highest load: "max parallel where p99_ttft<=500ms", "max rate where …", "knee of parallel"',
        reading.text,
    ),
    Flag("--perf-speed", "", "tokens/s and memory of a model in this process", values.yes, False, switch=True),
    Flag(
        "--perf-speed-lengths",
        "N,…",
        "prompt lengths of --perf-speed (default: 1,6144,14336,30720)",
        reading.counts,
        (1, 6144, 14336, 30720),
    ),
    Flag(
        "--perf-number",
        "N,…",
        "requests of each load, or one number for all (default: 10 x parallel, at least 100)",
        reading.counts,
    ),
    Flag(
        "--perf-duration",
        "TIME",
        "send for so long, such as 60s (with --perf-number: whichever ends first)",
        reading.duration,
    ),
    Flag(
        "--perf-arrivals",
        "HOW",
        "of --perf-rate: constant, poisson or gamma (default: poisson)",
        values.one_of("constant", "poisson", "gamma"),
        "poisson",
    ),
    Flag(
        "--perf-burstiness",
        "X",
        "shape of gamma: 1 is Poisson, below 1 burstier (default: 1)",
        reading.above_nought,
        1.0,
    ),
    Flag(
        "--perf-warm-up",
        "N|SHARE",
        "requests before those of the figures, or such as 10% of their number (default: 0)",
        reading.warm_up,
        0,
    ),
    Flag(
        "--perf-ramp-up",
        "TIME",
        "time in which the load grows, outside the figures (default: 0s)",
        reading.duration,
        0.0,
    ),
    Flag(
        "--perf-max-parallel",
        "N",
        "of --perf-rate: no more on their way at once (default: 1024)",
        values.at_least(1),
        1024,
    ),
    Flag("--perf-timeout", "TIME", "give a request up after so long (default: 600s)", reading.duration, 600.0),
    Flag(
        "--perf-stall",
        "TIME",
        "give a request up when nothing came for so long (default: 120s)",
        reading.duration,
        120.0,
    ),
    Flag("--perf-limit", "TIME", "hard limit of one load (default: 3600s)", reading.duration, 3600.0),
    Flag("--perf-pause", "TIME", "wait between two loads (default: 0s)", reading.duration, 0.0),
    Flag(
        "--perf-endpoint",
        "KIND",
        "chat, responses, completions, embeddings or rerank (default: chat)",
        values.one_of("chat", "responses", "completions", "embeddings", "rerank"),
        "chat",
    ),
    Flag("--perf-no-stream", "", "ask for whole answers", values.yes, False, switch=True),
    Flag("--perf-ca", "FILE", "certificates to trust besides the system's", reading.file),
    Flag(
        "--perf-dataset",
        "NAME",
        "what is asked: random, random_vl, openqa, longalpaca, sharegpt_en, sharegpt_zh, flickr8k, kontext_bench, "
        "trie_agentic_coding, trie_code_qa, trie_office_work, or a file (default: random)",
        reading.text,
        "random",
    ),
    Flag("--perf-prompt", "TEXT|file:PATH", "ask this in every request", reading.prompt),
    Flag("--perf-body", "JSON|file:PATH", "laid under the body of every request", reading.body),
    Flag(
        "--perf-input",
        "TOKENS",
        "length of random prompts: 512, 256-1024, normal(512,100), lognormal(512,0.5) (default: 512)",
        reading.lengths,
    ),
    Flag("--perf-min-input", "TOKENS", "leave out shorter prompts of a dataset (default: 0)", values.at_least(0), 0),
    Flag("--perf-max-input", "TOKENS", "leave out longer prompts of a dataset", values.at_least(1)),
    Flag("--perf-output", "TOKENS", "greatest length of each answer, likewise (default: 128)", reading.lengths),
    Flag("--perf-prefix", "TOKENS", "how many of them all prompts share (default: 0)", values.at_least(0), 0),
    Flag("--perf-turns", "N", "turns of a conversation, or 2-5 of random ones (default: 1)", reading.turns),
    Flag(
        "--perf-tokenizer",
        "NAME",
        "folder or hub id of the tokenizer that counts (default: the server's usage)",
        reading.text,
    ),
    Flag(
        "--perf-token-ids",
        "",
        "send prompts as the tokenizer's ids, of --perf-endpoint completions",
        values.yes,
        False,
        switch=True,
    ),
    Flag("--perf-image", "WxH", "size of the images of random_vl (default: 224x224)", reading.size, (224, 224)),
    Flag("--perf-images", "N", "images of each prompt (default: 1)", values.at_least(1), 1),
    Flag(
        "--perf-image-format",
        "FORMAT",
        "png, jpeg or webp, png:L in grey (default: png)",
        reading.image_format,
        ("png", "RGB"),
    ),
    Flag("--perf-batch", "N", "texts of a request for embeddings (default: 1)", values.at_least(1), 1),
    Flag("--perf-documents", "N", "documents of a request for rerank (default: 10)", values.at_least(1), 10),
    Flag("--perf-seed", "N", "seed of prompts and arrivals (default: a new one each run)", values.whole),
    Flag("--perf-slo", "LIMITS", 'what must be kept: "p99_ttft<=500ms, p99_tpot<=50ms"', reading.slo),
    Flag("--perf-max-error-rate", "SHARE", "failed requests that a load may have (default: 0)", values.rate, 0.0),
    Flag(
        "--perf-extend",
        "K",
        "ask up to K times as much again while the limits are undecided (default: 3)",
        values.at_least(0),
        3,
    ),
    Flag("--perf-cached", "", "prompts may come from the server's cache", values.yes, False, switch=True),
    Flag("--perf-calibrate", "", "measure this machine's own floor before each load", values.yes, False, switch=True),
    Flag("--perf-compare", "RUN", "show the change since an earlier run: its id, or last", reading.text),
    Flag(
        "--perf-compare-fail",
        "LIMITS",
        'how much worse than that run a load may be: "p99_ttft:10%, output_rate:5%"',
        reading.worsenings,
    ),
    Flag("--perf-out", "DIR", "write figures, records of every request, and plots to DIR", values.path),
    Flag(
        "--perf-records",
        "KIND",
        "of the records: jsonl or parquet (default: jsonl)",
        values.one_of("jsonl", "parquet"),
        "jsonl",
    ),
    Flag(
        "--perf-track",
        "WHERE",
        "log the figures to wandb, swanlab or clearml",
        values.one_of("wandb", "swanlab", "clearml"),
    ),
)


def is_asked(config: Any) -> bool:
    """Whether a flag asks for a load test."""
    return any(config.getoption(f"modeleval_perf_{name}", None) for name in LOADS)


def fixture_of(item: Any) -> str | None:
    """The fixture of ours that a test marked perf takes; None where it takes none, or one of the user's by its name."""
    if item.get_closest_marker(PERF) is None or not (known := getattr(item, "_fixtureinfo", None)):
        return None
    return next((name for name in PERF_FIXTURES if _is_ours(known.name2fixturedefs.get(name, ()), name)), None)


def _is_ours(definitions: Sequence[Any], name: str) -> bool:
    """Whether the last of these definitions, which is the nearest, is ours or takes ours."""
    for definition in reversed(definitions):
        if definition.func.__module__ == "pytest_modeleval.fixtures":
            return True
        if name not in definition.argnames:
            return False
    return False


def shipped_test(config: Any) -> str | None:
    """The file of the shipped load test that a flag asks for; None without such a flag."""
    if not is_asked(config):
        return None
    name = next((name for name in ("speed", "find") if config.getoption(f"modeleval_perf_{name}", None)), "load")
    return f"test_{name}.py"
