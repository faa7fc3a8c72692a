"""Flags and ini values, read once into one frozen `Options`."""

import enum
import importlib.util
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import pytest

from pytest_modeleval.budget import Budget, read_budget

# The mark of every benchmark.
MARK = "modeleval"
# Where datasets are fetched from.
HUBS = ("modelscope", "huggingface")
# How solved examples are drawn, and how they are put.
DRAWS, SHAPES = ("first", "seeded"), ("turns", "message")
# How a collection's samples are shared among its datasets.
SAMPLERS = ("weighted", "stratified", "uniform")
# The formats of a user's own files, and what free text is scored by.
FORMATS, METRICS = ("choice", "qa"), ("exact", "f1", "bleu", "rouge")
# How a multiple-choice question is answered.
CHOICES = ("generate", "loglikelihood")
# What earlier runs said of the samples to ask again.
RERUNS = ("regressed", "failed", "errors", "flaky")
# What samples can be written as.
EXPORTS = (".csv", ".jsonl", ".parquet")


class Cache(enum.Enum):
    """What stored answers are good for."""

    OFF = "off"
    READ = "read"
    WRITE = "write"
    ONLY = "only"

    @property
    def reads(self) -> bool:
        """Whether an answer may come from the store."""
        return self is not Cache.OFF

    @property
    def writes(self) -> bool:
        """Whether a new answer is stored."""
        return self is Cache.WRITE


@dataclass(frozen=True)
class Options:
    """Everything the user asked for, checked."""

    model: tuple[str, ...]
    data: Path | None
    hub: str
    offline: bool
    file: tuple[Path, ...]
    format: str | None
    metric: tuple[str, ...]
    pass_mark: float | None
    limit: int | None
    limit_per_subset: int | None
    seed: int
    repeats: int
    shots: int | None
    shots_draw: str | None
    shots_as: str | None
    choices: str | None
    system: str | None
    prompt: str | None
    filter: tuple[str | Mapping[str, Any], ...]
    generation: Mapping[str, Any]
    concurrency: int | None
    budget: Budget | None
    plan: bool
    cache: Cache
    json: Path | None
    save_baseline: Path | None
    baseline: Path | None
    margin: float
    min_score: Mapping[str, float]
    waive: tuple[str, ...]
    gate_on_inconclusive: str
    max_error_rate: float
    aa: bool
    summary: Path | None
    stop_early: bool
    collection: Path | None
    collection_save: Path | None
    sampler: str | None
    only: str | None
    export: Path | None


def unknown(kind: str, name: str, known: Iterable[str], how: str = "") -> pytest.UsageError:
    """The error for a name that does not exist, with the closest one that does and how to go on."""
    # These cost 6 ms to import, and every pytest start would pay for them.
    import difflib

    known = sorted(set(known))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    listed = f" Known: {', '.join(known)}." if known else ""
    return pytest.UsageError(f"unknown {kind} {name!r}{hint}{listed}{' ' + how if how else ''}")


