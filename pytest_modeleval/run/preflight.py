"""What is refused in one line before anything is asked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pytest_modeleval.asking.given import ROLE_OF, as_taken, own_names, taken_of, taken_roles
from pytest_modeleval.asking.trial import first_request
from pytest_modeleval.datasets import MissingField
from pytest_modeleval.gate.gate import Gate
from pytest_modeleval.history.named import asked_in
from pytest_modeleval.items.collect import SampleRef, further_parameters, selected
from pytest_modeleval.items.prompts import Unfilled
from pytest_modeleval.items.shipped import shipped_benchmarks, shipped_names
from pytest_modeleval.judging.settings import ALWAYS, RULE
from pytest_modeleval.judging.votes import read_votes
from pytest_modeleval.limits import free_handles
from pytest_modeleval.models.replay import ReplayModel
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.options import FLAGS as OPTIONS
from pytest_modeleval.options.options import MARK, Options, unknown
from pytest_modeleval.options.sources import typed
from pytest_modeleval.perf.options.asked import PERF
from pytest_modeleval.perf.options.options import FLAGS
from pytest_modeleval.requests import Request
from pytest_modeleval.results.fingerprint import pins_of
from pytest_modeleval.statistics.scale import PLAIN
from pytest_modeleval.store.messages import sample_rows

T = TypeVar("T")


def refuse_few_handles(models: Sequence[ModelSpec], concurrency: int | None) -> None:
    """`pytest.UsageError` where so many requests cannot be in flight to a server, as each has an open connection."""
    if not any(spec.way.is_served for spec in models):
        return
    if (free := free_handles()) < (concurrency or 1):
        wanted = f"{concurrency} requests in flight" if concurrency else "requests"
        less = f", or give --eval-concurrency {free}" if free and concurrency else ""
        raise pytest.UsageError(
            f"there are too few file handles for {wanted}: {free} are free for connections; raise `ulimit -n`{less}"
        )


def refuse_without_role(items: Iterable[pytest.Item], roles: Mapping[str, Sequence[ModelSpec]], strategy: str) -> None:
    """`pytest.UsageError` for a benchmark that takes a model in a role which none has, or that nobody may ask."""
    seen: set[object] = set()
    for item in items:
        ref = selected(item)
        if ref is None or ref.source.benchmark.name in seen:
            continue
        seen.add(ref.source.benchmark.name)
        for name in taken_roles(item):
            if name == "judge" and ref.source.benchmark.judging.optional and strategy != ALWAYS:
                continue
            try:
                as_taken(name, roles.get(ROLE_OF[name], ()))
                if name == "judge" and strategy == RULE:
                    raise pytest.UsageError(
                        'strategy = "rule" of [judge] asks no judge, and this benchmark has no rule: leave it out'
                    )
            except pytest.UsageError as error:
                raise pytest.UsageError(f"{ref.source.benchmark.name}: {error}") from None


def refuse_unfilled(items: Iterable[pytest.Item]) -> None:
    """`pytest.UsageError` where no row of a benchmark has what it, or its prompt, needs; the first mostly does."""
    # With whether the prompt is the shipped one, which no user has misspelt.
    unfilled: dict[str, tuple[Unfilled | MissingField, bool]] = {}
    seen: set[str] = set()
    with ThreadPoolExecutor(1) as aside:
        for ref in filter(None, map(selected, items)):
            name = ref.source.benchmark.name
            if name in seen:
                continue
            made = _made(aside, ref.source.sample, ref.subset, ref.row)
            if isinstance(made, Unfilled | MissingField):
                unfilled.setdefault(name, (made, ref.source.settings.prompt is None and name in shipped_names()))
            else:
                seen.add(name)
    for name in unfilled.keys() - seen:
        wrong, own = unfilled[name]
        if wrong.field is not None and (own or isinstance(wrong, MissingField)):
            needs = "which it needs" if isinstance(wrong, MissingField) else "which its prompt asks for"
            raise pytest.UsageError(
                f"{name}: no row has {wrong.field!r}, {needs}, but {', '.join(sorted(wrong.fields)) or 'nothing'}"
                f": are its data another copy? -k 'not {name}' leaves it out"
            )
        if wrong.field is not None:
            raise unknown(f"field in the prompt of {name}:", wrong.field, wrong.fields)
        raise pytest.UsageError(f"{name}: {wrong}")


def refuse_foreign_answers(items: Sequence[pytest.Item], models: Iterable[ModelSpec], folder: Path) -> None:
    """`pytest.UsageError` for recorded answers none of which answers a sample, where the prompts are all that is asked.

    The first sample's mostly is there, and no other is looked for then. Of a stored run in ``folder`` it is enough that
    it asked one of these benchmarks.
    """
    for spec in models:
        own = [(item, ref) for item in items if (ref := selected(item)) and spec in ref.models]
        if not (spec.way.is_recorded and own):
            continue
        if spec.way.is_run:
            # "styles (strict)" is the benchmark styles.
            there = {benchmark.partition(" (")[0] for _, benchmark, _ in asked_in([spec], folder)}
            here = {ref.source.benchmark.name for _, ref in own}
            if there.isdisjoint(here):
                raise pytest.UsageError(
                    f"--model {spec.name}: it asked {', '.join(sorted(there)) or 'nothing'}, and has no answer to "
                    f"{', '.join(sorted(here))}"
                )
            continue
        asks_more = any(ref.source.benchmark.is_async or "model" in own_names(item) for item, ref in own)
        model = ReplayModel(spec)
        with ThreadPoolExecutor(1) as aside:
            answers_one = asks_more or any(_answers(model, _made(aside, _request_of, ref)) for _, ref in own)
        if not answers_one:
            raise pytest.UsageError(
                f"none of the answers in {spec.model} ({len(model.rows):,}) is to a sample of this run: "
                f"the first is to {model.rows[0].about!r}, not to such as {str(own[0][1].item)!r} or its prompt"
            )


def refuse_foreign_votes(items: Sequence[pytest.Item], judges: Iterable[ModelSpec]) -> None:
    """`pytest.UsageError` for people's votes none of which is on a sample of the run's battles."""
    refs = [ref for item in items if (ref := selected(item)) and ref.against]
    for judge in judges:
        if not (judge.way.is_votes and refs):
            continue
        votes = read_votes(Path(judge.model))
        with ThreadPoolExecutor(1) as aside:
            if not any(_made(aside, _hash_of, ref) in votes.samples for ref in refs):
                raise pytest.UsageError(
                    f"{judge.name}: none of its {len(votes.ballots):,} votes is on a sample of this run: they are on "
                    "what another run, or another part of it, asked"
                )


def _hash_of(ref: SampleRef) -> str:
    sample = ref.source.sample(ref.subset, ref.row)
    return sample_rows(sample.messages, sample.target, "")[0].hash


def _made(aside: Executor, make: Callable[..., T], *arguments: Any) -> T | BaseException:
    """What a benchmark's own code makes of a row, or what it raised, which is the sample's own error in its turn.

    It is made aside, where no Ctrl-C comes: that code may raise KeyboardInterrupt too.
    """
    making = aside.submit(make, *arguments)
    return making.exception() or making.result()


def _request_of(ref: SampleRef) -> Request:
    return first_request(ref.source.sample(ref.subset, ref.row), ref)


def _answers(model: ReplayModel, request: Request | BaseException) -> bool:
    if isinstance(request, BaseException):
        return False
    return model.find(request.sample_id, request.messages, request.repeat) is not None


def refuse_idle_flags(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """`pytest.UsageError` for a flag of load tests in a run without one, which would ask benchmarks instead."""
    flags = [given.where for given in typed(config, FLAGS).values()]
    if flags and not any(item.get_closest_marker(PERF) for item in items):
        raise pytest.UsageError(
            f"{flags[0]} is about a load test, and this run has none: give --perf-parallel N, --perf-rate R, "
            f"--perf-trace FILE or --perf-find WHAT, or the path of a test marked {PERF}"
        )


def refuse_incomparable(
    config: pytest.Config, gate: Gate, items: Sequence[pytest.Item], lock: Path, roles: Mapping[str, str]
) -> None:
    """`pytest.UsageError` for what the gate would refuse at the end."""
    if gate.decides:
        _refuse_reruns(config, items)
        _refuse_twice(items)
    if not gate.is_active:
        return
    names: dict[str, set[str]] = {}
    parts: dict[str, set[str]] = {}
    for item in items:
        if (ref := selected(item)) is None:
            continue
        benchmark = ref.source.benchmark.name
        if benchmark not in names:
            if item.path.parent == shipped_benchmarks() or item.path.suffix != ".py":
                # Whose scores are shares; those of a user's own may be anything.
                gate.refuse_least(benchmark, PLAIN)
            taken = taken_of(item, roles)
            gate.refuse_pins(benchmark, pins_of(ref.source, ref.model, lock, taken, further_parameters(item, ref)))
        names.setdefault(benchmark, set()).add(str(ref.name))
        group = ref.source.benchmark.dataset.subsets.get(ref.subset, "")
        parts.setdefault(benchmark, set()).update({ref.subset, group} - {""})
    gate.refuse_selection(names, parts)


def refuse_for_baseline(config: pytest.Config, options: Options) -> None:
    """`pytest.UsageError` for what no baseline can be read or saved for: several models, and a stop at a failure.

    And for what is typed about a baseline where there is none: `aa` would ask twice for nothing.
    """
    told = typed(config, OPTIONS)
    for name, needed, there in (
        ("aa", "save-baseline", options.save_baseline),
        ("waive", "baseline", options.baseline),
        ("margin", "baseline", options.baseline or options.save_baseline or options.min_score or options.plan),
    ):
        if name in told and getattr(options, name) and not there:
            raise pytest.UsageError(f"{told[name].where} is about --eval-{needed} FILE, which is missing")
    if (options.baseline or options.save_baseline) and len(options.model) > 1 and not options.arena:
        names = ", ".join(options.model)
        raise pytest.UsageError(f"a baseline is for one model, not for {len(options.model)}: {names}")
    if options.save_baseline and (most := config.getoption("maxfail")):
        flag = "-x" if most == 1 else f"--maxfail {most}"
        raise pytest.UsageError(
            f"{flag} ends the run at wrong answers, and --eval-save-baseline needs all of its samples: leave {flag} out"
        )


def _refuse_twice(items: Iterable[pytest.Item]) -> None:
    """`pytest.UsageError` for a sample that is judged several times, of which a gate would see the last verdict."""
    seen: set[tuple[str, str, str, int]] = set()
    further: dict[tuple[str, str], str] = {}
    for item in items:
        if (ref := selected(item)) is None:
            continue
        benchmark = ref.source.benchmark
        key = ref.model.name, benchmark.name, str(ref.name), ref.repeat
        parameters = further_parameters(item, ref)
        if key in seen or further.setdefault(key[:2], parameters) != parameters:
            raise pytest.UsageError(
                f"{benchmark.where}: sample {ref.name} is selected more than once, or with another parameter than "
                "others (a parametrized test?), and a gate "
                "judges one verdict a sample: write a benchmark for each; --eval-repeats K asks K times"
            )
        seen.add(key)


def _refuse_reruns(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """`pytest.UsageError` for what asks until an answer is right: under a gate that is a thumb on the scale."""
    for option, plugin in (("reruns", "pytest-rerunfailures"), ("count", "pytest-repeat"), ("force_flaky", "flaky")):
        value = getattr(config.option, option, None)
        if value and value != 1:
            raise pytest.UsageError(
                f"{plugin} asks again until an answer is right, which no gate can weigh: leave "
                f"--{option.replace('_', '-')} out; --eval-repeats K asks K times and counts every answer"
            )
    if any(item.get_closest_marker("flaky") and item.get_closest_marker(MARK) for item in items):
        raise pytest.UsageError("a benchmark marked flaky is asked until it is right, which no gate can weigh")
