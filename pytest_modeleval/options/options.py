"""What the user asked for, as one frozen `Options`: each of its fields is a flag, and a key of the settings."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.foreign import harmless
from pytest_modeleval.options import parsers as values
from pytest_modeleval.options.budget import Budget, read_budget, read_seconds
from pytest_modeleval.options.flags import Given, flag, flags_of, read
from pytest_modeleval.options.images import ImageLimit, image_limit
from pytest_modeleval.options.parsers import ROLES, Cache
from pytest_modeleval.options.tables import read_set
from pytest_modeleval.options.where import Where

# The mark of every benchmark.
MARK = "modeleval"

# What is done by a run, by the titles of `--help`.
ASKED, HOW, SEVERAL = "what is asked", "how it is asked", "several benchmarks as one"
SPENT, GATE, WRITTEN = "time, money and stored answers", "did the model get worse", "what is written"


@dataclass(frozen=True)
class Options:
    """Everything the user asked for, checked."""

    run: str | None = flag(ASKED, "NAME", "settings of [runs.NAME] in modeleval.toml, over those of [run]", values.name)
    model: tuple[str, ...] = flag(
        ASKED,
        "NAME",
        "model to evaluate: an alias, an address (http://127.0.0.1:8000/v1), a hub id or local folder, openai:NAME, "
        "replay:PATH, run:ID or tiny; ROLE=NAME for a judge, user, reranker or embedder; may be repeated",
        values.models,
        (),
        name="--model",
    )
    roles: Mapping[str, tuple[str, ...]] = flag(
        ASKED,
        "ROLE=NAME",
        "models in another role than that under evaluation: judge, user, reranker, embedder",
        values.roles,
        {},
        settings_only=True,
    )
    eval: Mapping[str, tuple[str, ...]] = flag(
        ASKED,
        "NAME,…",
        "shipped benchmarks to ask, whole or a part: gsm8k,mmlu/STEM,arc/ARC-Easy; may be repeated (default: all)",
        values.benchmarks,
        {},
        name="--eval",
    )
    data: Path | None = flag(ASKED, "DIR", "folder of local dataset copies, one folder a benchmark", values.folder)
    hub: str = flag(
        ASKED,
        "HUB",
        "modelscope or huggingface, for other datasets and for models (default: modelscope)",
        values.one_of(*values.HUBS),
        values.HUBS[0],
    )
    offline: bool = flag(ASKED, "", "fetch nothing, neither data nor models: say what is missing", values.yes, False)
    file: tuple[Path, ...] = flag(
        ASKED,
        "PATH",
        "your own questions, a file or a folder of files, instead of the shipped benchmarks; may be repeated",
        values.paths,
        (),
    )
    format: str | None = flag(
        ASKED,
        "FORMAT",
        "of --eval-file: choice, qa or questions (default: by its columns)",
        values.one_of(*values.FORMATS),
        settings_only=True,
    )
    metric: tuple[str, ...] = flag(
        ASKED,
        "METRIC,…",
        "what the answers to --eval-file's free questions are scored by, the first for right and wrong: exact, f1, "
        "bleu, rouge, judge (default: exact, f1)",
        values.metrics,
        (),
        settings_only=True,
    )
    pass_mark: float | None = flag(
        ASKED, "X", "value from which that answer is right (default: 0.5)", values.share, settings_only=True
    )
    limit: int | None = flag(
        ASKED, "N", "ask N samples of each benchmark, drawn by the seed (default: all)", values.at_least(1)
    )
    limit_per_subset: int | None = flag(ASKED, "N", "ask N samples of each subset (default: all)", values.at_least(1))
    seed: int = flag(ASKED, "N", "seed of the draw (default: 0)", values.whole, 0)
    repeats: int = flag(ASKED, "K", "ask every sample K times (default: 1)", values.at_least(1), 1)
    only: str | None = flag(
        ASKED,
        "KIND",
        "ask only what earlier runs found regressed, failed, errors or flaky",
        values.one_of(*values.RERUNS),
    )
    arena: bool = flag(
        ASKED,
        "",
        "judge the models' answers against each other: each battle of two answers is a test, and the models are ranked",
        values.yes,
        False,
    )
    arena_baseline: str | None = flag(
        ASKED,
        "NAME",
        "the model that each other one meets in --eval-arena (default: all meet all, where there are at most eight)",
        values.name,
    )
    arena_prompt: str | None = flag(
        ASKED,
        "TEMPLATE",
        "what a judge is asked about two answers in --eval-arena, over {question}, {first}, {second} and {reference}, "
        "or file:PATH (default: a rubric of our own)",
        values.text,
        settings_only=True,
    )
    system: str | None = flag(HOW, "TEXT", "system prompt, or file:PATH (default: none)", values.text)
    prompt: str | None = flag(
        HOW, "TEMPLATE", "prompt over a row's {fields}, or file:PATH (default: the benchmark's)", values.text
    )
    shots: int | None = flag(
        HOW, "N", "solved examples in each prompt (default: the benchmark's own)", values.at_least(0)
    )
    shots_draw: str | None = flag(
        HOW,
        "HOW",
        "first rows, or seeded for each sample (default: first)",
        values.one_of(*values.DRAWS),
        settings_only=True,
    )
    shots_as: str | None = flag(
        HOW,
        "SHAPE",
        "turns of the chat, or one message (default: turns)",
        values.one_of(*values.SHAPES),
        settings_only=True,
    )
    choices: str | None = flag(
        HOW,
        "HOW",
        "an option is chosen by what the model writes (generate), or by its text's log-likelihood (loglikelihood) "
        "(default: generate)",
        values.one_of(*values.CHOICES),
        settings_only=True,
    )
    image_limit: ImageLimit | None = flag(
        HOW,
        "LIMIT",
        "scale pictures down that are larger: 5MB, 2048px of the longer side, or both, 5MB,2048px (default: send them "
        "as they are)",
        image_limit,
    )
    filter: tuple[str | Mapping[str, Any], ...] = flag(
        HOW,
        "FILTER",
        "what is cut from an answer before scoring: remove_until=MARK, regex=PATTERN, strip, take_first, "
        "take_last, majority; may be repeated",
        values.filters,
        (),
    )
    generation: Mapping[str, Any] = flag(
        HOW,
        "KEY=VALUE",
        "generation setting over the model's own, such as temperature=0.6; may be repeated",
        values.settings,
        {},
    )
    turn_limit: int | None = flag(
        HOW,
        "N",
        "answers of the model in a conversation with tools (default: the benchmark's)",
        values.at_least(1),
        settings_only=True,
    )
    token_limit: int | None = flag(
        HOW,
        "N",
        "tokens of such a conversation's prompts and answers (default: the benchmark's)",
        values.at_least(1),
        settings_only=True,
    )
    time_limit: float | None = flag(
        HOW,
        "TIME",
        "what its answers and tools may take (default: the benchmark's)",
        read_seconds,
        settings_only=True,
    )
    set: Mapping[str, Any] = flag(
        HOW,
        "TABLE.KEY=VALUE",
        "a key of modeleval.toml for this run: gsm8k.shots=0, model.dtype=bfloat16, gate.margin=2pp, "
        "run.sampler=uniform; may be repeated",
        read_set,
        {},
    )
    collection: Path | None = flag(SEVERAL, "FILE", "ask what a collection's schema or index names", values.path)
    collection_save: Path | None = flag(
        SEVERAL, "FILE", "write the collection's drawn rows to FILE as an index", values.written
    )
    sampler: str | None = flag(
        SEVERAL,
        "HOW",
        "how a collection's datasets share --eval-limit: weighted (by their weights), stratified (by their sizes, "
        "at least one each) or uniform (default: weighted)",
        values.one_of(*values.SAMPLERS),
        settings_only=True,
    )
    plan: bool = flag(SPENT, "", "ask nothing: print what the run would take, and what it could see", values.yes, False)
    budget: Budget | None = flag(
        SPENT,
        "CAPS",
        "the most that the whole run may spend, such as '2M tokens, $5, 30min' (default: no cap)",
        read_budget,
    )
    sandbox: str | None = flag(
        HOW,
        "KIND",
        "where programs run that a model wrote: process, bwrap, docker, podman, macos, one of your own, or none, "
        "without any protection (default: process; macos there)",
        values.name,
    )
    sandbox_python: Path | None = flag(
        HOW,
        "PATH",
        "the Python that these programs run in, with what is installed for it: that of a virtual environment, 3.10 or "
        "newer (default: this one)",
        values.path,
        settings_only=True,
    )
    concurrency: int | None = flag(
        SPENT, "N", "requests in flight (default: what the server keeps up with)", values.at_least(1)
    )
    cache: Cache = flag(
        SPENT,
        "MODE",
        "stored answers: off, read, write (read and store new ones), only (ask nothing), any (also those of other "
        "addresses and of version 0.1) (default: write)",
        values.cache,
        values.Cache.WRITE,
    )
    save_baseline: Path | None = flag(
        GATE, "FILE", "bless this run: keep its outcomes sample by sample in FILE", values.written
    )
    baseline: Path | None = flag(GATE, "FILE", "fail when the model got worse than the baseline in FILE", values.path)
    margin: float = flag(
        GATE, "POINTS", "a drop that would be accepted, in percentage points (default: 1pp)", values.margin, 0.01
    )
    min_score: Mapping[str, float] = flag(
        GATE,
        "NAME=SCORE",
        "least score of a benchmark, or of its part NAME:PART; may be repeated",
        values.least,
        {},
    )
    stop_early: bool = flag(
        GATE,
        "",
        "ask no more of a benchmark once its samples, in a seeded order, show whether the model got worse",
        values.yes,
        False,
    )
    max_error_rate: float = flag(
        GATE, "SHARE", "errors that a gate accepts (default: 1%)", values.rate, 0.01, settings_only=True
    )
    gate_on_inconclusive: str = flag(
        GATE,
        "RESULT",
        "what too few samples to tell mean: pass or fail (default: fail)",
        values.one_of("pass", "fail"),
        "fail",
        settings_only=True,
    )
    waive: tuple[str, ...] = flag(
        GATE,
        "PIN,…",
        "compare with the baseline although this differs: data, prompt, sampling, scorer, filters, roles, parameters, "
        "settings",
        values.names,
        (),
        settings_only=True,
    )
    aa: bool = flag(
        GATE, "", "ask twice, so that a baseline knows the model's own noise", values.yes, False, settings_only=True
    )
    resume_within: float = flag(
        GATE,
        "TIME",
        "age up to which a gate takes up answers (default: 24h)",
        read_seconds,
        86400.0,
        settings_only=True,
    )
    junit: str = flag(
        GATE,
        "WHAT",
        "samples in JUnit XML: properties of their gate's case, or cases of their own: gate or samples (default: gate)",
        values.one_of("gate", "samples"),
        "gate",
        settings_only=True,
    )
    thinking: str = flag(
        WRITTEN,
        "WHERE",
        "show how models use their thoughts: everywhere (on), also with what judges say of their solutions "
        "(solutions), in a page and in Allure (page), or not (off) (default: page)",
        values.one_of(*values.THINKING),
        "page",
        settings_only=True,
    )
    write: tuple[Path, ...] = flag(
        WRITTEN,
        "FILE",
        "write FILE, by its ending: .html a page for a browser, .json the table, .md gate and table, .csv, .jsonl or "
        ".parquet a row a sample; may be repeated",
        values.outputs,
        (),
    )
    report: Path | None = flag(
        WRITTEN, "DIR", "write a report with Allure's command line to DIR/index.html", values.path
    )
    allure: int | None = flag(
        WRITTEN,
        "WHAT",
        "which samples Allure shows: all, failures (and errors), or sample:N, those and N right ones "
        f"(default: all of a run up to {values.WHOLE:,}, sample:{values.PASSES} of a larger one)",
        values.passes,
        settings_only=True,
    )
    show: tuple[str, ...] = flag(
        WRITTEN,
        "NAME,…",
        "show the questions and answers of a benchmark whose authors ask not to, such as gpqa_diamond",
        values.names,
        (),
        settings_only=True,
    )
    track: str | None = flag(
        WRITTEN,
        "WHERE",
        "log scores, or a load test's figures, to wandb, swanlab or clearml",
        values.one_of(*values.TRACKERS),
    )

    @property
    def agent_limits(self) -> Mapping[str, Any]:
        """What is set of a conversation's limits, by their names in `agents.conversation.AgentLimits`."""
        limits = {"turns": self.turn_limit, "tokens": self.token_limit, "seconds": self.time_limit}
        return {name: limit for name, limit in limits.items() if limit is not None}

    def __post_init__(self) -> None:
        if self.eval and self.collection is not None:
            raise pytest.UsageError("--eval-collection says what is asked: leave --eval out")
        for name, value in (("sampler of [run]", self.sampler), ("--eval-collection-save", self.collection_save)):
            if value is not None and self.collection is None:
                raise pytest.UsageError(f"{name} is for a collection: give --eval-collection FILE")

    @classmethod
    def of(cls, values: Mapping[str, object], where: str) -> "Options":
        """The options that a mapping gives by key; `pytest.UsageError` says ``where`` and for which key one is wrong.

        A value is a text as on the command line, or what TOML, YAML, JSON and Python have for it.
        """
        return read(cls, FLAGS, given_in(values, where, [flag.key for flag in FLAGS]))