def _positive(flag: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise pytest.UsageError(f"{flag} takes a whole number of at least 1, not {text!r}")
    return number


def _whole(flag: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise pytest.UsageError(f"{flag} takes a whole number, not {text!r}") from None


def _from_nought(flag: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise pytest.UsageError(f"{flag} takes a whole number of at least 0, not {text!r}")
    return number


def _share(flag: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 < number <= 1:
        raise pytest.UsageError(f"{flag} takes a number above 0 and up to 1, not {text!r}")
    return number


def _one_of(*values: str) -> Callable[[str, str], str]:
    def parse(flag: str, text: str) -> str:
        if text not in values:
            raise pytest.UsageError(f"{flag} takes one of {', '.join(values)}, not {text!r}")
        return text

    return parse


def _text(flag: str, text: str) -> str:
    """The text, or that of a file for ``file:PATH`` (argparse takes ``@PATH`` for itself)."""
    if not text.startswith("file:"):
        return text
    path = text.removeprefix("file:")
    try:
        return Path(path).read_text("utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise pytest.UsageError(f"{flag} cannot read {path!r}: {error}") from None


def _filters(flag: str, texts: Iterable[str]) -> tuple[str | Mapping[str, Any], ...]:
    try:
        return tuple(json.loads(text) if text.startswith("{") else text for text in texts)
    except ValueError as error:
        raise pytest.UsageError(f"{flag} takes NAME, NAME=VALUE or a JSON object: {error}") from None


def _yes(flag: str, text: str) -> bool:
    if text not in ("yes", "no"):
        raise pytest.UsageError(f"{flag} takes yes or no, not {text!r}")
    return text == "yes"


def _margin(flag: str, text: str) -> float:
    """A share of the samples, given in percentage points (``1pp``)."""
    try:
        points = float(text.removesuffix("pp"))
    except ValueError:
        points = -1.0
    if not 0 < points < 100:
        raise pytest.UsageError(
            f"{flag} takes percentage points above 0, such as 1pp, not {text!r}: no number of samples shows that a "
            "model lost nothing at all"
        )
    return points / 100


def _rate(flag: str, text: str) -> float:
    """A share, as ``1%`` or ``0.01``."""
    try:
        rate = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise pytest.UsageError(f"{flag} takes a share such as 1% or 0.01, not {text!r}")
    return rate


def _least(flag: str, texts: Iterable[str]) -> dict[str, float]:
    found = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals or not name:
            raise pytest.UsageError(f"{flag} takes BENCHMARK=SCORE or BENCHMARK:PART=SCORE, not {text!r}")
        found[name] = _rate(f"{flag} {name}", value)
    return found


def _path(flag: str, text: str) -> Path:  # noqa: ARG001 - every parser is given its flag
    return Path(text).absolute()


def _paths(flag: str, texts: Iterable[str]) -> tuple[Path, ...]:  # noqa: ARG001
    # A file that is named twice is one file. Without "..", as pytest writes paths, but a link keeps its name.
    return tuple({Path(os.path.abspath(text)): None for text in texts})  # noqa: PTH100


def _metrics(flag: str, texts: Iterable[str]) -> tuple[str, ...]:
    return tuple({_one_of(*METRICS)(flag, text): None for text in texts})


def _export(flag: str, text: str) -> Path:
    path = Path(text).absolute()
    if path.suffix not in EXPORTS:
        raise pytest.UsageError(f"{flag} takes a file that ends in {', '.join(EXPORTS)}, not {text!r}")
    if path.suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise pytest.UsageError(f"{flag} {text} needs pyarrow: pip install 'pytest-modeleval[parquet]'")
    return path


def _folder(flag: str, text: str) -> Path:
    path = Path(text).absolute()
    if not path.is_dir():
        raise pytest.UsageError(f"{flag}: there is no folder {text!r}")
    return path


def _cache(flag: str, text: str) -> Cache:
    return Cache(_one_of(*(cache.value for cache in Cache))(flag, text))


def _settings(flag: str, texts: Iterable[str]) -> dict[str, Any]:
    settings = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise pytest.UsageError(f"{flag} takes KEY=VALUE, not {text!r}")
        try:
            settings[key] = json.loads(value)
        except ValueError:
            settings[key] = value
    return settings


@dataclass(frozen=True)
class _Flag:
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
        return self.name.removeprefix("--eval-").removeprefix("--").replace("-", "_")

    @property
    def ini(self) -> str:
        return f"eval_{self.field}"


FLAGS = (
    _Flag(
        "--model",
        "NAME",
        "model to evaluate: an alias, a hub id or local folder, openai:NAME, replay:FILE or tiny; may be repeated",
        lambda _, names: tuple(names),
        (),
        repeated=True,
    ),
    _Flag("--eval-data", "DIR", "folder of local dataset copies, one folder a benchmark", _folder),
    _Flag(
        "--eval-hub",
        "HUB",
        "modelscope or huggingface, for other datasets (default: modelscope)",
        _one_of(*HUBS),
        HUBS[0],
    ),
    _Flag("--eval-offline", "", "fetch nothing: say which files are missing", _yes, False, switch=True),
    _Flag(
        "--eval-file",
        "PATH",
        "your own questions, a file or a folder of files, instead of the shipped benchmarks; may be repeated",
        _paths,
        (),
        repeated=True,
    ),
    _Flag("--eval-format", "FORMAT", "of --eval-file: choice or qa (default: by its columns)", _one_of(*FORMATS)),
    _Flag(
        "--eval-metric",
        "METRIC",
        "what the answers to --eval-file's free questions are scored by, the first for right and wrong: exact, f1, "
        "bleu, rouge; may be repeated (default: exact, f1)",
        _metrics,
        (),
        repeated=True,
    ),
    _Flag("--eval-pass-mark", "X", "value from which that answer is right (default: 0.5)", _share),
    _Flag("--eval-limit", "N", "ask N samples of each benchmark, drawn by the seed (default: all)", _positive),
    _Flag("--eval-limit-per-subset", "N", "ask N samples of each subset (default: all)", _positive),
    _Flag("--eval-seed", "N", "seed of the draw (default: 0)", _whole, 0),
    _Flag("--eval-repeats", "K", "ask every sample K times (default: 1)", _positive, 1),
    _Flag("--eval-shots", "N", "solved examples in each prompt (default: the benchmark's own)", _from_nought),
    _Flag("--eval-shots-draw", "HOW", "first rows, or seeded for each sample (default: first)", _one_of(*DRAWS)),
    _Flag("--eval-shots-as", "SHAPE", "turns of the chat, or one message (default: turns)", _one_of(*SHAPES)),
    _Flag(
        "--eval-choices",
        "HOW",
        "an option is chosen by what the model writes (generate), or by the log-likelihood of its text (loglikelihood) "
        "(default: generate)",
        _one_of(*CHOICES),
    ),
    _Flag("--eval-system", "TEXT", "system prompt, or file:PATH (default: none)", _text),
    _Flag("--eval-prompt", "TEMPLATE", "prompt over a row's {fields}, or file:PATH (default: the benchmark's)", _text),
    _Flag(
        "--eval-filter",
        "FILTER",
        "what is cut from an answer before scoring: remove_until=MARK, regex=PATTERN, strip, take_first, take_last, "
        "majority; may be repeated",
        _filters,
        (),
        repeated=True,
    ),
    _Flag(
        "--eval-generation",
        "KEY=VALUE",
        "generation setting over the model's own, such as temperature=0.6; may be repeated",
        _settings,
        (),
        repeated=True,
    ),
    _Flag("--eval-concurrency", "N", "requests in flight (default: what the server keeps up with)", _positive),
    _Flag(
        "--eval-budget",
        "CAPS",
        'the most that the whole run may spend, such as "2M tokens, $5, 30min" (default: no cap)',
        read_budget,
    ),
    _Flag(
        "--eval-plan", "", "ask nothing: print what the run would take, and what it could see", _yes, False, switch=True
    ),
    _Flag(
        "--eval-cache",
        "MODE",
        "stored answers: off, read, write (read and store new ones), only (ask nothing) (default: write)",
        _cache,
        Cache.WRITE,
    ),
    _Flag("--eval-json", "FILE", "write the table of scores to FILE as JSON", _path),
    _Flag("--eval-save-baseline", "FILE", "bless this run: keep its outcomes sample by sample in FILE", _path),
    _Flag("--eval-baseline", "FILE", "fail when the model got worse than the baseline in FILE", _path),
    _Flag(
        "--eval-margin", "POINTS", "a drop that would be accepted, in percentage points (default: 1pp)", _margin, 0.01
    ),
    _Flag(
        "--eval-min-score",
        "NAME=SCORE",
        "least score of a benchmark, or of its part NAME:PART; may be repeated",
        _least,
        (),
        repeated=True,
    ),
    _Flag(
        "--eval-waive",
        "PIN",
        "compare with the baseline although this differs: data, prompt, sampling, scorer, filters; may be repeated",
        lambda _, names: tuple(names),
        (),
        repeated=True,
    ),
    _Flag(
        "--eval-gate-on-inconclusive",
        "RESULT",
        "what too few samples to tell mean: pass or fail (default: fail)",
        _one_of("pass", "fail"),
        "fail",
    ),
    _Flag("--eval-max-error-rate", "SHARE", "errors that a gate accepts (default: 1%)", _rate, 0.01),
    _Flag("--eval-aa", "", "ask twice, so that a baseline knows the model's own noise", _yes, False, switch=True),
    _Flag("--eval-summary", "FILE", "write the gate and the table to FILE as Markdown", _path),
    _Flag(
        "--eval-stop-early",
        "",
        "ask no more of a benchmark once its samples, in a seeded order, show whether the model got worse",
        _yes,
        False,
        switch=True,
    ),
    _Flag("--eval-collection", "FILE", "ask what a collection's schema or index names", _path),
    _Flag("--eval-collection-save", "FILE", "write the collection's drawn rows to FILE as an index", _path),
    _Flag(
        "--eval-sampler",
        "HOW",
        "how a collection's datasets share --eval-limit: weighted (by their weights), stratified (by their sizes, at "
        "least one each) or uniform (default: weighted)",
        _one_of(*SAMPLERS),
    ),
    _Flag(
        "--eval-only", "KIND", "ask only what earlier runs found regressed, failed, errors or flaky", _one_of(*RERUNS)
    ),
    _Flag("--eval-export", "FILE", "write one row a sample to FILE: .csv, .jsonl or .parquet", _export),
)


# What is done instead of a run; without twins in the ini file.
COMMANDS = (
    _Flag(
        "--eval-history",
        "NAME",
        "show every run of a sample such as gsm8k[main-00042], or the flakiest of gsm8k",
        lambda _, text: text,
    ),
    _Flag("--eval-diff", "RUN", "compare two runs: their ids, or last~1 last", lambda _, texts: tuple(texts), values=2),
)


def add_options(parser: pytest.Parser) -> None:
    """Register every flag with its ini twin."""
    group = parser.getgroup("modeleval", "model evaluation")
    for flag in COMMANDS:
        nargs = flag.values if flag.values > 1 else None
        group.addoption(flag.name, nargs=nargs, dest=f"modeleval_{flag.field}", metavar=flag.metavar, help=flag.help)
    for flag in FLAGS:
        dest = f"modeleval_{flag.field}"
        if flag.switch:
            group.addoption(flag.name, action="store_const", const="yes", dest=dest, help=flag.help)
        else:
            action = "append" if flag.repeated else "store"
            group.addoption(flag.name, action=action, dest=dest, metavar=flag.metavar, help=flag.help)
        kind: Literal["linelist", "string"] = "linelist" if flag.repeated else "string"
        parser.addini(flag.ini, f"{flag.help} ({flag.name})", type=kind)


def read_options(config: pytest.Config) -> Options:
    """The options of this run; `pytest.UsageError` for the first that is wrong."""
    _refuse_unknown_ini(config)
    values = {flag.field: _value(config, flag) for flag in FLAGS}
    assert set(values) == {field.name for field in fields(Options)}
    options = Options(**values)
    for flag, given in (("--eval-sampler", options.sampler), ("--eval-collection-save", options.collection_save)):
        if given is not None and options.collection is None:
            raise pytest.UsageError(f"{flag} is for a collection: give --eval-collection FILE")
    return options


def is_active(config: pytest.Config) -> bool:
    """Whether a model was named: without one the plugin does nothing."""
    return bool(config.getoption("modeleval_model", None) or config.getini("eval_model"))


def _value(config: pytest.Config, flag: _Flag) -> Any:
    given = config.getoption(f"modeleval_{flag.field}")
    if given is not None:
        return flag.parse(flag.name, given)
    ini = config.getini(flag.ini)
    return (
        flag.parse(f"{flag.ini} in the ini file", ini) if ini else flag.parse("", ()) if flag.repeated else flag.default
    )


def _refuse_unknown_ini(config: pytest.Config) -> None:
    known = {flag.ini for flag in FLAGS}
    for key in _ini_keys(config):
        if key.startswith("eval_") and key not in known:
            raise unknown("ini key", key, known)


def _ini_keys(config: pytest.Config) -> list[str]:
    """The keys of pytest's own table in its config file and of ``-o``; pytest itself only warns of strange ones."""
    keys = [setting.partition("=")[0] for setting in config.option.override_ini or ()]
    path = config.inipath
    if path is None:
        return keys
    import configparser
    import tomllib

    if path.suffix == ".toml":
        table = tomllib.loads(path.read_text("utf-8"))
        table = table.get("tool", {}) if path.name == "pyproject.toml" else table
        pytest_table = table.get("pytest", {})
        return [*keys, *pytest_table, *pytest_table.get("ini_options", {})]
    ini = configparser.ConfigParser(interpolation=None, strict=False)
    ini.read(path, encoding="utf-8")
    sections = [ini[name] for name in ("pytest", "tool:pytest") if name in ini]
    return [*keys, *(key for section in sections for key in section)]
