"""Every flag, with its ini twin."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Literal

import pytest

from pytest_modeleval.options import parsers as values
from pytest_modeleval.options.budget import read_budget


@dataclass(frozen=True)
class Flag:
    """One flag and its ini twin (``eval_limit`` for ``--eval-limit``)."""

    name: str
    metavar: str
    help: str
    parse: Callable[[str, Any], Any]
    default: Any = None
    repeated: bool = False
    switch: bool = False
    values: int = 1

    @property
    def field(self) -> str:
        """The name of its field in `Options`."""
        return self.name.removeprefix("--eval-").removeprefix("--").replace("-", "_")

    @property
    def ini(self) -> str:
        """The name of its ini twin."""
        return self.field if self.field.startswith("perf_") else f"eval_{self.field}"


# What is done by a run, by the titles of `--help`.
GROUPS: Mapping[str, Sequence[Flag]] = {
    "what is asked": (
        Flag(
            "--model",
            "NAME",
            "model to evaluate: an alias, a hub id or local folder, openai:NAME, replay:FILE or tiny; may be repeated",
            lambda _, names: tuple(names),
            (),
            repeated=True,
        ),
        Flag("--eval-data", "DIR", "folder of local dataset copies, one folder a benchmark", values.folder),
        Flag(
            "--eval-hub",
            "HUB",
            "modelscope or huggingface, for other datasets (default: modelscope)",
            values.one_of(*values.HUBS),
            values.HUBS[0],
        ),
        Flag(
            "--eval-offline",
            "",
            "fetch nothing, neither data nor models: say what is missing",
            values.yes,
            False,
            switch=True,
        ),
        Flag(
            "--eval-file",
            "PATH",
            "your own questions, a file or a folder of files, instead of the shipped benchmarks; may be repeated",
            values.paths,
            (),
            repeated=True,
        ),
        Flag(
            "--eval-format",
            "FORMAT",
            "of --eval-file: choice or qa (default: by its columns)",
            values.one_of(*values.FORMATS),
        ),
        Flag(
            "--eval-metric",
            "METRIC",
            "what the answers to --eval-file's free questions are scored by, the first for right and wrong: exact, f1, "
            "bleu, rouge; may be repeated (default: exact, f1)",
            values.metrics,
            (),
            repeated=True,
        ),
        Flag("--eval-pass-mark", "X", "value from which that answer is right (default: 0.5)", values.share),
        Flag(
            "--eval-limit", "N", "ask N samples of each benchmark, drawn by the seed (default: all)", values.at_least(1)
        ),
        Flag("--eval-limit-per-subset", "N", "ask N samples of each subset (default: all)", values.at_least(1)),
        Flag("--eval-seed", "N", "seed of the draw (default: 0)", values.whole, 0),
        Flag("--eval-repeats", "K", "ask every sample K times (default: 1)", values.at_least(1), 1),
        Flag(
            "--eval-only",
            "KIND",
            "ask only what earlier runs found regressed, failed, errors or flaky",
            values.one_of(*values.RERUNS),
        ),
    ),
    "how it is asked": (
        Flag("--eval-system", "TEXT", "system prompt, or file:PATH (default: none)", values.text),
        Flag(
            "--eval-prompt",
            "TEMPLATE",
            "prompt over a row's {fields}, or file:PATH (default: the benchmark's)",
            values.text,
        ),
        Flag("--eval-shots", "N", "solved examples in each prompt (default: the benchmark's own)", values.at_least(0)),
        Flag(
            "--eval-shots-draw",
            "HOW",
            "first rows, or seeded for each sample (default: first)",
            values.one_of(*values.DRAWS),
        ),
        Flag(
            "--eval-shots-as",
            "SHAPE",
            "turns of the chat, or one message (default: turns)",
            values.one_of(*values.SHAPES),
        ),
        Flag(
            "--eval-choices",
            "HOW",
            "an option is chosen by what the model writes (generate), or by its text's log-likelihood (loglikelihood) "
            "(default: generate)",
            values.one_of(*values.CHOICES),
        ),
        Flag(
            "--eval-filter",
            "FILTER",
            "what is cut from an answer before scoring: remove_until=MARK, regex=PATTERN, strip, take_first, "
            "take_last, majority; may be repeated",
            values.filters,
            (),
            repeated=True,
        ),
        Flag(
            "--eval-generation",
            "KEY=VALUE",
            "generation setting over the model's own, such as temperature=0.6; may be repeated",
            values.settings,
            (),
            repeated=True,
        ),
    ),
    "several benchmarks as one": (
        Flag("--eval-collection", "FILE", "ask what a collection's schema or index names", values.path),
        Flag("--eval-collection-save", "FILE", "write the collection's drawn rows to FILE as an index", values.written),
        Flag(
            "--eval-sampler",
            "HOW",
            "how a collection's datasets share --eval-limit: weighted (by their weights), stratified (by their sizes, "
            "at least one each) or uniform (default: weighted)",
            values.one_of(*values.SAMPLERS),
        ),
    ),
    "time, money and stored answers": (
        Flag(
            "--eval-plan",
            "",
            "ask nothing: print what the run would take, and what it could see",
            values.yes,
            False,
            switch=True,
        ),
        Flag(
            "--eval-budget",
            "CAPS",
            'the most that the whole run may spend, such as "2M tokens, $5, 30min" (default: no cap)',
            read_budget,
        ),
        Flag(
            "--eval-concurrency", "N", "requests in flight (default: what the server keeps up with)", values.at_least(1)
        ),
        Flag(
            "--eval-cache",
            "MODE",
            "stored answers: off, read, write (read and store new ones), only (ask nothing), any (also those of other "
            "addresses and of version 0.1) (default: write)",
            values.cache,
            values.Cache.WRITE,
        ),
    ),
    "did the model get worse": (
        Flag(
            "--eval-save-baseline", "FILE", "bless this run: keep its outcomes sample by sample in FILE", values.written
        ),
        Flag("--eval-baseline", "FILE", "fail when the model got worse than the baseline in FILE", values.path),
        Flag(
            "--eval-margin",
            "POINTS",
            "a drop that would be accepted, in percentage points (default: 1pp)",
            values.margin,
            0.01,
        ),
        Flag(
            "--eval-min-score",
            "NAME=SCORE",
            "least score of a benchmark, or of its part NAME:PART; may be repeated",
            values.least,
            (),
            repeated=True,
        ),
        Flag(
            "--eval-stop-early",
            "",
            "ask no more of a benchmark once its samples, in a seeded order, show whether the model got worse",
            values.yes,
            False,
            switch=True,
        ),
        Flag("--eval-max-error-rate", "SHARE", "errors that a gate accepts (default: 1%)", values.rate, 0.01),
        Flag(
            "--eval-gate-on-inconclusive",
            "RESULT",
            "what too few samples to tell mean: pass or fail (default: fail)",
            values.one_of("pass", "fail"),
            "fail",
        ),
        Flag(
            "--eval-waive",
            "PIN",
            "compare with the baseline although this differs: data, prompt, sampling, scorer, filters; may be repeated",
            lambda _, names: tuple(names),
            (),
            repeated=True,
        ),
        Flag(
            "--eval-aa", "", "ask twice, so that a baseline knows the model's own noise", values.yes, False, switch=True
        ),
    ),
    "what is written": (
        Flag("--eval-json", "FILE", "write the table of scores to FILE as JSON", values.written),
        Flag("--eval-summary", "FILE", "write the gate and the table to FILE as Markdown", values.written),
        Flag("--eval-export", "FILE", "write one row a sample to FILE: .csv, .jsonl or .parquet", values.export),
        Flag(
            "--eval-html",
            "FILE",
            "write a page for a browser to FILE: scores, comparisons, every sample",
            values.written,
        ),
        Flag("--eval-report", "DIR", "write a report with Allure's command line to DIR/index.html", values.path),
        Flag(
            "--eval-allure",
            "WHAT",
            "which samples Allure shows: all, failures (and errors), or sample:N, those and N right ones "
            f"(default: sample:{values.PASSES})",
            values.passes,
            values.PASSES,
        ),
        Flag(
            "--eval-show",
            "NAME",
            "show the questions and answers of a benchmark whose authors ask not to, such as gpqa_diamond; may be "
            "repeated",
            lambda _, names: tuple(names),
            (),
            repeated=True,
        ),
    ),
}
FLAGS = tuple(chain.from_iterable(GROUPS.values()))

# What is done instead of a run; without twins in the ini file.
COMMANDS = (
    Flag(
        "--eval-history",
        "NAME",
        "show every run of a sample such as gsm8k[main-00042], or the flakiest of gsm8k",
        lambda _, text: text,
    ),
    Flag("--eval-diff", "RUN", "compare two runs: their ids, or last~1 last", lambda _, texts: tuple(texts), values=2),
)


def add_options(parser: pytest.Parser) -> None:
    """Register every flag with its ini twin."""
    for title, flags in GROUPS.items():
        add_flags(parser, parser.getgroup(f"modeleval-{title}", f"model evaluation: {title}"), flags)
    group = parser.getgroup("modeleval-instead", "model evaluation: instead of a run, out of earlier ones")
    for flag in COMMANDS:
        _add(group, flag)


def add_flags(parser: pytest.Parser, group: Any, flags: Sequence[Flag]) -> None:
    """Register these flags in a group, each with its ini twin."""
    for flag in flags:
        _add(group, flag)
        kind: Literal["linelist", "string"] = "linelist" if flag.repeated else "string"
        parser.addini(flag.ini, f"{flag.help} ({flag.name})", type=kind)


def _add(group: Any, flag: Flag) -> None:
    # argparse fills a help text with `%`; pytest shows that of an ini key as it is.
    kept: dict[str, Any] = {"dest": f"modeleval_{flag.field}", "help": flag.help.replace("%", "%%")}
    if flag.switch:
        group.addoption(flag.name, action="store_const", const="yes", **kept)
        return
    if flag.parse is not values.text:
        kept["type"] = partial(_not_empty, flag)
    nargs = flag.values if flag.values > 1 else None
    group.addoption(flag.name, action="append" if flag.repeated else "store", nargs=nargs, metavar=flag.metavar, **kept)


def _not_empty(flag: Flag, text: str) -> str:
    """The text; `pytest.UsageError` for an empty one, as of a variable that is not set: a gate would be none."""
    if not text.strip():
        raise pytest.UsageError(f"{flag.name} takes {flag.metavar}, not {text!r}")
    return text