FLAGS = flags_of(Options, "--eval-")


# What people leave out of a name, or write otherwise.
_BARE = re.compile(r"[-_. ]")
# How many names are listed beside the one that was probably meant.
_LISTED = 12


def closest(name: str, known: Iterable[str], *, cutoff: float = 0.62) -> str | None:
    """The name that was probably meant, in whatever case; None where none is alike."""
    # These cost 6 ms to import, and every pytest start would pay for them.
    import difflib

    # Of those that differ in case alone always the same one.
    lowered = {each.lower(): each for each in sorted(known)}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=cutoff)
    return lowered[close[0]] if close else None


def unknown(
    kind: str,
    name: str,
    known: Iterable[str],
    how: str = "",
    *,
    unlisted: Iterable[str] = (),
    meant: str | None = None,
) -> pytest.UsageError:
    """The error for a name that does not exist, with the closest one that does and how to go on.

    ``unlisted`` are names that may have been meant as well; among so many, one is easily alike. ``meant`` is the one
    that was, where that is known.
    """
    known = sorted(set(known))
    # Of a name its beginning, as swebench, or its end, as cpp.
    bare = _BARE.sub("", name.lower())
    longer = [each for each in known if len(bare) > 2 and _BARE.sub("", each.lower()).startswith(bare)]
    longer += [each for each in known if len(bare) > 1 and each.lower().endswith((f"-{bare}", f"_{bare}"))]
    close = meant or closest(name, known, cutoff=0.8) or next(iter(longer), None) or closest(name, known)
    close = close or closest(name, unlisted, cutoff=0.75)
    hint = f"; did you mean {close!r}?" if close else "." if known or how else ""
    # So that a slip is answered by a line.
    listed = f" Known: {harmless(', '.join(known))}." if known and not (close and len(known) > _LISTED) else ""
    return pytest.UsageError(f"unknown {kind} {name!r}{hint}{listed}{' ' + how if how else ''}")


