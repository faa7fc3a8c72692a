"""Which load tests are asked for, and with which options."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from pytest_modeleval.options.flags import Given, read
from pytest_modeleval.options.options import FLAGS as OPTIONS
from pytest_modeleval.options.options import GATE, closest, unknown
from pytest_modeleval.options.parsers import ROWS
from pytest_modeleval.options.sources import read_options, settings_of, typed
from pytest_modeleval.options.tables import WORDS
from pytest_modeleval.options.where import Where
from pytest_modeleval.perf.options.options import FLAGS, PerfOptions

# The plugin of a session that collected one.
PLUGIN = "modeleval-perf"
# The mark of every load test.
PERF = "perf"
# What it takes as an argument: a load's figures, a search's answer, the speed of a model in this process.
PERF_FIXTURES = ("load", "perf_search", "perf_speed")
# With one of these a run is a load test.
LOADS = frozenset({"perf_parallel", "perf_rate", "perf_trace", "perf_find", "perf_speed"})

# What a load test does with what only benchmarks have.
_SENDS = "it sends what --perf-dataset and the like say"
# What only benchmarks have, and a run without would seem to have kept, by key; the gate's flags besides.
_OF_BENCHMARKS = {
    **dict.fromkeys(("eval", "file", "format", "metric", "pass_mark", "only", "collection", "collection_save"), _SENDS),
    **dict.fromkeys(("system", "prompt", "shots", "shots_draw", "shots_as", "choices", "filter", "sampler"), _SENDS),
    "image_limit": "--perf-image says how large its pictures are",
    **dict.fromkeys(("limit", "limit_per_subset", "repeats"), "--perf-number says how many requests it sends"),
    **dict.fromkeys(("arena", "arena_baseline", "arena_prompt", "roles", "thinking", "show"), "it scores no answers"),
    "concurrency": "--perf-parallel says how many requests are in flight",
    "seed": "--perf-seed is its seed",
    "plan": "it would send, and not plan",
    "budget": "--perf-number and --perf-duration say how much it asks",
}
# What is judged of a load, by key.
_OF_A_LOAD = ("perf_slo", "perf_compare", "perf_compare_fail")


def refuse_unheeded(config: pytest.Config) -> None:
    """`pytest.UsageError` for what this run is told that no load test heeds, by a flag, its [runs.NAME] or `evaluate`.

    [run] and [gate] stand for every run, and so also for those that weigh and write more.
    """
    gate = {flag.key: "--perf-slo and --perf-compare-fail are its gate" for flag in OPTIONS if flag.group == GATE}
    instead = gate | _OF_BENCHMARKS
    told = settings_of(config).of_this_run | typed(config, OPTIONS)
    for path in read_options(config).write if "write" in told else ():
        if path.suffix in ROWS:
            raise pytest.UsageError(
                f"{told['write'].where} {path.name} is for benchmarks, and this is a load test: it has no samples, and "
                "--perf-out writes its requests"
            )
    for name in read_options(config).set.get("benchmarks", ()):
        meant = closest(name, WORDS, cutoff=0.75)
        hint = f"; did you mean {meant!r}?" if meant else ""
        raise pytest.UsageError(f"--eval-set {name} is about a benchmark, and this is a load test{hint}")
    for key, given in told.items():
        if key in instead and not _is_off(given):
            raise pytest.UsageError(f"{given.where} is for benchmarks, and this is a load test: {instead[key]}")


def refuse_unjudged(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """`pytest.UsageError` for a gate of loads that nothing of these load tests, searches and speeds is judged by."""
    others = [item for item in items if fixture_of(item) != "load"]
    # A flag, a [runs.NAME] or `evaluate` asks it of all of them.
    asked = settings_of(config).of_this_run | typed(config, FLAGS) if len(others) == len(items) else {}
    for item in others:
        asked = _marked(item) | asked
    for key in _OF_A_LOAD:
        if key in asked:
            raise pytest.UsageError(
                f"{asked[key].where} judges a load, and no search and no speed: a search keeps what stands in it "
                '("max parallel where p99_ttft<=500ms"), and a test of your own asserts on what it is given'
            )


def read_perf(config: pytest.Config, item: Any = None) -> PerfOptions:
    """The options of a run, or of one test: flags over the marker's arguments over the project's settings.

    `pytest.UsageError` for the first that is wrong.
    """
    given = {} if item is None else _marked(item)
    return read(PerfOptions, FLAGS, _laid((*settings_of(config).layers, given, typed(config, FLAGS))))


def _marked(item: Any) -> dict[str, Given]:
    """What a test's marker gives, by key."""
    keys = {flag.field: flag.key for flag in FLAGS}
    given = {}
    for name, value in item.get_closest_marker(PERF).kwargs.items():
        if name not in keys:
            raise unknown("argument of @pytest.mark.perf:", name, keys)
        if value is not None:
            given[keys[name]] = Given(Where(f"{name} of @pytest.mark.perf"), value)
    return given


def _laid(layers: Sequence[Mapping[str, Given]]) -> dict[str, Given]:
    """What was given, each layer over the one before. A load replaces those below, whatever their kind."""
    laid: dict[str, Given] = {}
    for layer in layers:
        replaced = LOADS if LOADS & layer.keys() else ()
        laid = {key: given for key, given in laid.items() if key not in replaced} | dict(layer)
    return laid


def is_asked(config: pytest.Config) -> bool:
    """Whether a load test is asked for, by a flag or in the project's settings."""
    return bool(_asked(config))


def _asked(config: pytest.Config) -> set[str]:
    """The keys of the loads that are asked for."""
    laid = _laid((*settings_of(config).layers, typed(config, FLAGS)))
    # An empty list or a 0 asks for loads that cannot be, and is refused as such.
    return {key for key in LOADS & laid.keys() if not _is_off(laid[key])}


def _is_off(given: Given) -> bool:
    return given.value is False or given.value == "false"


def fixture_of(item: Any) -> str | None:
    """The fixture of ours that a test marked perf takes; None where it takes none, or one of the user's by its name."""
    if item.get_closest_marker(PERF) is None or not (known := getattr(item, "_fixtureinfo", None)):
        return None
    return next((name for name in PERF_FIXTURES if _is_ours(known.name2fixturedefs.get(name, ()), name)), None)


def has_loads(config: pytest.Config, items: Iterable[pytest.Item]) -> bool:
    """Whether load tests are among a session's items."""
    return config.pluginmanager.has_plugin(PLUGIN) and any(map(fixture_of, items))


def _is_ours(definitions: Sequence[Any], name: str) -> bool:
    """Whether the last of these definitions, which is the nearest, is ours or takes ours."""
    for definition in reversed(definitions):
        if definition.func.__module__ == "pytest_modeleval.fixtures":
            return True
        if name not in definition.argnames:
            return False
    return False


def shipped_test(config: pytest.Config) -> str | None:
    """The file of the shipped load test that a flag asks for; None without such a flag."""
    if not (asked := _asked(config)):
        return None
    name = next((name for name in ("speed", "find") if f"perf_{name}" in asked), "load")
    return f"test_{name}.py"