# The keys of [gate]; all others are those of [run]. [runs.NAME] takes both.
OF_GATE = frozenset(flag.key for flag in FLAGS if flag.group == GATE)


def section_of(key: str) -> str:
    """The table of modeleval.toml that an option's key stands in."""
    return "gate" if key in OF_GATE else key if key == "roles" else "run"


def named(where: str, key: str) -> str:
    """What an option is called by where its table stands: ``--eval-set run`` or ``modeleval.toml: [run]``."""
    return f"{where}{'.' if where.startswith('--') else ' '}{key}"


def given_in(
    values: Mapping[str, object], where: str, keys: Collection[str], *, folder: Path | None = None
) -> dict[str, Given]:
    """What a mapping gives, by key, spelt with ``_`` or ``-``; `pytest.UsageError` for a key that is none of ``keys``.

    None stands for nothing given. Relative paths start in ``folder``, or in the current one.
    """
    found = {}
    for name, value in values.items():
        key = name.replace("-", "_")
        if key in ROLES and key not in keys:
            raise pytest.UsageError(f'{where}: {key} is a role: say it in [roles], or as a model, "{key}=NAME"')
        if key not in keys:
            meant = closest(key.lstrip("_").removeprefix("eval_"), keys)
            more = ", ".join(flag.key for flag in FLAGS if flag.settings_only and flag.key in keys)
            how = f"The keys are the flags that pytest --help shows, without --eval-, and {more}."
            raise unknown(f"key in {where}:", name, (), "" if meant else how, meant=meant)
        if value is not None:
            found[key] = Given(Where(named(where, key), folder), value)
    return found
